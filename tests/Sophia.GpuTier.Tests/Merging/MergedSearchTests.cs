using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using Sophia.Gpu.Grains.Hosting;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Shards.Merging;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Tests.Gpu;

namespace Sophia.GpuTier.Tests.Merging;

/// <summary>However a namespace's records are dealt out to shards, a search finds what it finds in one shard.</summary>
public sealed class MergedSearchTests
{
    private const int Dimensions = 6;
    private static readonly string[] Words =
        ["harbour", "lantern", "copper", "meadow", "violin", "invoice", "server", "kitten", "the", "database", "databases", "running", "v1.2", "4711", "I", "was"];

    private static readonly Gen<Note> AnyNote =
        from words in Gen.Int[0, Words.Length - 1].Array[0, 9]
        from place in Gen.Int[0, 9]
        from talk in Gen.Int[0, 2]
        from position in Gen.Int[0, 40]
        from importance in Gen.Int[0, 12]
        from tag in Gen.Int[0, 2]
        from day in Gen.Int[-400, 5]
        from vector in Gen.Int[-3, 3].Array[Dimensions]
        from shard in Gen.Int[0, 3]
        select new Note(string.Join(' ', words.Select(w => Words[w])), place, talk, position, importance, tag, day, vector, shard);

    private static readonly Gen<ShardQuery> AnyQuery =
        from words in ShardRecords.AnyOf(
            "lantern harbour", "what did Ann say of copper", "one two three four five six seven eight nine ten eleven twelve thirteen fourteen meadow violin lantern harbour copper", "copper", "\"the copper\" meadow", "\"the copper\"", "+\"copper\" \"lantern harbour\" running", "databse of invoces", "kiten v1.2", "violin yesterday", "yesterday", "what happened yesterday, zzzz", "server 4711 running", "the", "zzzz lantern", "how many copper violins", "who asked for the lantern")
        from mode in Gen.Enum<SearchMode>()
        from k in Gen.Int[1, 30]
        from vector in Gen.Int[-3, 3].Array[Dimensions]
        from options in Gen.Int[0, 255]
        select new ShardQuery
        {
            Text = words, Mode = mode, K = k, Now = ShardRecords.Now, Vector = vector.All(v => v == 0) ? [1, 0, 0, 0, 0, 0] : Array.ConvertAll(vector, v => (float)v),
            Filter = (options & 3) == 0 ? new RecordFilter { NoTags = ["t1"], Attributes = [new AttributeCondition("importance", Comparison.Exists, [])] } : null,
            Typos = (options & 4) != 0, Fold = (options & 8) != 0, Neighbours = (options & 16) != 0, Context = (options & 32) != 0 ? 3 : 0,
            Recency = (options & 64) != 0 ? new Recency(0.4, TimeSpan.FromDays(90)) : null, Importance = (options & 128) != 0 ? 0.5 : 0,
            Dates = words.Contains("yesterday", StringComparison.Ordinal) ? [new DateMention("yesterday", ShardRecords.Now.AddDays(-60), ShardRecords.Now.AddDays(-1))] : [],
        };

    [Fact]
    public void Several_shards_find_what_one_shard_finds_with_the_same_scores_in_the_same_order() =>
        Gen.Select(AnyNote.Array[0, 160], AnyQuery).Sample((notes, query) => Compare(notes, query), iter: 1500);

    [Fact]
    public void A_namespace_in_which_the_best_of_one_shard_are_more_than_are_asked_for_is_merged_whole() =>
        Gen.Select(AnyNote.Array[400, 700], AnyQuery).Sample((notes, query) => Compare(notes, query, padded: true), iter: 50);

    [Fact]
    public void By_vector_a_namespace_is_merged_whole_of_which_one_shard_alone_has_conversations() =>
        Gen.Select(AnyNote.Array[0, 300], AnyQuery).Sample(
            (notes, query) => Compare([.. notes.Select(static note => note.Shard == 1 ? note : note with { Place = 9 })], query with { Mode = SearchMode.Vector }), iter: 200);

