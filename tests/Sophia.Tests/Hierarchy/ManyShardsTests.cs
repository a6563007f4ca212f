using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sophia.Memory;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

/// <summary>What is done with each shard takes no longer for it when there are more of them.</summary>
public sealed class ManyShardsTests
{
    private const int Shards = 400;
    private const int MostBytesAShard = 600;
    private const int SizeOfShard = 1 << 20;

    [Fact]
    public async Task A_round_that_drops_nothing_allocates_in_proportion_to_the_shards_and_not_to_their_square()
    {
        await using var many = await Many.StartAsync();
        await many.LoadAsync(Shards, "notes");
        many.Clock.Advance(TimeSpan.FromSeconds(11));
        await many.Shards.DropColdAsync();

        var before = GC.GetAllocatedBytesForCurrentThread();
        var dropping = many.Shards.DropColdAsync();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(dropping.IsCompletedSuccessfully);
        Assert.Equal(0, many.Engine.Disposed);
        Assert.InRange(allocated, 1, Shards * MostBytesAShard);
    }

    [Fact]
    public async Task Of_two_shards_of_a_namespace_the_one_that_nobody_asks_for_any_more_goes()
    {
        await using var many = await Many.StartAsync();
        var ns = (await many.LoadAsync(1, "notes"))[0];
        var other = ns with { Settings = ns.Settings with { Language = "de" } };
        await many.Shards.Open(other, out _).Ready;
        many.Clock.Advance(TimeSpan.FromSeconds(11));
        many.Shards.Open(other, out _).Touch();

        await many.Shards.DropColdAsync();

        Assert.Null(many.Shards.Find(ns));
        Assert.NotNull(many.Shards.Find(other));
    }

    [Fact]
    public async Task Each_shard_is_asked_once_for_its_size_while_one_is_loaded_and_not_for_each_that_makes_room()
    {
        await using var many = await Many.StartAsync();
        await many.LoadAsync(Shards - 1, "notes");
        many.Engine.SizesAsked = 0;
        await many.LoadAsync(1, "last");
        Assert.InRange(many.Engine.SizesAsked, Shards, Shards + 5);

        many.Clock.Advance(new MemoryOptions().ShardIdle);
        many.Engine.SizeOfShard = 2 * SizeOfShard;
        many.Engine.SizesAsked = 0;
        await many.Shards.DropBeyondRoomAsync();

        Assert.Equal(Shards / 2, many.Engine.Disposed);
        Assert.InRange(many.Engine.SizesAsked, Shards, Shards * 2);
        Assert.Equal(0, many.Shards.Room);
    }

    [Fact]
    public async Task Whether_a_shard_is_in_memory_is_known_without_a_look_at_the_others()
    {
        await using var many = await Many.StartAsync();
        var ns = (await many.LoadAsync(10, "notes"))[3];
        var (address, missing) = (ShardAddress.Of(ns, 0), ShardAddress.Of(ns, 1));
        Assert.False(many.Shards.IsInMemory(missing));

        var before = GC.GetAllocatedBytesForCurrentThread();
        var isInMemory = many.Shards.IsInMemory(address);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(isInMemory);
        Assert.Equal(0, allocated);
    }

    [Fact]
    public async Task Changes_of_one_namespace_do_not_make_the_shards_of_others_in_its_partition_read_the_log()
    {
        await using var many = await Many.StartAsync();
        var ns = (await many.LoadAsync(1, "notes"))[0];
        for (var number = 1; number <= 10; number++)
        {
            await many.Tail.CommittedAsync(ns.Partition, [new LogEntry(
                Sequence.Of(ns.Partition, number), ns.Id + 1, new RecordId(1), ChangeKind.Delete, 1, Sequence.None, many.Clock.GetUtcNow(), null, "k")], default);
        }

        Assert.True(await many.Shards.Find(ns)!.ReachAsync(10, TimeSpan.FromSeconds(60), default));
        Assert.Equal(0, many.Store.LogReads);
    }

    [Fact]
    public async Task Of_many_that_are_asked_for_at_once_some_are_read_at_a_time_and_no_erasure_waits_for_those_whose_turn_has_not_come()
    {
        await using var many = await Many.StartAsync();
        var namespaces = await many.WriteAsync(3 * ShardDirectory.LoadsAtOnce);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        many.Store.AfterScanned = () => go.Task;

        var loads = Array.ConvertAll(namespaces, ns => many.Shards.Open(ns, out _));
        for (var i = 0; i < 600 && loads.Count(static load => load.HasBegun) < ShardDirectory.LoadsAtOnce; i++)
        {
            await Task.Delay(100);
        }

        var begun = loads.Where(static load => load.HasBegun).ToHashSet();
        var waits = loads.First(load => !begun.Contains(load));
        var unconfirmed = await many.Shards.ReachAsync(waits.Namespace.Id, 1_000, TimeSpan.FromSeconds(60), default).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(ShardDirectory.LoadsAtOnce, begun.Count);
        Assert.Empty(unconfirmed);

        go.SetResult();
        await Task.WhenAll(loads.Select(static load => load.Ready)).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.All(loads, static load => Assert.Equal(1, load.Shard.Count));
    }

