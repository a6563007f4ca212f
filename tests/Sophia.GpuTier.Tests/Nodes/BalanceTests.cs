using CsCheck;
using Orleans.Concurrency;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Memory.Search.Cluster;

namespace Sophia.GpuTier.Tests.Nodes;

public sealed class BalanceTests
{
    private const long Room = 1L << 40;

    [Fact]
    public void Moves_bring_any_loads_of_many_small_shards_within_a_quarter_and_then_stop()
    {
        var nodes = Gen.Long[1 << 20, 4 << 20].Array[20, 60].Array[1, 6];
        nodes.Sample(held =>
        {
            var loads = held.Select((bytes, node) => (node, Load: LoadOf([.. bytes.Select((b, i) => ($"{node}.{i}.en.", b))])))
                .Append((node: held.Length, Load: LoadOf([]))).ToDictionary(n => n.node, n => n.Load);
            var moves = 0;
            while (Balance.Next(loads) is { } move)
            {
                Apply(loads, move);
                Assert.True(++moves < 1000, "The moves do not end.");
            }

            Assert.True(loads.Values.Max(l => l.Used) <= 1.25 * loads.Values.Min(l => l.Used));
        });
    }

    [Fact]
    public void A_move_always_brings_the_two_nodes_closer()
    {
        var nodes = Gen.Long[0, 1L << 30].Array[0, 8].Array[2, 5];
        nodes.Sample(held =>
        {
            var loads = held.Select((bytes, node) => (node, Load: LoadOf([.. bytes.Select((b, i) => ($"{node}.{i}.en.", b))]))).ToDictionary(n => n.node, n => n.Load);
            if (Balance.Next(loads) is { } move)
            {
                var before = Math.Abs(loads[move.From].Used - loads[move.To].Used);
                Apply(loads, move);
                Assert.True(Math.Abs(loads[move.From].Used - loads[move.To].Used) < before);
            }
        });
    }

    [Fact]
    public void A_shard_that_is_loading_or_not_served_yet_stays_where_it_is()
    {
        var loads = new Dictionary<int, NodeLoad>
        {
            [0] = new(Room, new Immutable<List<HeldShard>>([new("1.0.en.", 1, 1 << 20, 0, IsReady: false, IsServed: true), new("2.0.en.", 1, 1 << 20, 0, IsReady: true, IsServed: false)])),
            [1] = LoadOf([]),
        };

        Assert.Null(Balance.Next(loads));
    }

    private static NodeLoad LoadOf((string Address, long Bytes)[] shards) =>
        new(Room, new Immutable<List<HeldShard>>([.. shards.Select(s => new HeldShard(s.Address, 1, s.Bytes, 0, IsReady: true, IsServed: true))]));

    private static void Apply(Dictionary<int, NodeLoad> loads, Balance.Move<int> move)
    {
        var moved = loads[move.From].Shards.Value.Single(s => s.Address == move.Shard);
        loads[move.From] = loads[move.From] with { Shards = new Immutable<List<HeldShard>>([.. loads[move.From].Shards.Value.Where(s => s != moved)]) };
        loads[move.To] = loads[move.To] with { Shards = new Immutable<List<HeldShard>>([.. loads[move.To].Shards.Value, moved]) };
    }
}