    [Fact]
    public async Task A_turn_is_found_through_the_question_before_it_though_that_is_in_another_shard()
    {
        using var first = ShardRecords.Shard(0);
        using var second = ShardRecords.Shard(0);
        first.Put(ShardRecords.Record("s/1", 1, "Where did you put the lantern?", attributes: """{"conversation":"c","position":1}"""));
        second.Put(ShardRecords.Record("s/2", 2, "In the cupboard under the stairs.", attributes: """{"conversation":"c","position":2}"""));

        var answer = await MergeAsync([first, second], 0, new ShardQuery { Text = "lantern", Mode = SearchMode.Lexical, Now = ShardRecords.Now });

        Assert.Equal(["s/1", "s/2"], answer.Hits.Select(static hit => hit.Key));
    }

    [Fact]
    public async Task A_look_alike_that_moves_to_another_shard_between_two_questions_stays_in_the_answer()
    {
        using var first = ShardRecords.Shard(Dimensions);
        using var second = ShardRecords.Shard(Dimensions);
        first.Put(ShardRecords.Record("a", 1, "The lantern.", [1, 0, 0, 0, 0, 0]));
        second.Put(ShardRecords.Record("b", 2, "The lantern.", [1, 0, 0, 0, 0, 0]));
        var query = new ShardQuery { Text = "lantern", Mode = SearchMode.Lexical, Fold = true, Now = ShardRecords.Now };

        var answer = await new MergedSearch(ShardRecords.Namespace(Dimensions).Settings, query, (call, stop) =>
        {
            if (call.Kind == PartKind.Vectors)
            {
                first.Remove(ShardRecords.IdOf("a"), Sequence.Of(0, 3));
            }

            return Task.FromResult<IReadOnlyList<PartAnswer>>([first.Ask(call, stop), second.Ask(call, stop)]);
        }).RunAsync(default);

        Assert.Equal(["a", "b"], answer.Hits.Select(static hit => hit.Key));
    }

    [Fact]
    public async Task Thousands_of_look_alikes_are_told_in_answers_that_nodes_can_send()
    {
        const int Alike = 3_000;
        using var first = ShardRecords.Shard(Dimensions);
        using var second = ShardRecords.Shard(Dimensions);
        using var one = ShardRecords.Shard(Dimensions);
        for (var i = 0; i < Alike; i++)
        {
            var record = ShardRecords.Record($"k{i:D4}", i + 1, "heartbeat ok", [1, 0, 0, 0, 0, 0], $$"""{"conversation":"c{{i / 50}}","position":{{i}}}""");
            one.Put(record);
            (i % 2 == 0 ? first : second).Put(record);
        }

        var query = new ShardQuery { Text = "heartbeat ok", Vector = [1, 0, 0, 0, 0, 0], Mode = SearchMode.Hybrid, K = 10, Fold = true, Now = ShardRecords.Now };
        var most = 0;
        var search = new MergedSearch(ShardRecords.Namespace(Dimensions).Settings, query, (call, stop) =>
        {
            PartAnswer[] parts = [first.Ask(call, stop), second.Ask(call, stop)];
            if (call.Kind is PartKind.Vectors or PartKind.Surroundings)
            {
                most = Math.Max(most, parts.Max(static part => JsonSerializer.SerializeToUtf8Bytes(part, WireFormat.Options).Length));
            }

            return Task.FromResult<IReadOnlyList<PartAnswer>>(parts);
        })
        { VectorBytes = 8 << 10, PlacesAtOnce = 8 };

        var answer = await search.RunAsync(default);

        Assert.Equal(Shown(one.Search(query, default)), Shown(answer));
        Assert.Equal(Alike - 1, Assert.Single(answer.Hits).Folded.Count);
        Assert.InRange(most, 1, 32 << 10);
    }

    [Fact]
    public async Task No_more_candidates_are_asked_for_than_nodes_can_send_however_many_look_alike()
    {
        using var shard = ShardRecords.Shard(0);
        for (var i = 0; i < 2_000; i++)
        {
            shard.Put(ShardRecords.Record($"k{i:D4}", i + 1, "heartbeat ok"));
        }

        var wanted = new List<int>();
        var query = new ShardQuery { Text = "heartbeat ok", Mode = SearchMode.Lexical, K = 10, Fold = true, Now = ShardRecords.Now };
        var answer = await new MergedSearch(ShardRecords.Namespace(0).Settings, query, (call, stop) =>
        {
            if (call.Kind == PartKind.Candidates)
            {
                wanted.Add(call.Wanted * call.Widening);
            }

            return Task.FromResult<IReadOnlyList<PartAnswer>>([shard.Ask(call, stop)]);
        })
        { MostCandidates = 300 }.RunAsync(default);

        Assert.Equal([10, 40, 160, 300], wanted);
        Assert.Single(answer.Hits);
    }

