using System.Globalization;
using CsCheck;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Text;

namespace Sophia.Tests.Gpu;

public sealed class NameTests : IDisposable
{
    private readonly HostShard _shard = ShardRecords.Shard(0);

    public void Dispose() => _shard.Dispose();

    [Theory]
    [InlineData("Ask ada@example.org.", "ada@example.org example.org")]
    [InlineData("see https://docs.my-site.example.com/start", "docs.my-site.example.com")]
    [InlineData("C++ and C#, not C", "c++ c#")]
    [InlineData("since C++17", "c++17")]
    [InlineData("closes #123 and #tag", "#123 #tag")]
    [InlineData("runs on .NET", ".net")]
    [InlineData("README.md", "readme.md")]
    [InlineData("Mrs O'Brien's o’clock", "brien clock")]
    [InlineData("A sentence. Another one... and so on. e.g. this, 3.14 + 2 # not", "")]
    [InlineData("don't I'll &#123; a@b x..y", "")]
    [InlineData("“C++” • C# – .NET → #123", "c++ c# .net #123")]
    [InlineData("„O’Brien“ – “.NET” «ada@example.org»", "brien .net ada@example.org example.org")]
    public void Names_are_words_beside_their_parts(string text, string names) => Assert.Equal(names, string.Join(' ', Names(text)));

    [Fact]
    public void A_name_is_the_same_whether_its_accents_are_characters_of_their_own_or_not()
    {
        var composed = Terms("résumé.pdf zoë@skål.café O’Féroë l’été");
        var apart = Terms("re\u0301sume\u0301.pdf zoe\u0308@ska\u030al.cafe\u0301 O’Fe\u0301roe\u0308 l’e\u0301te\u0301");

        Assert.Equal(["résumé.pdf", "zoë@skål.café", "skål.café", "féroë", "été"], composed);
        Assert.Equal(composed, apart);

        static IEnumerable<string> Terms(string text)
        {
            var words = new List<Word>();
            TextAnalyzer.English.Analyze(text, words);
            return words.Where(word => word.IsName).Select(word => word.Term);
        }
    }

    [Fact]
    public void Names_do_not_depend_on_where_in_a_text_they_stand() => Gen.Int[0, 140].Sample(before =>
    {
        var text = new string('x', before % 3) + new string(' ', before) + "mail ada@example.org about C++ #123 .net";

        Assert.Equal(["ada@example.org", "example.org", "c++", "#123", ".net"], Names(text));
    });

    [Fact]
    public void A_text_has_the_same_vector_whether_its_names_are_seen_or_not()
    {
        var seen = new float[HashedEmbedder.Dimensions];
        var apart = new float[HashedEmbedder.Dimensions];
        HashedEmbedder.Embed("mail ada@example.org about C++ and #123", seen);
        HashedEmbedder.Embed("mail ada example org about C and 123", apart);

        Assert.Equal(apart, seen);
    }

    [Theory]
    [InlineData("C++", "a C++ compiler", "a C compiler for C and c")]
    [InlineData("#123", "fixed in #123 today", "123 of 123 things, 123")]
    [InlineData("v1.2", "release v1.2 is out", "v1 has 2 parts, v1 and 2")]
    [InlineData("ada@example.org", "write to ada@example.org soon", "ada likes example org, ada example org")]
    [InlineData("docs.example.com", "on docs.example.com now", "com example docs, docs com example")]
    [InlineData("GH200", "a GH200 node", "a GH 200 node")]
    [InlineData("café.pdf", "in cafe\u0301.pdf now", "the café and a pdf, pdf café")]
    [InlineData("O'Brien", "met O’Brien there", "met Brien there, Brien")]
    [InlineData(".NET", "made with .NET here", "a net for fish, a net")]
    public void The_exact_form_is_found_before_its_parts(string query, string exact, string parts)
    {
        _shard.Put(ShardRecords.Record("a", 1, parts));
        _shard.Put(ShardRecords.Record("b", 2, exact));
        for (var i = 0; i < 20; i++)
        {
            _shard.Put(ShardRecords.Record("other" + i.ToString(CultureInfo.InvariantCulture), 3 + i, "nothing of the kind is written here"));
        }

        var hits = _shard.Find(query).Hits;

        Assert.Equal("b", hits[0].Key);
        Assert.Contains(query.ToLowerInvariant().Replace("'", "", StringComparison.Ordinal), hits[0].MatchedTerms);
    }

    [Theory]
    [InlineData("en", "Reilly")]
    [InlineData("en", "O'Reilly")]
    [InlineData("en", "\"O’Reilly\"")]
    [InlineData("de", "Reilly")]
    [InlineData("none", "reilly")]
    public void The_second_half_of_a_name_is_found_as_the_word_that_it_is(string language, string query)
    {
        using var shard = ShardRecords.Shard(0, language);
        shard.Put(ShardRecords.Record("book", 1, "a book of O'Reilly on birds"));
        shard.Put(ShardRecords.Record("other", 2, "a book on birds"));

        Assert.Equal(["book"], shard.Find(query).Keys());
    }

    [Fact]
    public void The_word_behind_a_leading_dot_is_meant_more_than_the_parts_of_other_names()
    {
        _shard.Put(ShardRecords.Record("a", 1, "the 2 of them"));
        _shard.Put(ShardRecords.Record("b", 2, "the zip program that packs all of your files"));
        _shard.Put(ShardRecords.Record("c", 3, "v1.2 of .zip"));

        Assert.Equal(["c", "b", "a"], _shard.Find("v1.2 .zip").Keys());
    }

    private static IEnumerable<string> Names(string text)
    {
        var words = new List<Word>();
        TextAnalyzer.English.Analyze(text, words);
        return words.Where(word => word.IsName).Select(word => word.Raw);
    }
}
