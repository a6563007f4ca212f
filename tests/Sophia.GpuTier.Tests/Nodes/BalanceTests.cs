using CsCheck;
using Microsoft.Extensions.Time.Testing;
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
    public void A_node_with_a_single_large_shard_does_not_keep_the_others_from_being_evened_out()
    {
        var loads = Enumerable.Range(1, 5).ToDictionary(static n => n, static n => LoadOf([.. Enumerable.Range(0, 12).Select(i => ($"{n}.{i}.en.", 83L << 20))]));
        loads[0] = LoadOf([("0.0.en.", 1000 << 20)]);
        loads[6] = LoadOf([]);

        while (Balance.Next(loads) is { } move)
        {
            Apply(loads, move);
        }

        Assert.True(loads.Values.Max(static l => l.Used) <= 1.25 * loads.Values.Min(static l => l.Used));
    }

    [Fact]
    public void A_node_without_room_for_any_shard_does_not_keep_the_others_from_being_evened_out()
    {
        var loads = new Dictionary<int, NodeLoad>
        {
            [0] = LoadOf([("1.0.en.", 1 << 20)]) with { Room = 1 },
            [1] = LoadOf([.. Enumerable.Range(0, 8).Select(static i => ($"2.{i}.en.", 2L << 20))]),
            [2] = LoadOf([("3.0.en.", 2 << 20)]),
        };

        Assert.Equal((1, 2), Balance.Next(loads) is { } move ? (move.From, move.To) : default);
    }

    [Fact]
    public void Moves_of_any_loads_end_and_leave_no_single_move_that_would_bring_two_uneven_nodes_closer()
    {
        var nodes = Gen.Select(Gen.Long[1, 64 << 20].Array[0, 12], Gen.OneOf(Gen.Const(Room), Gen.Long[-1 << 20, 128 << 20]), Gen.Bool).Array[2, 7];
        nodes.Sample(held =>
        {
            var loads = held.Select(static (node, n) => (n, Load: LoadOf([.. node.Item1.Select((b, i) => ($"{n}.{i}.en.", b))]) with { Room = node.Item2, TakesShards = node.Item3 }))
                .ToDictionary(static n => n.n, static n => n.Load);
            for (var moves = 0; Balance.Next(loads) is { } move; moves++)
            {
                var wasAbove = loads[move.From].Room < 0;
                var before = Squares();
                Apply(loads, move);
                Assert.True(wasAbove || Squares() < before, "The move does not even anything out.");
                Assert.True(moves < 1000, "The moves do not end.");
            }

            foreach (var from in loads.Values)
            {
                foreach (var to in loads.Values.Where(static to => to is { TakesShards: true, Room: > 0 }))
                {
                    var difference = from.Used - to.Used;
                    Assert.True(
                        difference < Balance.Least || from.Used <= to.Used * Balance.Target || from.Shards.Value.TrueForAll(shard => shard.Bytes >= difference || shard.Bytes >= to.Room),
                        "A move is left that brings two nodes closer.");
                }
            }

            UInt128 Squares() => loads.Values.Aggregate(UInt128.Zero, static (sum, load) => sum + ((UInt128)load.Used * (UInt128)load.Used));
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

    [Fact]
    public void A_node_whose_device_fails_is_emptied_the_largest_first_whatever_the_loads_are()
    {
        var loads = new Dictionary<int, NodeLoad>
        {
            [0] = LoadOf([("1.0.en.", 1 << 20), ("2.0.en.", 3 << 20)]) with { Failure = "CUDA error 802", TakesShards = false },
            [1] = LoadOf([("3.0.en.", 100 << 20)]) with { Room = 2 << 20 },
            [2] = LoadOf([("4.0.en.", 90 << 20)]) with { Room = 10 << 20 },
        };

        Assert.Equal(new Balance.Move<int>("2.0.en.", 0, 2), Balance.Next(loads));
        Apply(loads, Balance.Next(loads)!.Value);
        Assert.Equal("1.0.en.", Balance.Next(loads)!.Value.Shard);
        Apply(loads, Balance.Next(loads)!.Value);
        Assert.Null(Balance.Next(loads));
    }

    [Fact]
    public void Where_every_nodes_device_fails_or_none_has_room_nothing_moves()
    {
        var sick = LoadOf([("1.0.en.", 8 << 20)]) with { Failure = "CUDA error 802", TakesShards = false };

        Assert.Null(Balance.Next(new Dictionary<int, NodeLoad> { [0] = sick, [1] = LoadOf([]) with { Failure = "too", TakesShards = false } }));
        Assert.Null(Balance.Next(new Dictionary<int, NodeLoad> { [0] = sick, [1] = LoadOf([]) with { Room = 1 << 20 } }));
    }

    [Fact]
    public void Of_a_node_that_has_grown_beyond_its_room_the_smallest_shard_that_is_enough_moves()
    {
        var loads = new Dictionary<int, NodeLoad>
        {
            [0] = LoadOf([("1.0.en.", 1 << 20), ("2.0.en.", 3 << 20), ("3.0.en.", 9 << 20)]) with { Room = -2 << 20 },
            [1] = LoadOf([("4.0.en.", 13 << 20)]) with { Room = 20 << 20 },
        };

        Assert.Equal(new Balance.Move<int>("2.0.en.", 0, 1), Balance.Next(loads));
    }

    [Fact]
    public void A_node_that_was_unfit_gets_nothing_until_it_has_been_well_for_a_while()
    {
        var clock = new FakeTimeProvider();
        var failure = (string?)null;
        var space = new NodeSpace(static () => 0) { Failure = () => failure };
        var fitness = new NodeFitness(space, static () => TimeSpan.Zero, clock);
        Assert.Equal((null, true), fitness.Look());

        failure = "CUDA error 802";
        Assert.Equal(("CUDA error 802", false), fitness.Look());
        failure = null;
        clock.Advance(space.Settling - TimeSpan.FromSeconds(1));
        Assert.Equal((null, false), fitness.Look());
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal((null, true), fitness.Look());
        var loads = new Dictionary<int, NodeLoad> { [0] = LoadOf([("1.0.en.", 8 << 20), ("2.0.en.", 8 << 20)]), [1] = LoadOf([]) with { TakesShards = false } };
        Assert.Null(Balance.Next(loads));
    }

    [Fact]
    public void A_node_that_does_not_read_the_log_is_as_unfit_as_one_whose_device_fails()
    {
        var lag = TimeSpan.FromSeconds(10);
        var fitness = new NodeFitness(new NodeSpace(static () => 0), () => lag, new FakeTimeProvider());
        Assert.Equal((null, true), fitness.Look());

        lag = TimeSpan.FromSeconds(11);

        Assert.Equal(("The log was last read 11 s ago.", false), fitness.Look());
    }

    [Fact]
    public void While_a_node_is_not_heard_of_shards_leave_those_that_fail_and_are_not_evened_out()
    {
        var loads = new Dictionary<int, NodeLoad> { [0] = LoadOf([("1.0.en.", 8 << 20), ("2.0.en.", 8 << 20)]), [1] = LoadOf([]) };
        Assert.NotNull(Balance.Next(loads));
        Assert.Null(Balance.Next(loads, areAll: false));

        loads[0] = loads[0] with { Failure = "CUDA error 802", TakesShards = false };

        Assert.Equal(1, Balance.Next(loads, areAll: false)?.To);
    }

    private static NodeLoad LoadOf((string Address, long Bytes)[] shards) =>
        new(Room, new Immutable<List<HeldShard>>([.. shards.Select(s => new HeldShard(s.Address, 1, s.Bytes, 0, IsReady: true, IsServed: true))]));

    private static void Apply(Dictionary<int, NodeLoad> loads, Balance.Move<int> move)
    {
        Balance.Make(loads, move);
        loads[move.To] = loads[move.To] with { Shards = new Immutable<List<HeldShard>>([.. loads[move.To].Shards.Value.Select(static shard => shard with { IsServed = true })]) };
    }
}
