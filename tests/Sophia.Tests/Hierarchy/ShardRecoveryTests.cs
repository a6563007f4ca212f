using Microsoft.Extensions.Time.Testing;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

public sealed class ShardRecoveryTests
{
    [Fact]
    public async Task A_shard_that_could_not_be_loaded_is_loaded_anew_and_its_memory_is_given_back()
    {
        var directory = Directory.CreateTempSubdirectory("sophia-test").FullName;
        var engine = new CountingEngine();
        var store = new DelegatingStore(SqliteRecordStore.Create(directory, TimeProvider.System));
        var memory = new MemoryHierarchy(store, null, engine, null, new MemoryOptions(), new FakeTimeProvider());
        await memory.StartAsync(default);
        var ns = await memory.NamespaceForWriteAsync("acme", "notes", 0, default);
        await memory.PutAsync(ns, [new PutRequest(new RecordDraft { Key = "k", Content = "words"u8.ToArray() })], null, new Trail(), default);
        await memory.EvictAsync(Sophia.Memory.Tiers.Tier.L0, null, null);
        engine.Disposed = 0;
        engine.Evictions.Clear();
        store.IsDown = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => SearchAsync());
        store.IsDown = false;

        var found = await SearchAsync();
        for (var i = 0; i < 500 && engine.Disposed == 0; i++)
        {
            await Task.Delay(10);
        }

        Assert.Single(found.Hits);
        Assert.Equal(1, engine.Disposed);
        Assert.Equal(["loaded anew"], engine.Evictions);
        await memory.DisposeAsync();
        Directory.Delete(directory, recursive: true);

        Task<SearchAnswer> SearchAsync() => memory.SearchAsync(ns, new SearchRequest { Query = "words" }, new Trail(), default);
    }
}
