using System.Net;
using Microsoft.Extensions.Time.Testing;
using Orleans.Concurrency;
using Orleans.Runtime;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Memory.Search.Cluster;

namespace Sophia.GpuTier.Tests.Nodes;

public sealed class NodeLoadsTests
{
    private const string Shard = "1.0.en.";
    private static readonly SiloAddress A = NodeOf(1), B = NodeOf(2), C = NodeOf(3), D = NodeOf(4);

    [Fact]
    public void A_node_that_misses_a_look_gets_no_shard_until_it_is_heard_of_again()
    {
        var loads = new NodeLoads(new FakeTimeProvider());
        loads.Set([A, B, C], new Dictionary<SiloAddress, NodeLoad> { [A] = LoadOf(1), [B] = LoadOf(1), [C] = LoadOf(9) });
        Assert.Equal(C, loads.Freest([A, B, C], Shard));

        loads.Set([A, B, C], new Dictionary<SiloAddress, NodeLoad> { [A] = LoadOf(1), [B] = LoadOf(1) });
        Assert.NotEqual(C, loads.Freest([A, B, C], Shard));
        Assert.Equal(B, loads.Roomier(A, 1));

        loads.Set([A, B, C], new Dictionary<SiloAddress, NodeLoad> { [A] = LoadOf(1), [B] = LoadOf(1), [C] = LoadOf(9) });
        Assert.Equal(C, loads.Freest([A, B, C], Shard));
    }

    [Fact]
    public void A_node_that_nothing_was_heard_of_yet_has_just_joined_and_is_empty_also_where_it_is_one_that_left_before()
    {
        var loads = new NodeLoads(new FakeTimeProvider());
        loads.Set([A, C], new Dictionary<SiloAddress, NodeLoad> { [A] = LoadOf(5), [C] = LoadOf(1) });
        Assert.Equal(D, loads.Freest([A, C, D], Shard));

        loads.Set([A], new Dictionary<SiloAddress, NodeLoad> { [A] = LoadOf(5) });

        Assert.Equal(C, loads.Freest([A, C], Shard));
    }

    [Fact]
    public void A_busy_node_that_misses_a_look_does_not_keep_others_from_giving_to_one_that_joined()
    {
        var clock = new FakeTimeProvider();
        var loads = new NodeLoads(clock);
        var (full, busy, empty) = (Holding(8), Holding(8), Holding(0));
        loads.Set([A, B, C], new Dictionary<SiloAddress, NodeLoad> { [A] = full, [B] = busy, [C] = empty });
        var heard = new Dictionary<SiloAddress, NodeLoad> { [A] = full, [C] = empty };
        clock.Advance(TimeSpan.FromSeconds(29));
        loads.Set([A, B, C], heard);

        var known = loads.Known(heard);

        Assert.Equal((A, C), Balance.Next(known, areAll: known.Count == 3) is { } move ? (move.From, move.To) : default);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, loads.Known(heard).Count);

        static NodeLoad Holding(int shards) => new(
            1L << 30, new Immutable<List<HeldShard>>([.. Enumerable.Range(0, shards).Select(static n => new HeldShard($"{n}.0.en.", 1, 1 << 20, 0, IsReady: true, IsServed: true))]));
    }

    private static SiloAddress NodeOf(int port) => SiloAddress.New(IPAddress.Loopback, port, 1);

    private static NodeLoad LoadOf(long gibibytes) => new(gibibytes << 30, new Immutable<List<HeldShard>>([])) { Room = gibibytes << 30 };
}
