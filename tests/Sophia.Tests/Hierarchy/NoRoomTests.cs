using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

public sealed class NoRoomTests
{
    [Fact]
    public async Task A_shard_that_has_no_room_is_refused_to_those_who_wait_for_nothing_too_and_loaded_once()
    {
        var directory = Directory.CreateTempSubdirectory("sophia-test");
        var engine = new CountingEngine();
        var store = SqliteRecordStore.Create(directory.FullName, TimeProvider.System);
        await using (var host = new ShardHost(
            store, new OneShard(), 1_000, engine, new ModelCatalog([], null), new MemoryOptions(), TimeProvider.System, NullLoggerFactory.Instance, mostBytes: 1))
        {
            await host.StartAsync(default);
            var ns = await store.EnsureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
            await store.CommitAsync([new WriteGroup([new PutOperation(ns, new RecordDraft { Key = "k", Content = Encoding.UTF8.GetBytes("walrus") }, new RecordId(1), Precondition.None)])], default);
            var shard = await host.OpenAsync(ShardAddress.Of(ns, 0), default);
            var call = new ShardCall(new ShardQuery { Text = "walrus", Mode = SearchMode.Lexical }, 0, 0, TimeSpan.Zero);

            var reply = await shard.SearchAsync(call, default);
            for (var i = 0; reply.Outcome == ShardOutcome.Loading; i++)
            {
                Assert.True(i < 6_000, "It is said to be loading for ever.");
                await Task.Delay(10);
                reply = await shard.SearchAsync(call, default);
            }

            Assert.Equal(ShardOutcome.NoRoom, reply.Outcome);
            Assert.Equal(ShardOutcome.NoRoom, (await shard.SearchAsync(call, default)).Outcome);
            Assert.Equal(1, engine.Created);
        }

        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_service_refuses_a_shard_for_which_it_has_no_room_loads_it_once_and_takes_it_when_another_is_not_used_any_more()
    {
        var directory = Directory.CreateTempSubdirectory("sophia-test");
        var engine = new CountingEngine { SizeOfShard = 2 << 20 };
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));
        var store = SqliteRecordStore.Create(directory.FullName, clock);
        var options = new MemoryOptions { NearLimitBytes = 1 << 20, ShardLimitBytes = 3 << 20, ShardMostBytes = 3 << 20 };
        await using (var memory = new MemoryHierarchy(store, null, engine, null, options, clock))
        {
            await memory.StartAsync(default);
            var settings = new NamespaceSettings { VectorSource = VectorSource.None };
            var (used, other) = (await store.EnsureNamespaceAsync("acme", "used", settings, default), await store.EnsureNamespaceAsync("acme", "other", settings, default));
            await SearchAsync(used);

            var refused = await Assert.ThrowsAsync<NoRoomException>(() => SearchAsync(other));
            Assert.Equal(TimeSpan.FromSeconds(10), refused.RetryAfter);
            Assert.Contains("Sophia:ShardMostBytes", refused.Suggestion, StringComparison.Ordinal);
            clock.Advance(TimeSpan.FromSeconds(4));
            Assert.Equal(TimeSpan.FromSeconds(6), (await Assert.ThrowsAsync<NoRoomException>(() => SearchAsync(other))).RetryAfter);
            Assert.Equal(2, engine.Created);
            Assert.Single((await SearchAsync(other, allowPartial: true)).Missing);

            clock.Advance(options.ShardIdle);
            await SearchAsync(other);
            Assert.Equal(3, engine.Created);

            Task<SearchAnswer> SearchAsync(NamespaceInfo ns, bool allowPartial = false) =>
                memory.SearchAsync(ns, new SearchRequest { Query = "walrus", AllowPartial = allowPartial }, new Trail(), default);
        }

        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task One_that_takes_all_that_there_may_be_is_refused_for_as_long_as_it_says()
    {
        var directory = Directory.CreateTempSubdirectory("sophia-test");
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));
        var store = SqliteRecordStore.Create(directory.FullName, clock);
        var engine = new CountingEngine { SizeOfShard = 4 << 20 };
        await using (var memory = new MemoryHierarchy(store, null, engine, null, new MemoryOptions { NearLimitBytes = 1 << 20, ShardLimitBytes = 3 << 20, ShardMostBytes = 3 << 20 }, clock))
        {
            await memory.StartAsync(default);
            var ns = await store.EnsureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);

            Assert.Equal(TimeSpan.FromMinutes(5), (await RefusedAsync()).RetryAfter);
            clock.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal(TimeSpan.FromMinutes(4), (await RefusedAsync()).RetryAfter);
            Assert.Equal(1, engine.Created);
            clock.Advance(TimeSpan.FromMinutes(4));
            await RefusedAsync();
            Assert.Equal(2, engine.Created);

            Task<NoRoomException> RefusedAsync() => Assert.ThrowsAsync<NoRoomException>(() => memory.SearchAsync(ns, new SearchRequest { Query = "walrus" }, new Trail(), default));
        }

        directory.Delete(recursive: true);
    }
}
