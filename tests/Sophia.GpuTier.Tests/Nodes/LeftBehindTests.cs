using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sophia.Faults.Tests.Harness;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.GpuTier.Tests.Nodes;

public sealed class LeftBehindTests
{
    [Fact]
    public async Task A_shard_of_a_language_that_its_namespace_no_longer_has_goes_when_nobody_asks_for_it()
    {
        using var folder = new TestFolder();
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        var store = SqliteRecordStore.Create(folder.Path, clock, NullLogger.Instance, null);
        await using var host = new ShardHost(store, new OneShard(), 1_000, new HostShardEngine(), new ModelCatalog([], null), new MemoryOptions(), clock, NullLoggerFactory.Instance);
        await host.StartAsync(default);
        var ns = await store.EnsureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None, Language = "en" }, default);
        var other = await store.EnsureNamespaceAsync("acme", "others", new NamespaceSettings { VectorSource = VectorSource.None, Language = "en" }, default);
        var (shard, kept) = (await host.OpenAsync(ShardAddress.Of(ns, 0), default), await host.OpenAsync(ShardAddress.Of(other, 0), default));
        await AskAsync(shard);
        await AskAsync(kept);

        await store.UpdateNamespaceAsync(ns, static settings => settings with { Language = "de" }, default);
        Assert.False(await shard.IsLeftBehindAsync(default), "It was asked a moment ago.");
        clock.Advance(TimeSpan.FromMinutes(6));

        Assert.True(await shard.IsLeftBehindAsync(default));
        Assert.False(await kept.IsLeftBehindAsync(default), "Its namespace has not changed.");
        await shard.ReleaseAsync();
        Assert.Equal(ShardAddress.Of(other, 0).ToString(), Assert.Single(host.Report()).Address);
    }

    [Fact]
    public void An_address_reads_back_whatever_the_models_identity_has_in_it()
    {
        foreach (var model in (string?[])[null, "hashed-256", "https://models.example/v1#a.b.c", "a b/ä"])
        {
            var address = new ShardAddress(12, 3, "en", model);

            Assert.Equal(address, ShardAddress.Parse(address.ToString()));
        }

        Assert.Throws<FormatException>(static () => ShardAddress.Parse("12.x.en."));
        Assert.Throws<FormatException>(static () => ShardAddress.Parse("12"));
    }

    private static async Task AskAsync(ShardHost.OpenShard shard)
    {
        var reply = await shard.SearchAsync(new ShardCall(new ShardQuery { Text = "walrus", Mode = SearchMode.Lexical }, 0, 0, TimeSpan.FromSeconds(30)), default);
        Assert.Equal(ShardOutcome.Found, reply.Outcome);
    }
}
