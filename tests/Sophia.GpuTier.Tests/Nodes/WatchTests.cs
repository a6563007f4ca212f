using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Faults.Tests.Harness;
using Sophia.Gpu.Grains;
using Sophia.GpuTier.Tests.Harness;
using Sophia.Memory.Search.Cluster;

namespace Sophia.GpuTier.Tests.Nodes;

[Collection(ClusterTests.Name)]
public sealed class WatchTests(Database database)
{
    [SkippableFact]
    public async Task Nodes_are_heard_of_also_after_a_look_that_failed_as_nobody_expected()
    {
        await using var nodes = await NodesInProcess.PrepareAsync(database);
        await using var node = await nodes.StartAsync();
        var clock = new FailingOnce();
        await using var cluster = new ShardCluster(new ClusterSettings { Membership = "postgres" }, nodes.Postgres, static _ => Task.CompletedTask, clock, NullLoggerFactory.Instance);
        await cluster.StartAsync(default);
        await Eventually.IsTrueAsync(() => cluster.Nodes.Count == 1, "the node is heard of");

        // The watch alone asks the clock while nobody searches.
        clock.Fails = true;
        await Eventually.IsTrueAsync(() => !clock.Fails, "a look fails");
        await node.Shards.PrepareAsync(ShardAddress.Of(nodes.Notes, 0), default);

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
