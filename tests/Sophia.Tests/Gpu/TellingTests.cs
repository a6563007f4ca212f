using System.Text;
using CsCheck;
using Sophia.Gpu.Text;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Tests.Gpu;

/// <summary>Of turns with the same words those come first that tell something, and that have what is asked for.</summary>
public sealed class TellingTests
{
    [Fact]
    public void What_somebody_told_of_themselves_comes_before_the_question_with_the_same_words()
    {
        // Equal but for this: by their keys the first would come first.
        using var shard = Of("Is the lantern old?", "The lantern is old", "My lantern is old");

        Assert.Equal(["3", "2", "1"], shard.Find("lantern old").Keys());
    }

    [Fact]
    public void A_question_that_speaks_of_who_asks_it_tells_too()
    {
        using var shard = Of("Is the lantern old?", "Is my lantern old?");

        Assert.Equal(["2", "1"], shard.Find("lantern old").Keys());
    }

    [Fact]
    public void Who_looks_for_what_was_asked_finds_the_question()
    {
        using var shard = Of("Is the lantern old?", "My lantern is old");

        var hits = shard.Find("Who asked about the old lantern?").Hits;

        Assert.Equal("1", hits[0].Key);
        Assert.DoesNotContain(hits.SelectMany(static hit => hit.Parts), static part => part.Name == "statement");
    }

    [Theory]
    [InlineData("When did she buy the lantern?", "2")]
    [InlineData("And when did she buy the lantern?", "2")]
    [InlineData("In which month did she buy the lantern? What month?", "2")]
    [InlineData("Where did she buy the lantern?", "3")]
    [InlineData("How many lanterns did she buy?", "4")]
    [InlineData("Why did she buy the lantern when she had one?", "")]
    public void A_turn_that_names_what_is_asked_for_is_raised(string query, string key)
    {
        using var shard = Of("I bought the lantern because", "I bought the lantern on Monday", "I bought the lantern in Lisbon", "I bought the lantern or two");

        var hits = shard.Find(query).Hits;

        Assert.Equal(key, string.Join(' ', hits.Where(static hit => hit.Parts.Any(static part => part.Name == "answer")).Select(static hit => hit.Key)));
        Assert.True(key.Length == 0 || hits[0].Key == key);
    }

    [Fact]
    public void The_parts_add_up_to_the_score_and_say_how_much_a_turn_tells()
    {
        using var shard = Of("I bought the lantern on Monday", "Is the lantern old?");

        var hits = shard.Find("When was the lantern bought").Hits;

        Assert.All(hits, static hit => Assert.Equal(hit.Score, hit.Parts.Sum(static part => part.Contribution), 9));
        var best = hits.Max(static hit => hit.Parts[0].Contribution) / 0.37;
        Assert.Equal((1.0, 0.16 * best), Part(hits[0], "statement"), new Near());
        Assert.Equal((1.0, 0.15 * best), Part(hits[0], "answer"), new Near());
        Assert.DoesNotContain(hits[1].Parts, static part => part.Name is "statement" or "answer");
    }

    [Fact]
    public void Sections_and_what_stands_alone_have_neither_part()
    {
        using var shard = ShardRecords.Shard(0);
        shard.Put(ShardRecords.Record("1", 1, "I bought the lantern on Monday", attributes: """{"document":"d","position":1}"""));
        shard.Put(ShardRecords.Record("2", 2, "I bought the lantern on Monday"));
        shard.Put(Turn("3", 3, "A lantern"));

        var hits = shard.Find("When did I buy the lantern?").Hits.Where(static hit => hit.Key != "3").ToList();

        Assert.Equal(2, hits.Count);
        Assert.DoesNotContain(hits.SelectMany(static hit => hit.Parts), static part => part.Name is "statement" or "answer");
    }

    [Fact]
    public void A_turn_that_is_written_anew_tells_what_it_says_now()
    {
        using var shard = Of("I saw the lantern");
        Assert.Contains(shard.Find("lantern").Hits[0].Parts, static part => part.Name == "statement");

        shard.Put(Turn("1", 9, "Is it the lantern?"));

        Assert.DoesNotContain(shard.Find("lantern").Hits[0].Parts, static part => part.Name == "statement");

        shard.Put(ShardRecords.Record("1", 10, "I saw the lantern"));

        Assert.DoesNotContain(shard.Find("lantern").Hits[0].Parts, static part => part.Name == "statement");
    }

