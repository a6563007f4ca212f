using Sophia.Gpu.Shards;
using Sophia.Gpu.Shards.Merging;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Tests.Gpu;

namespace Sophia.GpuTier.Tests.Merging;

/// <summary>How often shards are asked in a search by vector alone, whose answer is that of one shard however often.</summary>
public sealed class VectorRoundsTests : IDisposable
{
    private const int Dimensions = 6;
    private readonly HostShard _one = ShardRecords.Shard(Dimensions);
    private readonly HostShard[] _several = [ShardRecords.Shard(Dimensions), ShardRecords.Shard(Dimensions)];
    private readonly Random _random = new(5);

    [Theory]
    [InlineData(false, false, "Candidates")]
    [InlineData(true, false, "Candidates Surroundings")]
    [InlineData(false, true, "Candidates Words")]
    [InlineData(true, true, "Candidates Words Candidates Surroundings")]
    public async Task Shards_are_asked_once_and_again_only_where_rows_have_neighbours_or_a_node_of_the_version_before_does_not_say_so(
        bool hasConversations, bool isOfBefore, string rounds)
    {
        Fill(i => (ShardRecords.Vector(_random, Dimensions), hasConversations ? $$"""{"conversation":"c{{i / 20}}","position":{{i}}}""" : "{}"));

        var (asked, _) = await SearchAsync(ShardRecords.Vector(_random, Dimensions), isOfBefore: isOfBefore);

        Assert.Equal(rounds, asked);
    }

    [Theory]
    [InlineData(false, "Candidates Candidates")]
    [InlineData(true, "Candidates")]
    public async Task Shards_without_neighbours_are_asked_again_where_others_have_them_unless_that_was_known(bool isKnown, string rounds)
    {
        // The one turn is far from the query, so nothing is asked around it.
        Fill(i => i == 7 ? ([-1, -1, -1, -1, -1, -1], """{"conversation":"c","position":1}""") : ([.. ShardRecords.Vector(_random, Dimensions).Select(Math.Abs)], "{}"));

        var (asked, has) = await SearchAsync([1, 1, 1, 1, 1, 1], isKnown);

        Assert.Equal((rounds, true), (asked, has));
    }

    [Fact]
    public async Task What_was_known_of_neighbours_may_be_wrong()
    {
        Fill(_ => (ShardRecords.Vector(_random, Dimensions), "{}"));

        var (asked, has) = await SearchAsync([1, 1, 1, 1, 1, 1], isKnown: true);

        Assert.Equal(("Candidates", false), (asked, has));
    }

    public void Dispose()
    {
        _one.Dispose();
        Array.ForEach(_several, static shard => shard.Dispose());
    }

    private void Fill(Func<int, (float[] Vector, string Attributes)> record)
    {
        for (var i = 0; i < 400; i++)
        {
            var (vector, attributes) = record(i);
            var made = ShardRecords.Record($"k{i:D4}", i + 1, "lantern", vector, attributes);
            _one.Put(made);
            _several[i % 2].Put(made);
        }
    }

    /// <summary>The rounds, and whether rows were said to have neighbours.</summary>
    private async Task<(string Rounds, bool HasConversations)> SearchAsync(float[] vector, bool isKnown = false, bool isOfBefore = false)
    {
        var query = new ShardQuery { Vector = vector, Mode = SearchMode.Vector, K = 5, Neighbours = true, Now = ShardRecords.Now };
        var asked = new List<PartKind>();
        var merged = new MergedSearch(ShardRecords.Namespace(Dimensions).Settings, query, (call, stop) =>
        {
            asked.Add(call.Kind);
            var known = isOfBefore ? call with { WantedWithNeighbours = null } : call;
            return Task.FromResult<IReadOnlyList<PartAnswer>>([.. _several.Select(shard => shard.Ask(known, stop)).Select(part => isOfBefore ? part with { HasConversations = null } : part)]);
        })
        { HasConversations = isKnown };
        var answer = await merged.RunAsync(default);

        Assert.Equal(MergedSearchTests.Shown(_one.Search(query, default)), MergedSearchTests.Shown(answer));
        return (string.Join(' ', asked), merged.HasConversations);
    }
}
