using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Faults.Tests.Harness;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Shards.Merging;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.GpuTier.Tests.Merging;

/// <summary>A record that gets a new version while it is searched for, and with that goes from one shard to another.</summary>
public sealed class MovingRecordTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly ShardQuery Query = new() { Text = "walrus", Mode = SearchMode.Lexical };

    [Fact]
    public async Task A_record_that_moves_to_a_shard_that_has_answered_while_its_own_still_scans_is_found()
    {
        using var folder = new TestFolder();
        var (engine, map) = (new WatchedEngine(), new FixedMap());
        await using var memory = new MemoryHierarchy(
            SqliteRecordStore.Create(folder.Path, TimeProvider.System, NullLogger.Instance, null), null, engine, null, new MemoryOptions(), TimeProvider.System);
        await memory.StartAsync(default);
        var ns = await memory.ConfigureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
        map.Firsts = [(await PutAsync(memory, ns, "A walrus in the harbour.")).Number + 1];
        await using var host = memory.HoldShards(map, 1_000, long.MaxValue);
        ShardHost.OpenShard[] shards = [await OpenAsync(host, ns, 0), await OpenAsync(host, ns, 1)];
        engine.Made[0].Scanning = new Pause();
        var otherAnswered = new TaskCompletionSource();
        var round = new ShardRound(ns, new ClusterCall(Query, Sequence.None, 0, Patience, false), 2, async (shard, part, required) =>
        {
            var reply = await Task.Run(() => shards[shard].SearchAsync(new ShardCall(null, required, 0, Patience) { Part = part }, default).AsTask());
            if (shard == 1 && part.Kind == PartKind.Candidates)
            {
                otherAnswered.TrySetResult();
            }

            return reply;
        });

        var searching = new MergedSearch(ns.Settings, Query, (part, _) => round.AskAsync(part)).RunAsync(default);
        await engine.Made[0].Scanning!.Begun.WaitAsync(Patience);
        await otherAnswered.Task.WaitAsync(Patience);
        var moved = await PutAsync(memory, ns, "A walrus on the quay.");
        await engine.Made[0].Removed.WaitAsync(Patience);
        engine.Made[0].Scanning!.End();
        var answer = await searching;

        var hit = Assert.Single(answer.Hits);
        Assert.Equal(moved, hit.Sequence);
    }

    private static async Task<Sequence> PutAsync(MemoryHierarchy memory, NamespaceInfo ns, string text) =>
        (await memory.PutAsync(ns, [new PutRequest(new RecordDraft { Key = "k", Content = Encoding.UTF8.GetBytes(text) })], null, new Trail(), default)).Last;

    private static async Task<ShardHost.OpenShard> OpenAsync(ShardHost host, NamespaceInfo ns, int number)
    {
        var shard = await host.OpenAsync(ShardAddress.Of(ns, number), default);
        await shard.WarmAsync(default);
        return shard;
    }

    private sealed class FixedMap : IShardMap
    {
        public IReadOnlyList<long> Firsts { get; set; } = [];

        public ValueTask<IReadOnlyList<long>> ReadAsync(long namespaceId, CancellationToken cancellationToken) => new(Firsts);

        public ValueTask<long> OpenAsync(NamespaceInfo ns, int shard, int ahead, CancellationToken cancellationToken) => throw new InvalidOperationException("No shard is full.");
    }

    /// <summary>Keeps its shards in the order in which they were made.</summary>
    private sealed class WatchedEngine : IShardEngine
    {
        private readonly HostShardEngine _engine = new();

        public List<WatchedShard> Made { get; } = [];

        public string Engine => "watched";

        public IShard Create(NamespaceInfo ns)
        {
            Made.Add(new WatchedShard(_engine.Create(ns)));
            return Made[^1];
        }

        public IReadOnlyList<Highlight> Highlight(string language, MemoryRecord record, IReadOnlyList<string> terms) => [];
    }

    private sealed class Pause
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _ended = new();

        public Task Begun => _begun.Task;

        public void End() => _ended.TrySetResult();

        public void Take()
        {
            _begun.TrySetResult();
            Assert.True(_ended.Task.Wait(Patience));
        }
    }

    private sealed class WatchedShard(IShard inner) : DelegatingShard(inner)
    {
        private readonly TaskCompletionSource _removed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Pause? Scanning { get; set; }

        public Task Removed => _removed.Task;

        public override void Remove(RecordId id, Sequence sequence)
        {
            base.Remove(id, sequence);
            _removed.TrySetResult();
        }

        // What is found in the end is what is there in the end, as with a scan that holds no lock.
        public override PartAnswer Ask(PartCall call, CancellationToken cancellationToken)
        {
            if (call.Kind == PartKind.Candidates)
            {
                Scanning?.Take();
            }

            return base.Ask(call, cancellationToken);
        }
    }
}
