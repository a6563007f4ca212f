using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Sophia.Gpu.Grains.Hosting;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;

namespace Sophia.GpuTier.Tests.Nodes;

public sealed class WireFormatTests
{
    [Fact]
    public void Rows_come_over_the_wire_as_they_were_told()
    {
        var rows =
            from key in Gen.String[Gen.Char['a', 'ü'], 1, 20]
            from id in Gen.ULong
            from numbers in Gen.Double.Array[4]
            from ticks in Gen.Long.Array[3]
            from flags in Gen.Int[0, 255]
            from traits in Gen.Byte
            from words in Gen.Int[-1, 100_000]
            from terms in Gen.Int[0, 1 << 20].Array[0, 8]
            from content in Gen.ULong
            select new RowFacts(key, new RecordId(new UInt128(id, content)), Sequence.Of(7, 12), ticks[0], ticks[1], ticks[2])
            {
                Passes = (flags & 1) != 0, IsCandidate = (flags & 2) != 0, HasVector = (flags & 4) != 0,
                Place = (flags & 8) != 0 ? new TextPlace(flags % 3, key + "x", numbers[0], key) : null,
                IsNamed = (flags & 128) != 0, Traits = (TurnTraits)traits,
                Importance = (flags & 16) != 0 ? numbers[1] : null, Lexical = (flags & 32) != 0 ? numbers[2] : null, Cosine = (flags & 64) != 0 ? numbers[3] : null,
                Words = words, Terms = terms, Content = content,
            };
        rows.Array[0, 5].Sample(told =>
        {
            var back = Back(new PartAnswer { Rows = told }).Rows;

            Assert.Equal(told.Select(static row => row with { Terms = [] }), back.Select(static row => row with { Terms = [] }));
            Assert.Equal(told.Select(static row => string.Join(' ', row.Terms)), back.Select(static row => string.Join(' ', row.Terms)));
        });
    }

    [Fact]
    public void Rows_of_a_node_of_the_version_before_have_no_traits_and_it_reads_those_of_this_one()
    {
        var told = new PartAnswer
        {
            Rows = [new RowFacts("k", default, default, 1, 2, 3) { Words = 4, Traits = TurnTraits.OfSelf }, new RowFacts("l", default, default, 1, 2, 3) { Traits = TurnTraits.Asks }],
        };
        var json = JsonNode.Parse(JsonSerializer.Serialize(told, WireFormat.Options))!;
        var rows = Convert.FromBase64String(json["Rows"]!.GetValue<string>());
        // Of the version before, the bytes end with the rows.
        json["Rows"] = Convert.ToBase64String(rows.AsSpan(..^2));

        var back = json.Deserialize<PartAnswer>(WireFormat.Options)!.Rows;

        Assert.Equal(told.Rows.Select(static row => row with { Traits = TurnTraits.None, Terms = [] }), back.Select(static row => row with { Terms = [] }));
        Assert.Equal([(byte)TurnTraits.OfSelf, (byte)TurnTraits.Asks], rows[^2..]);
    }

    [Fact]
    public void A_reply_says_that_it_is_final_and_that_of_a_node_of_the_version_before_is_not()
    {
        var told = new ShardReply(ShardOutcome.Failed, null, 0, 0) { IsFinal = true };
        var json = JsonNode.Parse(JsonSerializer.Serialize(told, WireFormat.Options))!.AsObject();

        Assert.True(json.Deserialize<ShardReply>(WireFormat.Options)!.IsFinal);
        Assert.True(json.Remove("IsFinal"));
        Assert.Equal(told with { IsFinal = false }, json.Deserialize<ShardReply>(WireFormat.Options));
        json["OfAVersionToCome"] = true;
        Assert.Equal(told with { IsFinal = false }, json.Deserialize<ShardReply>(WireFormat.Options));
    }

    [Fact]
    public void A_query_comes_over_the_wire_with_what_differs_from_the_defaults()
    {
        var query = new ShardQuery
        {
            Text = "walrus", Vector = [1.5f, -0f, float.Epsilon], Mode = SearchMode.Vector, K = 0, Neighbours = false, Fold = true, Now = DateTimeOffset.UnixEpoch,
            Filter = new RecordFilter { AnyTags = ["a"], Attributes = [new AttributeCondition("n", Comparison.In, [new AttributeValue("x", null, null), new AttributeValue(null, 0, false)])] },
            Recency = new Recency(0.25, TimeSpan.FromDays(3)), Dates = [new DateMention("since Monday", DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue)],
        };

        var back = Back(new ShardCall(query, 1, 2, TimeSpan.FromSeconds(3))).Query!;

        Assert.Equal(query.Vector, back.Vector);
        Assert.Equal(query.Filter!.AnyTags, back.Filter!.AnyTags);
        Assert.Equal(query.Filter.Attributes[0].Values, back.Filter.Attributes[0].Values);
        Assert.Equal(query.Dates, back.Dates);
        Assert.Equal(query with { Vector = null, Filter = null, Dates = [] }, back with { Vector = null, Filter = null, Dates = [] });
    }

    private static T Back<T>(T value) => JsonSerializer.Deserialize<T>(JsonSerializer.SerializeToUtf8Bytes(value, WireFormat.Options), WireFormat.Options)!;
}