    [Fact]
    public void Vectors_alone_say_nothing_of_what_a_turn_does()
    {
        using var shard = ShardRecords.Shard(2);
        shard.Put(ShardRecords.Record("1", 1, "Is the lantern old?", [1, 0], """{"conversation":"c","position":1}"""));
        shard.Put(ShardRecords.Record("2", 2, "I saw it", [1, 0.1f], """{"conversation":"d","position":1}"""));

        var hits = shard.Near([1, 0]).Hits;

        Assert.Equal(["1", "2"], hits.Select(static hit => hit.Key));
        Assert.DoesNotContain(hits.SelectMany(static hit => hit.Parts), static part => part.Name is "statement" or "answer");
    }

    [Theory]
    [InlineData("en", "I'm here", TurnTraits.Tells | TurnTraits.OfSelf)]
    [InlineData("en", "I’ll bring one", TurnTraits.Tells | TurnTraits.OfSelf | TurnTraits.NamesNumber)]
    [InlineData("en", "We're late", TurnTraits.Tells | TurnTraits.OfSelf)]
    [InlineData("en", "They were late", TurnTraits.Tells | TurnTraits.OfPast)]
    [InlineData("en", "They didn't", TurnTraits.Tells | TurnTraits.OfPast)]
    [InlineData("en", "Are you there?", TurnTraits.Tells | TurnTraits.Asks)]
    [InlineData("en", "Are you there? 😊", TurnTraits.Tells | TurnTraits.Asks)]
    [InlineData("en", "Are you there?! ❤️", TurnTraits.Tells | TurnTraits.Asks)]
    [InlineData("en", "Are you there? Good.", TurnTraits.Tells)]
    [InlineData("en", "Guess what? Ben is here", TurnTraits.Tells)]
    [InlineData("en", "https://x.example/item?id=4", TurnTraits.Tells | TurnTraits.NamesNumber)]
    [InlineData("en", "She baked it in 2023", TurnTraits.Tells | TurnTraits.OfPast | TurnTraits.NamesNumber | TurnTraits.NamesTime)]
    [InlineData("en", "Indeed at full speed", TurnTraits.Tells)]
    [InlineData("en", "They need 40", TurnTraits.Tells | TurnTraits.NamesNumber)]
    [InlineData("en", "It may break", TurnTraits.Tells)]
    [InlineData("en", "It breaks in May", TurnTraits.Tells | TurnTraits.NamesTime)]
    [InlineData("en", "They live in the Old Mill", TurnTraits.Tells | TurnTraits.NamesPlace)]
    [InlineData("en", "They live in a house. Good", TurnTraits.Tells)]
    [InlineData("en", "Where are you from? I'm fine", TurnTraits.Tells | TurnTraits.OfSelf)]
    [InlineData("en", "They come in. Good", TurnTraits.Tells)]
    [InlineData("en", "In_house", TurnTraits.Tells)]
    [InlineData("de", "Ich war gestern in Lissabon", TurnTraits.Tells | TurnTraits.OfSelf | TurnTraits.OfPast | TurnTraits.NamesTime | TurnTraits.NamesPlace)]
    [InlineData("de", "Sie haben ein Haus gekauft", TurnTraits.Tells | TurnTraits.OfPast)]
    [InlineData("de", "Ein Haus gehört dazu", TurnTraits.Tells)]
    [InlineData("de", "Im Januar", TurnTraits.Tells | TurnTraits.NamesTime)]
    [InlineData("fr", "J'ai acheté deux lanternes à Lisbonne", TurnTraits.Tells | TurnTraits.OfSelf | TurnTraits.OfPast | TurnTraits.NamesNumber | TurnTraits.NamesPlace)]
    [InlineData("fr", "La santé de M. Dupont", TurnTraits.Tells)]
    [InlineData("fr", "E\u0301tait-ce elle", TurnTraits.Tells | TurnTraits.OfPast)]
    [InlineData("es", "Ayer compró mi linterna en Lisboa", TurnTraits.Tells | TurnTraits.OfSelf | TurnTraits.OfPast | TurnTraits.NamesTime | TurnTraits.NamesPlace)]
    [InlineData("es", "Todavía hay energía", TurnTraits.Tells)]
    [InlineData("es", "ieron", TurnTraits.Tells)]
    [InlineData("none", "I was there yesterday?", TurnTraits.Asks)]
    [InlineData("none", "それはどこですか？", TurnTraits.Asks)]
    [InlineData("en", "", TurnTraits.None)]
    [InlineData("en", "!!!", TurnTraits.None)]
    public void A_turn_shows_what_it_does_by_few_words_of_its_language(string language, string text, TurnTraits traits) =>
        Assert.Equal(traits, TurnReader.TraitsOf(Encoding.UTF8.GetBytes(text), TextAnalyzer.For(language)));