    /// <param name="padded">
    /// Every text has another length, so that no two score the same by words: where the last candidates tie, rounding decides which
    /// of them are looked at, in one shard too.
    /// </param>
    private static void Compare(Note[] notes, ShardQuery query, bool padded = false)
    {
        using var one = ShardRecords.Shard(Dimensions);
        HostShard[] several = [.. Enumerable.Range(0, 4).Select(static _ => ShardRecords.Shard(Dimensions))];
        for (var i = 0; i < notes.Length; i++)
        {
            var record = (padded ? notes[i] with { Text = notes[i].Text + string.Concat(Enumerable.Repeat(" filler", i)) } : notes[i]).ToRecord(i);
            one.Put(record);
            several[notes[i].Shard].Put(record);
        }

        var expected = one.Search(query, default);
        var merged = MergeAsync(several, Dimensions, query).GetAwaiter().GetResult();

        Assert.Equal(Shown(expected), Shown(merged));
        foreach (var shard in several)
        {
            shard.Dispose();
        }
    }

    private static Task<ShardAnswer> MergeAsync(HostShard[] shards, int dimensions, ShardQuery query) => new MergedSearch(
        ShardRecords.Namespace(dimensions).Settings, query,
        (call, stop) => Task.FromResult<IReadOnlyList<PartAnswer>>([.. shards.Select(shard => shard.Ask(call, stop))])).RunAsync(default);

    internal static string Shown(ShardAnswer answer)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{answer.RowsScanned} scanned, {answer.RowsMatching} matching");
        foreach (var hit in answer.Hits)
        {
            text.Append(CultureInfo.InvariantCulture, $"{hit.Key} {hit.Sequence} {Math.Round(hit.Score, 10)} [{string.Join(' ', hit.MatchedTerms)}]");
            foreach (var part in hit.Parts)
            {
                text.Append(CultureInfo.InvariantCulture, $" {part.Name} {Math.Round(part.Score, 10)} {part.Rank} {Math.Round(part.Contribution, 10)}");
            }

            text.Append(CultureInfo.InvariantCulture, $" folded {string.Join(' ', hit.Folded.Select(f => $"{f.Key} {Math.Round(f.Similarity, 10)}"))}");
            text.AppendLine(CultureInfo.InvariantCulture, $" before {string.Join(' ', hit.Before.Select(n => n.Key))} after {string.Join(' ', hit.After.Select(n => n.Key))}");
        }

        text.AppendLine(string.Join(' ', answer.FilterNotes.OrderBy(static n => n.Attribute, StringComparer.Ordinal)));
        text.AppendLine(string.Join(' ', answer.Phrases));
        text.AppendLine(string.Join(' ', answer.Corrections.Select(static c => $"{c.From}→{string.Join(',', c.To)}")));
        return text.ToString();
    }

    private sealed record Note(string Text, int Place, int Group, int Position, int Importance, int Tag, int Day, int[] Vector, int Shard)
    {
        public MemoryRecord ToRecord(int number)
        {
            var attributes = new List<string>();
            if (Place < 6)
            {
                attributes.Add($"\"{(Place < 4 ? "conversation" : "document")}\":\"g{Group}\",\"position\":{Position}");
            }

            if (Importance <= 10)
            {
                attributes.Add(string.Create(CultureInfo.InvariantCulture, $"\"importance\":{Importance / 10.0}"));
            }

            var vector = Array.TrueForAll(Vector, static v => v == 0) ? null : Array.ConvertAll(Vector, static v => (float)v);
            var said = (Tag == 2 ? $"{(Group == 0 ? "Ann" : "Bob Ann")}: {Text}" : Text) + (Position % 4 == 0 ? "?" : "");
            var record = ShardRecords.Record($"k{number:0000}", number + 1, said, vector, $"{{{string.Join(',', attributes)}}}", Tag == 1 ? ["t1"] : []);
            return Day > 0 ? record : record with { ValidFrom = ShardRecords.Now.AddDays(Day) };
        }
    }
}
