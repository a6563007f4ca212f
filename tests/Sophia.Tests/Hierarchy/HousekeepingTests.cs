using System.Buffers.Binary;
using Microsoft.Extensions.Time.Testing;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Sessions;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

public sealed class HousekeepingTests
{
    [Fact]
    public async Task Idempotency_marks_go_when_their_day_is_over_however_many_there_are()
    {
        const int Marks = 2_500;
        await using var running = await RunningMemory.StartAsync();
        var start = running.Clock.GetUtcNow();
        var marks = Enumerable.Range(0, Marks).Select(i =>
        {
            var key = new byte[32];
            BinaryPrimitives.WriteInt32LittleEndian(key, i);
            return new IdempotencyMark("acme", key, new byte[32], start.AddHours(24));
        }).ToArray();
        var id = RecordId.Of(running.Store.Secret.Span, running.Notes.Id, "none");
        await running.Store.CommitAsync([.. marks.Select(mark => new WriteGroup([new DeleteOperation(running.Notes, "none", id, Precondition.None)], mark))], default);
        Assert.NotNull(await running.Store.FindReplayAsync(marks[^1], start, default));

        running.Clock.Advance(TimeSpan.FromHours(25));

        // One round of the background must be enough; the clock moves no further, so no other comes.
        var left = marks.ToList();
        for (var patience = 0; left.Count > 0 && patience < 200; patience++)
        {
            await Task.Delay(25);
            while (left.Count > 0 && await running.Store.FindReplayAsync(left[^1], start, default) is null)
            {
                left.RemoveAt(left.Count - 1);
            }
        }

        Assert.Empty(left);
    }

    [Fact]
    public async Task A_record_with_a_very_long_history_expires_in_bounded_steps_and_keeps_no_other_from_going()
    {
        await using var running = await RunningMemory.StartAsync();
        var ends = running.Clock.GetUtcNow().AddMinutes(1);
        var puts = Enumerable.Range(0, 6_000).Select(i => new PutRequest(new RecordDraft { Key = "long", Content = System.Text.Encoding.UTF8.GetBytes($"{i}"), ExpiresAt = ends }));
        await running.Memory.PutAsync(running.Notes, [.. puts], null, new Trail(), default);
        await running.PutAsync("short", "text", draft => draft with { ExpiresAt = ends });

        running.Clock.Advance(TimeSpan.FromMinutes(2));
        var left = 2;
        for (var patience = 0; left > 0 && patience < 400; patience++)
        {
            await Task.Delay(25);
            left = (await running.Store.FindExpiredAsync(running.Clock.GetUtcNow(), 10, default)).Count;
        }

        Assert.Equal(0, left);
        Assert.Equal(1, running.Store.HistoriesErased);
    }

    [Fact]
    public async Task Records_with_long_histories_and_sessions_go_though_counting_alone_takes_the_time_of_a_sweep()
    {
        await using var running = await RunningMemory.StartAsync();
        var ends = running.Clock.GetUtcNow().AddMinutes(1);
        foreach (var key in new[] { "long", "longer" })
        {
            var puts = Enumerable.Range(0, 6_000).Select(i => new PutRequest(new RecordDraft { Key = key, Content = System.Text.Encoding.UTF8.GetBytes($"{i}"), ExpiresAt = ends }));
            await running.Memory.PutAsync(running.Notes, [.. puts], null, new Trail(), default);
        }

        await running.Memory.Sessions.AppendAsync("acme", "s", [new TurnDraft("user", "one", default, null)], TimeSpan.FromMinutes(1), null, new Trail(), default);
        running.Store.AfterCounted = () => running.Clock.Advance(TimeSpan.FromSeconds(2));

        running.Clock.Advance(TimeSpan.FromMinutes(2));
        var left = 3;
        for (var patience = 0; left > 0 && patience < 800; patience++)
        {
            await Task.Delay(25);
            left = (await running.Store.FindExpiredAsync(running.Clock.GetUtcNow(), 10, default)).Count;
        }

        Assert.Equal(0, left);
        Assert.Equal(2, running.Store.HistoriesErased);
    }

