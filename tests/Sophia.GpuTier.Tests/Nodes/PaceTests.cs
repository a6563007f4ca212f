using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Faults.Tests.Harness;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Tiers;
using Sophia.Stores.Sqlite;

namespace Sophia.GpuTier.Tests.Nodes;

public sealed class PaceTests
{
    [Fact]
    public async Task A_writer_is_answered_when_the_shard_on_a_node_has_come_within_two_thousand_changes_of_the_log()
    {
        using var folder = new TestFolder();
        var cluster = new SlowCluster();
        await using var memory = new MemoryHierarchy(
            SqliteRecordStore.Create(folder.Path, TimeProvider.System, NullLogger.Instance, null), null, new HostShardEngine(), null, new MemoryOptions(), TimeProvider.System, cluster: cluster);
        await memory.StartAsync(default);
        var ns = await memory.ConfigureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
        await WriteAsync(memory, ns, 0, 2_500);
        Assert.InRange(cluster.Awaited, 400, 500);

        cluster.HasCome = new TaskCompletionSource();
        var writing = WriteAsync(memory, ns, 2_500, 1);
        await Eventually.IsTrueAsync(() => cluster.Waiting == 1, "the writer waits");
        Assert.False(writing.IsCompleted);
        cluster.HasCome.SetResult();

        await writing;
        Assert.InRange(cluster.Awaited, 401, 501);
    }

    private static async Task WriteAsync(MemoryHierarchy memory, NamespaceInfo ns, int first, int count)
    {
        var puts = Enumerable.Range(first, count).Select(static i => new PutRequest(new RecordDraft { Key = $"k{i}", Content = Encoding.UTF8.GetBytes($"Note {i}.") })).ToArray();
        await memory.PutAsync(ns, puts, null, new Trail(), default);
    }

    private sealed class SlowCluster : IShardCluster
    {
        private int _waiting;

        public long Awaited { get; private set; }

        public int Waiting => Volatile.Read(ref _waiting);

        public TaskCompletionSource? HasCome { get; set; }

        public string Engine => "nodes of the test";

        public TierState State => TierState.Healthy;

        public string? Reason => null;

        public IReadOnlyList<ClusterNode> Nodes => [];

        public async ValueTask PaceAsync(NamespaceInfo ns, long number, int written)
        {
            Awaited = number;
            if (HasCome is { } come)
            {
                Interlocked.Increment(ref _waiting);
                await come.Task;
            }
        }

        public Task<ClusterAnswer> SearchAsync(NamespaceInfo ns, ClusterCall call, CancellationToken cancellationToken) => throw new ClusterUnavailableException("Not in this test.");

        public Task<IReadOnlyList<HeldShard>> HeldAsync(NamespaceInfo ns, CancellationToken cancellationToken) => throw new ClusterUnavailableException("Not in this test.");

        public Task<IReadOnlyList<UnconfirmedCopy>> ReachAsync(NamespaceInfo ns, long number, TimeSpan timeout, CancellationToken cancellationToken) => throw new ClusterUnavailableException("Not in this test.");

        public Task<int> EvictAsync(NamespaceInfo ns, CancellationToken cancellationToken) => throw new ClusterUnavailableException("Not in this test.");

        public Task WarmAsync(NamespaceInfo ns, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