    [Fact]
    public async Task A_shard_that_breaks_while_an_erasure_waits_for_it_goes_and_is_not_told_as_what_may_have_a_copy()
    {
        await using var many = await Many.StartAsync();
        var ns = (await many.LoadAsync(1, "notes"))[0];

        var reaching = many.Shards.ReachAsync(ns.Id, 1, TimeSpan.FromSeconds(60), default);
        many.Shards.Distrust(Sequence.Of(ns.Partition, 1));
        await many.Tail.CommittedAsync(ns.Partition, [new LogEntry(
            Sequence.Of(ns.Partition, 1), ns.Id, new RecordId(1), ChangeKind.Forget, 1, Sequence.None, many.Clock.GetUtcNow(), null, null)], default);

        Assert.Empty(await reaching.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Null(many.Shards.Find(ns));
        await many.Engine.FirstDisposed.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task An_erasure_is_not_held_up_by_a_shard_that_broke_and_does_not_come_to_its_end_and_devices_have_nothing_of_it()
    {
        await using var many = await Many.StartAsync();
        var ns = (await many.LoadAsync(1, "notes"))[0];
        var (reading, goOn) = (new TaskCompletionSource(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        many.Store.AfterReadLog = () =>
        {
            reading.TrySetResult();
            return goOn.Task;
        };
        await many.Tail.CommittedAsync(ns.Partition, [new LogEntry(
            Sequence.Of(ns.Partition, 1), ns.Id, new RecordId(1), ChangeKind.Forget, 1, Sequence.None, many.Clock.GetUtcNow(), null, null)], default);
        await reading.Task.WaitAsync(TimeSpan.FromSeconds(30));
        many.Shards.Distrust(Sequence.Of(ns.Partition, 1));

        var unconfirmed = await many.Shards.ReachAsync(ns.Id, 1, TimeSpan.FromMinutes(10), default).WaitAsync(TimeSpan.FromSeconds(30));
        var (withdrawn, disposed) = (many.Engine.Withdrawn, many.Engine.Disposed);
        goOn.SetResult();

        Assert.Empty(unconfirmed);
        Assert.Equal((1, 0), (withdrawn, disposed));
    }

    /// <summary>Shards, with room for so many, and a log of which nothing is kept in memory.</summary>
    private sealed class Many : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("sophia-test").FullName;
        private Many()
        {
            var options = new MemoryOptions { TailLimitBytes = 1 };
            Store = new DelegatingStore(SqliteRecordStore.Create(_folder, Clock));
            Tail = new LogTail(Store, options, Clock, NullLogger.Instance);
            Shards = new ShardDirectory(
                Engine, Tail, Store, new VectorCompletion(new ModelCatalog([], null), Store, Clock, NullLogger.Instance), options, new TierMeters().L0, Clock, NullLogger.Instance,
                mostBytes: ManyShardsTests.Shards * (long)SizeOfShard);
        }

        public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));

        public CountingEngine Engine { get; } = new() { SizeOfShard = SizeOfShard };

        public DelegatingStore Store { get; }

        public LogTail Tail { get; }

        public ShardDirectory Shards { get; }

        public static async Task<Many> StartAsync()
        {
            var many = new Many();
            await many.Store.OpenAsync(default);
            await many.Tail.StartAsync(default);
            return many;
        }

        public async Task<NamespaceInfo[]> LoadAsync(int count, string name)
        {
            var namespaces = new NamespaceInfo[count];
            for (var i = 0; i < count; i++)
            {
                namespaces[i] = await Store.EnsureNamespaceAsync("acme", $"{name}-{i}", new NamespaceSettings { VectorSource = VectorSource.None }, default);
                await Shards.Open(namespaces[i], out _).Ready;
            }

            return namespaces;
        }

        /// <summary>So many namespaces of one record, of which no shard is loaded.</summary>
        public async Task<NamespaceInfo[]> WriteAsync(int count)
        {
            var namespaces = new NamespaceInfo[count];
            for (var i = 0; i < count; i++)
            {
                namespaces[i] = await Store.EnsureNamespaceAsync("acme", $"written-{i}", new NamespaceSettings { VectorSource = VectorSource.None }, default);
                await Store.CommitAsync([new WriteGroup([new PutOperation(namespaces[i], new RecordDraft { Key = "k", Content = "walrus"u8.ToArray() }, new RecordId((UInt128)i + 1), Precondition.None)])], default);
            }

            return namespaces;
        }

        public async ValueTask DisposeAsync()
        {
            await Shards.DisposeAsync();
            await Tail.DisposeAsync();
            await Store.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
