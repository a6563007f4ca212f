using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Concurrency;
using Orleans.Runtime;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Memory.Search.Cluster;

namespace Sophia.GpuTier.Tests.Nodes;

public sealed class ShardMovesTests
{
    private static readonly SiloAddress Full = NodeOf(1), Empty = NodeOf(2), Other = NodeOf(3);
    private readonly FakeTimeProvider _clock = new();
    private readonly List<SiloAddress> _begun = [];
    private readonly List<string> _moved = [];

    private static Dictionary<SiloAddress, NodeLoad> Loads => new()
    {
        [Full] = LoadOf(("1.0.en.", 8 << 20), ("2.0.en.", 8 << 20)), [Empty] = LoadOf(), [Other] = LoadOf(("3.0.en.", 1 << 20)),
    };

    [Fact]
    public async Task A_move_that_takes_its_time_holds_up_nobody_and_is_not_made_twice()
    {
        var prepared = new TaskCompletionSource();
        var moves = MovesThat(_ => prepared.Task);

        moves.Next(Loads, areAll: true);
        moves.Next(Loads, areAll: true);
        Assert.Equal([Empty], _begun);
        Assert.False(moves.EndAsync().IsCompleted);

        prepared.SetResult();
        await moves.EndAsync();
        // The node that it left has not said so yet.
        moves.Next(Loads, areAll: true);
        Assert.Equal([Empty], _begun);
        _clock.Advance(TimeSpan.FromSeconds(10));
        moves.Next(Loads, areAll: true);
        Assert.Equal([Empty, Empty], _begun);
    }

    [Fact]
    public async Task Of_a_thousand_small_shards_half_go_to_a_node_that_joins_within_two_minutes()
    {
        var loads = new Dictionary<SiloAddress, NodeLoad> { [Full] = LoadOf([.. Enumerable.Range(1, 1000).Select(static n => ($"{n}.0.en.", 1L << 20))]), [Empty] = LoadOf() };
        var loaded = new TaskCompletionSource();
        var moves = MovesThat(async move =>
        {
            await loaded.Task;
            Balance.Make(loads, move);
        });

        var looks = 0;
        while (loads[Full].Used > 1.25 * loads[Empty].Used)
        {
            loaded = new TaskCompletionSource();
            moves.Next(new Dictionary<SiloAddress, NodeLoad>(loads), areAll: true);
            loaded.SetResult();
            await moves.EndAsync();
            _clock.Advance(TimeSpan.FromSeconds(1));
            Assert.True(++looks < 120, $"After {looks} looks the nodes hold {loads[Full].Used} and {loads[Empty].Used} bytes.");
        }
    }

    [Fact]
    public void Moves_that_are_under_way_count_as_made_and_are_no_more_than_four()
    {
        var never = new TaskCompletionSource();
        var moves = MovesThat(_ => never.Task);

        moves.Next(new Dictionary<SiloAddress, NodeLoad> { [Full] = LoadOf([.. Enumerable.Range(1, 6).Select(static n => ($"{n}.0.en.", 8L << 20))]), [Empty] = LoadOf(), [Other] = LoadOf() }, areAll: true);
        Assert.Equal([Empty, Empty, Other, Other], _begun.OrderBy(static node => node));

        moves.Next(new Dictionary<SiloAddress, NodeLoad> { [Full] = LoadOf([.. Enumerable.Range(10, 100).Select(static n => ($"{n}.0.en.", 8L << 20))]), [Empty] = LoadOf(), [Other] = LoadOf() }, areAll: true);
        Assert.Equal(4, _begun.Count);
    }

    [Fact]
    public void Of_moves_that_are_under_way_one_is_of_a_large_shard_so_that_small_ones_find_turns_on_the_node_that_joined()
    {
        var never = new TaskCompletionSource();
        var moves = MovesThat(_ => never.Task);
        var loads = new Dictionary<SiloAddress, NodeLoad>
        {
            [Full] = LoadOf([.. Enumerable.Range(1, 6).Select(static n => ($"{n}.0.en.", 2L << 30)), .. Enumerable.Range(10, 50).Select(static n => ($"{n}.0.en.", 100L << 20))]), [Empty] = LoadOf(),
        };

        moves.Next(loads, areAll: true);
        moves.Next(loads, areAll: true);

        Assert.Single(_moved, static shard => shard.Length == "1.0.en.".Length);
        Assert.Equal(4, _moved.Count);
    }

    [Fact]
    public async Task A_node_to_which_a_move_failed_is_left_out_for_a_minute()
    {
        var moves = MovesThat(static move => move.To.Equals(Empty) ? Task.FromException(new TimeoutException("Its store hangs in this test.")) : Task.CompletedTask);

        moves.Next(Loads, areAll: true);
        await moves.EndAsync();
        moves.Next(Loads, areAll: true);
        await moves.EndAsync();
        _clock.Advance(TimeSpan.FromMinutes(1));
        moves.Next(Loads, areAll: true);

        Assert.Equal([Empty, Other, Empty], _begun);
    }

    private ShardMoves MovesThat(Func<Balance.Move<SiloAddress>, Task> end) => new(
        move =>
        {
            _begun.Add(move.To);
            _moved.Add(move.Shard);
            return end(move);
        },
        _clock, NullLogger.Instance);

    private static SiloAddress NodeOf(int port) => SiloAddress.New(IPAddress.Loopback, port, 1);

    private static NodeLoad LoadOf(params (string Address, long Bytes)[] shards) =>
        new(1L << 40, new Immutable<List<HeldShard>>([.. shards.Select(static s => new HeldShard(s.Address, 1, s.Bytes, 0, IsReady: true, IsServed: true))]));
}
