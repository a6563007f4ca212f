using CsCheck;
using Sophia.Gpu.Lexical;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Text;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

/// <summary>A turn knows who said it, and a query that names somebody asks for what that one said.</summary>
public sealed class SpeakerTests
{
    [Fact]
    public void What_somebody_said_whom_the_query_names_comes_before_what_others_said_to_them()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(Turn("1", 1, "Ben: Kate, tell me of the lantern."));
        shard.Put(Turn("2", 2, "Kate: The lantern is of copper, Ben."));

        Assert.Equal("2", shard.Find("What did Kate say of the lantern?").Keys()[0]);
        Assert.Equal("1", shard.Find("What did Ben say of the lantern?").Keys()[0]);
    }

    [Fact]
    public void The_part_is_a_tenth_of_the_best_own_score_and_only_the_named_one_has_it()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(Turn("1", 1, "Ben: Where is the lantern?"));
        shard.Put(Turn("2", 2, "Kate: The lantern is in the harbour."));
        shard.Put(Turn("3", 3, "The lantern is in the meadow."));

        var hits = shard.Find("Kate's lantern").Hits;

        var part = Assert.Single(hits.SelectMany(hit => hit.Parts.Select(part => (hit.Key, Part: part))), one => one.Part.Name == "speaker");
        Assert.Equal(("2", 1.0, 0), (part.Key, part.Part.Score, part.Part.Rank));
        // Of the best own score, of which words have 0.37 in a turn.
        Assert.Equal(0.1 * hits.Max(hit => hit.Parts[0].Contribution) / 0.37, part.Part.Contribution, 9);
        Assert.Equal(hits[0].Score, hits[0].Parts.Sum(one => one.Contribution), 9);
    }

    [Theory]
    [InlineData("Kate: hello", "", "Kate")]
    [InlineData("Kate van der Berg: hello", "", "Kate van der Berg")]
    [InlineData("Dr. O'Brien-Li: hello", "", "Dr. O'Brien-Li")]
    [InlineData("Élodie: bonjour", "", "Élodie")]
    [InlineData("田中: こんにちは", "", "田中")]
    [InlineData("Agent 7: done", "", "Agent 7")]
    [InlineData("kate_92: hello", "", "kate_92")]
    [InlineData("E\u0301lodie: bonjour", "", "E\u0301lodie")]
    [InlineData("प्रिया: नमस्ते", "", "प्रिया")]
    [InlineData("hello", ",\"speaker\":\"kate\"", "kate")]
    [InlineData("Note: hello", ",\"speaker\":\"Her Excellency Ambassador Katherine van der Berg\"", null)]
    [InlineData("Ben: hello", ",\"speaker\":\"Kate\"", "Kate")]
    [InlineData("Ben: hello", ",\"speaker\":7", "Ben")]
    [InlineData("but see: the lantern", "", null)]
    [InlineData("At 10:30 we met: all of us", "", null)]
    [InlineData("I said it twice, Kate: no", "", null)]
    [InlineData("We all went to the harbour: it rained", "", null)]
    [InlineData("http://example.com: down", "", null)]
    [InlineData(": nobody", "", null)]
    [InlineData("Kate:hello", "", null)]
    [InlineData("AaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA: hello", "", null)]
    [InlineData("", "", null)]
    public void A_speaker_is_what_the_attribute_says_or_a_name_before_the_text(string text, string attribute, string? name)
    {
        var record = Turn("1", 1, text, attribute);

        Assert.Equal(name, NameOf(record));
    }

    [Fact]
    public void Documents_and_records_that_stand_alone_have_no_speaker()
    {
        var section = ShardRecords.Record("1", 1, "Note: read this", attributes: """{"document":"d","position":1,"speaker":"Kate"}""");
        var alone = ShardRecords.Record("2", 2, "Note: read this", attributes: """{"speaker":"Kate"}""");

        Assert.All([section, alone], record => Assert.Null(NameOf(record)));
    }

    [Fact]
    public void Without_neighbours_and_by_vector_alone_it_does_not_matter_who_said_it()
    {
        using var shard = ShardRecords.Shard(2);
        shard.Put(Turn("1", 1, "Kate: The lantern.") with { Vector = [1, 0] });

        foreach (var query in new[] { Query("Kate's lantern") with { Neighbours = false }, Query("Kate's lantern") with { Mode = SearchMode.Vector, Vector = [1, 0] } })
        {
            Assert.DoesNotContain(Assert.Single(shard.Search(query, default).Hits).Parts, part => part.Name == "speaker");
        }
    }

    [Fact]
    public void Through_any_changes_those_named_are_those_whose_turns_are_there_and_nothing_is_kept_of_others()
    {
        string[] names = ["Ann", "Ann Lee", "Bob", "Lee"];
        Gen.Select(Gen.Int[0, 5], Gen.Int[-1, names.Length - 1]).Array[1, 60].Sample(changes =>
        {
            var speakers = new Speakers(TextAnalyzer.English);
            var model = new Dictionary<int, string>();
            foreach (var (row, name) in changes)
            {
                speakers.Set(row, name < 0 ? null : names[name]);
                model.Remove(row);
                if (name >= 0)
                {
                    model[row] = names[name];
                }

                foreach (var asked in new[] { "ann", "lee", "bob lee", "nobody" })
                {
                    var query = new LexicalQuery(TextAnalyzer.English, asked);
                    for (var at = 0; at < 8; at++)
                    {
                        var isNamed = model.GetValueOrDefault(at)?.Split(' ').Intersect(asked.Split(' '), StringComparer.OrdinalIgnoreCase).Any() ?? false;
                        Assert.Equal(isNamed, speakers.IsNamed(at, query));
                    }
                }
            }

            foreach (var row in model.Keys)
            {
                speakers.Remove(row);
            }

            Assert.InRange(speakers.SizeInMemory, 0, 200);
        });
    }

    [Fact]
    public void Names_take_memory_and_are_counted()
    {
        var speakers = new Speakers(TextAnalyzer.English);
        for (var i = 0; i < 10_000; i++)
        {
            speakers.Set(i, $"caaad eaaaf{i} gaaah iaaaj kaaal");
        }

        // A text of 35 letters, five terms, two objects and a place in a table.
        Assert.InRange(speakers.SizeInMemory / 10_000, 400, 800);
    }

    private static ShardQuery Query(string text) => new() { Text = text, Mode = SearchMode.Lexical, Now = ShardRecords.Now };

    private static string? NameOf(MemoryRecord record)
    {
        var attributes = AttributeReader.Read(record.Attributes.Span);
        return Speakers.NameOf(record, attributes, ConversationPlace.Of(attributes));
    }

    private static MemoryRecord Turn(string key, long number, string text, string attribute = "") =>
        ShardRecords.Record(key, number, text, attributes: $$"""{"conversation":"c","position":{{number}}{{attribute}}}""");
}
