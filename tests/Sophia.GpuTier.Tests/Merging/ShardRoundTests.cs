using Sophia.Gpu.Grains;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Tests.Gpu;

namespace Sophia.GpuTier.Tests.Merging;

public sealed class ShardRoundTests
{
    private static readonly PartCall Candidates = new(PartKind.Candidates, new ShardQuery { Text = "walrus" });

    [Fact]
    public async Task A_shard_that_has_not_seen_a_change_by_which_a_record_left_another_during_the_search_is_asked_again()
    {
        var asked = new List<(int Shard, long Required)>();
        var round = RoundOf(2, asked, (shard, required) => shard == 0 ? Found("old", 100) with { LastMove = 101, End = 90 } : Found("x", Math.Max(100, required)));

        var answers = await round.AskAsync(Candidates);

        Assert.Equal([(0, 0), (1, 0), (1, 101)], asked);
        Assert.Equal(["old100", "x101"], answers.Select(static answer => answer.Rows[0].Key));
        Assert.Equal(100, round.Seen);
    }

    [Fact]
    public async Task A_shard_that_has_an_end_and_has_not_come_to_it_is_asked_again_too_and_what_leaves_it_then_is_looked_for_behind_it()
    {
        var asked = new List<(int Shard, long Required)>();
        var round = RoundOf(3, asked, (shard, required) => shard switch
        {
            0 => Found("a", 100) with { LastMove = 100, End = 50 },
            1 => Found("b", Math.Max(98, required)) with { LastMove = required > 0 ? 103 : 0, End = 300 },
            _ => Found("c", Math.Max(102, required)),
        });

        var answers = await round.AskAsync(Candidates);

        Assert.Equal([(0, 0), (1, 0), (2, 0), (1, 100), (2, 103)], asked);
        Assert.Equal(["a100", "b100", "c103"], answers.Select(static answer => answer.Rows[0].Key));
    }

    [Fact]
    public async Task A_shard_that_shows_itself_only_when_the_one_before_it_is_asked_again_is_asked_as_well()
    {
        var asked = new List<(int Shard, long Required)>();
        var round = RoundOf(2, asked, (shard, required) => shard switch
        {
            0 => Found("a", 400) with { LastMove = 400, End = 50 },
            1 => Found("b", Math.Max(100, required)) with { End = required > 0 ? 350 : null },
            _ => Found("c", 400),
        });

        var answers = await round.AskAsync(Candidates);

        Assert.Equal([(0, 0), (1, 0), (1, 400), (2, 400)], asked);
        Assert.Equal(["a400", "b400", "c400"], answers.Select(static answer => answer.Rows[0].Key));
        Assert.Equal(3, round.Shards);
    }

    [Fact]
    public async Task Shards_that_one_tells_of_are_asked_beside_each_other_and_all_that_are_missing_are_named()
    {
        var asked = new List<int>();
        var all = new TaskCompletionSource();
        var round = new ShardRound(ShardRecords.Namespace(0), CallOf(allowPartial: true), 2, async (shard, _, _) =>
        {
            asked.Add(shard);
            if (shard == 0)
            {
                return new ShardReply(ShardOutcome.Loading, null, 0, 10) { Shards = 5 };
            }

            if (asked.Count == 5)
            {
                all.SetResult();
            }

            await (shard > 1 ? all.Task : Task.CompletedTask);
            return shard == 3 ? Found("d", 100) with { End = 200, Shards = 5 } : new ShardReply(ShardOutcome.Loading, null, 0, 10);
        });

        var answers = await round.AskAsync(Candidates).WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal([0, 1, 2, 3, 4], asked);
        Assert.Equal(["d100"], answers.Select(static answer => answer.Rows[0].Key));
        Assert.Equal([0, 1, 2, 4], round.Missing.Select(static missing => missing.Shard));
    }

    [Fact]
    public async Task Where_no_record_left_a_shard_that_another_has_not_come_so_far_does_not_matter()
    {
        var asked = new List<(int Shard, long Required)>();
        var round = RoundOf(3, asked, (shard, _) => shard switch
        {
            0 => Found("a", 100) with { LastMove = 95, End = 50 },
            1 => Found("b", 80) with { End = 60 },
            _ => Found("c", 95),
        });

        await round.AskAsync(Candidates);

        Assert.Equal([(0, 0), (1, 0), (2, 0)], asked);
    }