    [Fact]
    public async Task Cold_shards_beyond_the_limit_go_while_the_store_takes_no_writes()
    {
        await using var service = await Service.StartAsync();
        await service.SearchAsync("notes");
        await service.SearchAsync("others");
        Assert.Equal((2, 0), (service.Engine.Created, service.Engine.Disposed));
        service.Store.BeforeCommit = static _ => throw new StoreFullException("The disk is full in this test.");

        service.Clock.Advance(TimeSpan.FromMinutes(2));

        await service.DroppedAsync(2);
    }

    [Fact]
    public async Task A_reader_drops_what_it_loaded_while_no_node_could_be_asked_and_cleans_up_nothing()
    {
        var cluster = new ScriptedCluster();
        await using var service = await Service.StartAsync(cluster, isReader: true);
        await service.SearchAsync("notes");
        Assert.Equal((1, 0), (service.Engine.Created, service.Engine.Disposed));
        var commits = 0;
        service.Store.BeforeCommit = _ => Interlocked.Increment(ref commits);
        cluster.Answer = Answered;
        service.Clock.Advance(TimeSpan.FromMinutes(2));
        await service.DroppedAsync(1);

        // That the next round drops again shows that all of the one before is over.
        cluster.Answer = null;
        await service.SearchAsync("others");
        cluster.Answer = Answered;
        service.Clock.Advance(TimeSpan.FromMinutes(2));
        await service.DroppedAsync(2, isMoving: true);

        Assert.Equal(0, Volatile.Read(ref commits));

        static ClusterAnswer Answered(NamespaceInfo ns, ClusterCall call) => new(new ShardAnswer([], 0, 0), Sophia.Memory.Log.Sequence.Of(ns.Partition, call.Known), []);
    }

    /// <summary>A service with a record in each of two namespaces, one of which expires after a minute; shards say that they are larger than there may be.</summary>
    private sealed class Service : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("sophia-test").FullName;
        private readonly MemoryHierarchy _memory;

        private Service(IShardCluster? cluster, bool isReader)
        {
            Store = new DelegatingStore(SqliteRecordStore.Create(_folder, Clock));
            var options = new MemoryOptions { NearLimitBytes = 1 << 20, ShardLimitBytes = 1 << 20 };
            _memory = new MemoryHierarchy(Store, null, Engine, null, options, Clock, cluster: cluster, isReader: isReader);
        }

        public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));

        public CountingEngine Engine { get; } = new() { SizeOfShard = 2 << 20 };

        public DelegatingStore Store { get; }

        public static async Task<Service> StartAsync(IShardCluster? cluster = null, bool isReader = false)
        {
            var service = new Service(cluster, isReader);
            await service._memory.StartAsync(default);
            foreach (var (name, expires) in new[] { ("notes", service.Clock.GetUtcNow().AddMinutes(1)), ("others", default(DateTimeOffset?)) })
            {
                var ns = await service.Store.EnsureNamespaceAsync("acme", name, new NamespaceSettings { VectorSource = VectorSource.None }, default);
                var draft = new RecordDraft { Key = "k", Content = "walrus"u8.ToArray(), ExpiresAt = expires };
                await service._memory.PutAsync(ns, [new PutRequest(draft)], null, new Trail(), default);
            }

            return service;
        }

        public async Task SearchAsync(string name)
        {
            var ns = await Store.FindNamespaceAsync("acme", name, default);
            Assert.Single((await _memory.SearchAsync(ns!, new SearchRequest { Query = "walrus" }, new Trail(), default)).Hits);
        }

        /// <summary>One round of the background must be enough; the clock moves no further, so no other comes.</summary>
        /// <param name="isMoving">It moves all the same: the round before may be on its way still, and the pause behind it begins later than the clock was set.</param>
        public async Task DroppedAsync(int shards, bool isMoving = false)
        {
            for (var patience = 0; Engine.Disposed < shards && patience < 1_000; patience++)
            {
                if (isMoving)
                {
                    Clock.Advance(TimeSpan.FromSeconds(1));
                }

                await Task.Delay(10);
            }

            Assert.Equal(shards, Engine.Disposed);
        }

        public async ValueTask DisposeAsync()
        {
            await _memory.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
