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

    private static Dictionary<SiloAddress, NodeLoad> Loads => new()
    {
        [Full] = LoadOf(("1.0.en.", 8 << 20), ("2.0.en.", 8 << 20)), [Empty] = LoadOf(), [Other] = LoadOf(("3.0.en.", 1 << 20)),
    };

    [Fact]
    public async Task A_move_that_takes_its_time_holds_up_nobody_and_is_the_only_one()
    {
        var prepared = new TaskCompletionSource();
        var moves = MovesThat(_ => prepared.Task);

        moves.Next(Loads, areAll: true);
        moves.Next(Loads, areAll: true);
        Assert.Equal([Empty], _begun);
        Assert.False(moves.EndAsync().IsCompleted);

        prepared.SetResult();
        await moves.EndAsync();
        moves.Next(Loads, areAll: true);
        Assert.Equal([Empty, Empty], _begun);
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
            return end(move);
        },
        _clock, NullLogger.Instance);

    private static SiloAddress NodeOf(int port) => SiloAddress.New(IPAddress.Loopback, port, 1);

    private static NodeLoad LoadOf(params (string Address, long Bytes)[] shards) =>
        new(1L << 30, new Immutable<List<HeldShard>>([.. shards.Select(static s => new HeldShard(s.Address, 1, s.Bytes, 0, IsReady: true, IsServed: true))]));
}