    [Fact]
    public async Task A_shard_that_does_not_come_to_the_change_of_another_in_time_is_named_as_missing_where_that_is_allowed()
    {
        var round = RoundOf(2, [], Lagging, allowPartial: true);

        var answers = await round.AskAsync(Candidates);

        Assert.Equal(["a100"], answers.Select(static answer => answer.Rows[0].Key));
        var missing = Assert.Single(round.Missing);
        Assert.Equal(1, missing.Shard);
        Assert.Contains("has not come to change 101", missing.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Elsewhere_the_search_is_refused_as_one_that_may_be_tried_again_and_not_for_a_token_that_nobody_gave()
    {
        var refused = await Assert.ThrowsAsync<RefusedException>(() => RoundOf(2, [], Lagging).AskAsync(Candidates));

        Assert.Equal("shard-loading", refused.Code);
    }

    [Fact]
    public async Task One_without_room_is_refused_for_as_long_as_its_node_does_not_try_it_again()
    {
        var refused = await Assert.ThrowsAsync<NoRoomException>(
            () => RoundOf(1, [], static (_, _) => new ShardReply(ShardOutcome.NoRoom, null, 0, 0) { RetryAfter = TimeSpan.FromMinutes(4) }).AskAsync(Candidates));

        Assert.Equal(TimeSpan.FromMinutes(4), refused.RetryAfter);
    }

    [Fact]
    public void A_shard_that_has_to_come_to_the_change_of_another_is_given_time_though_it_may_be_missing()
    {
        var (second, call) = (TimeSpan.FromSeconds(1), CallOf(allowPartial: true));

        Assert.Equal(TimeSpan.Zero, ShardCluster.PatienceOf(call, 0, 5 * second, isThere: false));
        Assert.Equal(second, ShardCluster.PatienceOf(call, 101, 5 * second, isThere: false));
        Assert.Equal(second / 4, ShardCluster.PatienceOf(call, 101, second / 4, isThere: false));
    }

    [Fact]
    public void A_shard_that_is_behind_a_token_is_waited_for_though_it_may_be_missing()
    {
        var (second, call) = (TimeSpan.FromSeconds(1), CallOf(allowPartial: true) with { MinSequence = Sequence.Of(0, 101) });
        var behind = new ShardReply(ShardOutcome.Behind, null, 100, 1);

        Assert.InRange(ShardCluster.PatienceOf(call, 0, 5 * second, isThere: false), TimeSpan.FromTicks(1), second / 2);
        Assert.Equal(second, ShardCluster.PatienceOf(call, 0, 5 * second, isThere: true));
        Assert.True(ShardCluster.IsWaitedFor(call, 0, behind));
        Assert.True(ShardCluster.IsWaitedFor(call, 101, behind));
        Assert.False(ShardCluster.IsWaitedFor(call, 102, behind));
        Assert.False(ShardCluster.IsWaitedFor(call, 0, behind with { Outcome = ShardOutcome.Loading }));
    }

    [Fact]
    public async Task Records_that_lack_their_vectors_are_counted_over_all_shards_once()
    {
        var round = RoundOf(2, [], static (shard, required) => Found(shard == 0 ? "a" : "b", Math.Max(100, required)) with
        {
            LastMove = shard == 0 ? 101 : 0, End = shard == 0 ? 90 : null, WithoutVector = shard + 2,
        });

        await round.AskAsync(Candidates);

        Assert.Equal(5, round.WithoutVector);
    }

    private static ShardReply Lagging(int shard, long required) =>
        shard == 0 ? Found("a", 100) with { LastMove = 101, End = 90 }
        : required == 0 ? Found("b", 100) : new ShardReply(ShardOutcome.Behind, null, 100, 1);

    private static ShardRound RoundOf(int shards, List<(int Shard, long Required)> asked, Func<int, long, ShardReply> reply, bool allowPartial = false) => new(
        ShardRecords.Namespace(0), CallOf(allowPartial), shards, (shard, _, required) =>
        {
            asked.Add((shard, required));
            return Task.FromResult(reply(shard, required));
        });

    private static ClusterCall CallOf(bool allowPartial) => new(Candidates.Query, Sequence.None, 0, TimeSpan.FromSeconds(5), allowPartial);

    private static ShardReply Found(string key, long seen) => new(ShardOutcome.Found, null, seen, 1)
    {
        Part = new PartAnswer { Rows = [new RowFacts($"{key}{seen}", new RecordId(1), Sequence.Of(0, 1), 0, 0, 0)] },
    };
}
