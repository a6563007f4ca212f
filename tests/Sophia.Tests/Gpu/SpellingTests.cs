using System.Globalization;
using CsCheck;
using Sophia.Gpu.Lexical;
using Sophia.Gpu.Shards;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

public sealed class SpellingTests : IDisposable
{
    private readonly HostShard _shard = ShardRecords.Shard(0);

    public SpellingTests()
    {
        _shard.Put(ShardRecords.Record("a", 1, "The database of communication satellites, version GH200"));
        _shard.Put(ShardRecords.Record("b", 2, "An umbrella for the governor"));
        for (var i = 0; i < 120; i++)
        {
            _shard.Put(ShardRecords.Record("c" + i.ToString(CultureInfo.InvariantCulture), 3 + i, "received letters"));
        }

        _shard.Put(ShardRecords.Record("d", 200, "recieved parcels"));
    }

    public void Dispose() => _shard.Dispose();

    [Theory]
    [InlineData("databse", "database", "a")]
    [InlineData("communicatoin", "communication", "a")]
    [InlineData("satelites", "satellites", "a")]
    [InlineData("umbrela", "umbrella", "b")]
    [InlineData("govrenor", "governor", "b")]
    [InlineData("Saetllties", "satellit", "a")]
    public void A_misspelt_word_finds_what_was_meant_and_the_answer_says_so(string query, string to, string key)
    {
        var answer = Find(query);

        Assert.Equal(key, answer.Hits[0].Key);
        Assert.Equal(query.ToLowerInvariant(), answer.Corrections[0].From);
        Assert.Equal(to, answer.Corrections[0].To[0]);
    }

    [Theory]
    [InlineData("en", "Herr Müller", "Mueller")]
    [InlineData("en", "Herr Mueller", "Müller")]
    [InlineData("de", "Herr Müller", "Mueller")]
    [InlineData("de", "Herr Mueller", "Müller")]
    [InlineData("en", "the Straße", "Strasse")]
    public void A_name_is_found_with_and_without_its_umlaut(string language, string text, string query)
    {
        using var shard = ShardRecords.Shard(0, language);
        shard.Put(ShardRecords.Record("k", 1, text));

        Assert.Equal(["k"], shard.Search(new ShardQuery { Text = query, Mode = SearchMode.Lexical, Typos = true, Now = ShardRecords.Now }, default).Keys());
    }

    [Theory]
    [InlineData("GH201")]
    [InlineData("gov")]
    [InlineData("\"databse\"")]
    [InlineData("database.x1")]
    [InlineData("xylophone")]
    public void Numbers_identifiers_short_words_phrases_and_what_is_like_nothing_are_taken_as_they_are(string query) =>
        Assert.DoesNotContain(query.Trim('"'), Find(query).Corrections.Select(correction => correction.From), StringComparer.OrdinalIgnoreCase);

    [Fact]
    public void Words_that_are_there_are_not_corrected_and_nothing_is_without_being_asked_to()
    {
        Assert.Empty(Find("database umbrella").Corrections);
        var asWritten = _shard.Find("databse");

        Assert.Empty(asWritten.Corrections);
        Assert.Empty(asWritten.Hits);
    }

    [Fact]
    public void Beside_a_rare_word_the_far_commoner_one_is_found_behind_it()
    {
        var answer = Find("recieved");

        Assert.Equal("d", answer.Hits[0].Key);
        Assert.Equal(10, answer.Hits.Count);
        Assert.Equal(["received"], answer.Corrections[0].To);
    }

    [Fact]
    public void New_words_are_known_and_forgotten_ones_are_not()
    {
        Assert.Empty(Find("zeppellin").Hits);
        _shard.Put(ShardRecords.Record("z", 300, "a zeppelin"));
        Assert.Equal(["z"], Find("zeppellin").Keys());
        _shard.Remove(ShardRecords.IdOf("z"), Sophia.Memory.Log.Sequence.Of(0, 301));
        Assert.Empty(Find("zeppellin").Corrections);
        _shard.Put(ShardRecords.Record("y", 302, "a kangaroo"));
        Assert.Equal(["y"], Find("kangarroo").Keys());
    }

    [Fact]
    public void The_distance_is_that_of_the_definition() => Gen.Select(
        Gen.String[ShardRecords.AnyOf("abc".ToCharArray()), 0, 7], Gen.String[ShardRecords.AnyOf("abc".ToCharArray()), 0, 7], Gen.Int[0, 4]).Sample(
        (a, b, most) => Assert.Equal(Math.Min(Distance(a, b), most + 1), EditDistance.Of(a, b, most)));

    // Straight from the recurrence.
    private static int Distance(string a, string b)
    {
        if (a.Length == 0 || b.Length == 0)
        {
            return a.Length + b.Length;
        }

        var least = Math.Min(
            Math.Min(Distance(a[..^1], b), Distance(a, b[..^1])) + 1, Distance(a[..^1], b[..^1]) + (a[^1] == b[^1] ? 0 : 1));
        return a.Length > 1 && b.Length > 1 && a[^1] == b[^2] && a[^2] == b[^1] ? Math.Min(least, Distance(a[..^2], b[..^2]) + 1) : least;
    }

    private ShardAnswer Find(string text) =>
        _shard.Search(new ShardQuery { Text = text, Mode = SearchMode.Lexical, Typos = true, Now = ShardRecords.Now }, default);
}