    [Fact]
    public void Any_text_is_read_in_any_language() =>
        Gen.Select(Gen.String[Gen.OneOf(Gen.Char["aeioung érotdyGE?!'’_.1 \u0301"], Gen.Char), 0, 30], ShardRecords.AnyOf("en", "de", "fr", "es", "none")).Sample(static (text, language) =>
        {
            var analyzer = TextAnalyzer.For(language);

            var words = new List<Word>();
            analyzer.Analyze(text, words);

            var traits = TurnReader.TraitsOf(Encoding.UTF8.GetBytes(text), analyzer);
            TurnReader.AskedFor(text, analyzer, out _);

            Assert.Equal(language != "none" && words.Count > 0, traits.HasFlag(TurnTraits.Tells));
        }, iter: 20_000);

    [Theory]
    [InlineData("en", "When was it?", TurnTraits.NamesTime)]
    [InlineData("en", "What time was it?", TurnTraits.NamesTime | TurnTraits.NamesNumber)]
    [InlineData("en", "How long ago was it?", TurnTraits.NamesTime | TurnTraits.NamesNumber)]
    [InlineData("en", "The place where it was", TurnTraits.None)]
    [InlineData("de", "Seit wann ist sie da?", TurnTraits.NamesTime)]
    [InlineData("de", "Wie viele sind es?", TurnTraits.NamesNumber)]
    [InlineData("fr", "Où habite-t-elle?", TurnTraits.NamesPlace)]
    [InlineData("fr", "Ou\u0300 habite-t-elle?", TurnTraits.NamesPlace)]
    [InlineData("fr", "En quelle année?", TurnTraits.NamesTime)]
    [InlineData("es", "¿Dónde vive?", TurnTraits.NamesPlace)]
    [InlineData("es", "¿Que dia?", TurnTraits.NamesTime)]
    [InlineData("es", "¿Cuántas hay?", TurnTraits.NamesNumber)]
    [InlineData("none", "When was it?", TurnTraits.None)]
    [InlineData("en", "", TurnTraits.None)]
    public void A_question_says_what_kind_of_answer_it_wants(string language, string query, TurnTraits asked) =>
        Assert.Equal(asked, TurnReader.AskedFor(query, TextAnalyzer.For(language), out _));

    [Fact]
    public void The_name_of_who_speaks_is_not_what_they_say()
    {
        using var shard = Of("May: the lantern", "Ben: the lantern");
        shard.Put(ShardRecords.Record("3", 3, "May: the lantern", attributes: """{"conversation":"c3","position":1,"speaker":"Ben"}"""));

        var hits = shard.Find("When was the lantern?").Hits;

        Assert.Equal(["3"], hits.Where(static hit => hit.Parts.Any(static part => part.Name == "answer")).Select(static hit => hit.Key));
        Assert.Equal(3, hits.Count);
    }

    private static Sophia.Gpu.Shards.HostShard Of(params string[] texts)
    {
        var shard = ShardRecords.Shard(0);
        for (var i = 0; i < texts.Length; i++)
        {
            shard.Put(Turn($"{i + 1}", i + 1, texts[i]));
        }

        return shard;
    }

    // Far apart, each in a conversation of its own: no window helps.
    private static MemoryRecord Turn(string key, long number, string text) =>
        ShardRecords.Record(key, number, text, attributes: $$"""{"conversation":"c{{key}}","position":1}""");

    private static (double Score, double Contribution) Part(ShardHit hit, string name) =>
        hit.Parts.Where(part => part.Name == name).Select(static part => (part.Score, part.Contribution)).Single();

    private sealed class Near : IEqualityComparer<(double A, double B)>
    {
        public bool Equals((double A, double B) x, (double A, double B) y) => Math.Abs(x.A - y.A) < 1e-9 && Math.Abs(x.B - y.B) < 1e-9;

        public int GetHashCode((double A, double B) obj) => 0;
    }
}
