using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Sophia.Faults.Tests.Harness;
using Sophia.Gpu.Grains;
using Sophia.GpuTier.Tests.Harness;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search.Cluster;
using Sophia.Stores.Postgres;
using Sophia.Stores.Sqlite;

namespace Sophia.GpuTier.Tests.Nodes;

[Collection(ClusterTests.Name)]
public sealed class WatchTests(Database database)
{
    [SkippableFact]
    public async Task Nodes_are_heard_of_also_after_a_look_that_failed_as_nobody_expected()
    {
        var postgres = database.New();
        await using var source = NpgsqlDataSource.Create(postgres);
        await ClusterMembership.PrepareAsync(source, default);
        using var folder = new TestFolder();
        await using var store = SqliteRecordStore.Create(folder.Path, TimeProvider.System, NullLogger.Instance, null);
        await store.OpenAsync(default);
        var ns = await store.EnsureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
        await using var node = await NodeInProcess.StartAsync(postgres, store);
        var clock = new FailingOnce();
        await using var cluster = new ShardCluster(new ClusterSettings { Membership = "postgres" }, postgres, static _ => Task.CompletedTask, clock, NullLoggerFactory.Instance);
        await cluster.StartAsync(default);
        await Eventually.IsTrueAsync(() => cluster.Nodes.Count == 1, "the node is heard of");

        // The watch alone asks the clock while nobody searches.
        clock.Fails = true;
        await Eventually.IsTrueAsync(() => !clock.Fails, "a look fails");
        await node.Shards.PrepareAsync(ShardAddress.Of(ns, 0), default);

        await Eventually.IsTrueAsync(() => cluster.Nodes is [{ Shards.Count: 1 }], "what the node has by now is heard of", patience: TimeSpan.FromSeconds(20));
    }

    private sealed class FailingOnce : TimeProvider
    {
        private volatile bool _fails;

        public bool Fails { get => _fails; set => _fails = value; }

        public override long GetTimestamp()
        {
            if (_fails)
            {
                _fails = false;
                throw new InvalidOperationException("The test lets the look fail.");
            }

            return base.GetTimestamp();
        }
    }
}
