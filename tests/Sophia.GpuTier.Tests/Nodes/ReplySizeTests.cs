using System.Text.Json;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Grains.Hosting;
using Sophia.Gpu.Grains.Shards;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Tests.Gpu;

namespace Sophia.GpuTier.Tests.Nodes;

public sealed class ReplySizeTests
{
    private const int Many = 5_000;

    public static TheoryData<string> Replies => [.. All.Keys];

    private static Dictionary<string, ShardReply> All => new()
    {
        ["rows"] = PartOf(new PartAnswer { Rows = [.. Enumerable.Range(0, Many).Select(static i => Row($"kéy/{i:D40}") with { Terms = [1, 0, 70_000, 1], Lexical = 1, Cosine = 1 })] }),
        ["places"] = PartOf(new PartAnswer { Rows = [.. Enumerable.Range(0, Many).Select(static i => Row($"k{i}") with { Place = new TextPlace(0, "a conversation", i, $"k{i}") })] }),
        ["vectors"] = PartOf(new PartAnswer { Vectors = [.. Enumerable.Range(0, Many).Select(static i => new VectorFacts(ShardRecords.IdOf($"k{i}"), new float[256]))] }),
        ["folded"] = FoundOf(Hit() with { Folded = [.. Enumerable.Range(0, Many).Select(static i => new FoldedRecord($"schlüssel/{i}", 1d / 3))] }),
        ["neighbours"] = FoundOf(Hit() with { Before = [.. Enumerable.Range(0, Many).Select(static i => new NeighbourKey($"key/{i}", Sequence.Of(63, i)))] }),
    };

    [Theory]
    [MemberData(nameof(Replies))]
    public void What_is_long_in_a_reply_is_not_taken_for_less_than_it_is_and_for_no_more_than_four_times_that(string name)
    {
        var reply = All[name];
        var bytes = JsonSerializer.SerializeToUtf8Bytes(reply, WireFormat.Options).Length;

        Assert.InRange(ReplySize.Of(reply), bytes - 1_000, bytes * 4);
    }

    [Fact]
    public void A_reply_that_nodes_cannot_send_is_refused_with_what_to_do_instead_of_being_asked_for_again()
    {
        var ns = ShardRecords.Namespace(0);
        var call = new ClusterCall(new ShardQuery(), Sequence.None, 0, TimeSpan.FromSeconds(1), AllowPartial: false);
        var refusal = ReplySize.Refuse(All["vectors"]);

        var refused = Assert.Throws<RefusedException>(() => ShardCluster.MissingOf(ns, 0, call, refusal));

        Assert.Equal((ShardOutcome.TooLarge, "too-large"), (refusal.Outcome, refused.Code));
        Assert.Contains("filter", refused.Suggestion, StringComparison.Ordinal);
        Assert.Equal(refusal.Reason, ShardCluster.MissingOf(ns, 0, call with { AllowPartial = true }, refusal).Reason);
    }

    private static RowFacts Row(string key) => new(key, ShardRecords.IdOf(key), Sequence.Of(0, 7), 1, 2, 3);

    private static ShardHit Hit() => new("k", ShardRecords.IdOf("k"), Sequence.Of(0, 7), 1, [], []);

    private static ShardReply PartOf(PartAnswer part) => new(ShardOutcome.Found, null, 7, Many) { Part = part };

    private static ShardReply FoundOf(ShardHit hit) => new(ShardOutcome.Found, new ShardAnswer([hit], 1, 1), 7, Many);
}
