using System.Text;
using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Caching;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;

namespace Sophia.Tests.Infrastructure;

/// <summary>
/// Two hierarchies over one store, as two processes are over one PostgreSQL. The clock stands still, so a node follows the
/// other's changes only when it is told to: every interleaving is the test's own.
/// </summary>
internal sealed class TwoNodes : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("sophia-two").FullName;

    public HookedClock Clock { get; } = new(new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));

    public Node A { get; private set; } = null!;

    public Node B { get; private set; } = null!;

    public static async Task<TwoNodes> StartAsync(ISharedCache? sharedOfA = null, ISharedCache? sharedOfB = null)
    {
        var nodes = new TwoNodes();
        var store = SqliteRecordStore.Create(nodes._directory, nodes.Clock);
        nodes.A = new Node(new DelegatingStore(store) { PretendShared = true }, nodes.Clock, sharedOfA);
        nodes.B = new Node(new DelegatingStore(store) { PretendShared = true, OwnsInner = false }, nodes.Clock, sharedOfB);
        await nodes.A.StartAsync();
        await nodes.B.StartAsync();
        return nodes;
    }

    public async ValueTask DisposeAsync()
    {
        await B.Memory.DisposeAsync();
        await A.Memory.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    internal sealed class Node(DelegatingStore store, FakeTimeProvider clock, ISharedCache? shared)
    {
        public DelegatingStore Store => store;

        public MemoryHierarchy Memory { get; } =
            new(store, shared, new HostShardEngine(), new HashedEmbedder(), new MemoryOptions(), clock);

        public NamespaceInfo Notes { get; private set; } = null!;

        public async Task StartAsync()
        {
            await Memory.StartAsync(default);
            Notes = await Memory.NamespaceForWriteAsync("acme", "notes", 0, default);
        }

        public async Task<Receipt> PutAsync(string key, string text) =>
            (await Memory.PutAsync(Notes, [new PutRequest(new RecordDraft { Key = key, Content = Encoding.UTF8.GetBytes(text) })], null, new Trail(), default)).Receipts[0];

        public async Task<string?> GetAsync(string key, Sequence minSequence = default) =>
            (await Memory.GetAsync(Notes, key, minSequence, new Trail(), default)).Entry is { } entry ? Encoding.UTF8.GetString(entry.Record.Content.Span) : null;

        public async Task<Receipt> DeleteAsync(string key) =>
            (await Memory.DeleteAsync(Notes, key, default, null, new Trail(), default)).Receipts[0];

        public Task<ForgetAnswer> ForgetAsync(string key) =>
            Memory.ForgetAsync(Notes, new ForgetRequest { Keys = [key] }, new Trail(), default);

        public RecordId IdOf(string key) => Memory.IdOf(Notes, key);

        public Task<Sequence> NowAsync() => Memory.NowAsync(Notes, default);

        public Task EvictNearAsync() => Memory.EvictAsync(Sophia.Memory.Tiers.Tier.L1, null, null);

        /// <summary>Returns when the node's cursor has passed the change.</summary>
        public Task SeeAsync(Sequence sequence) => Memory.SearchAsync(
            Notes, new SearchRequest { Query = "anything", MinSequence = sequence }, new Trail(), default);

        /// <summary>Sees the change in the middle of what the calling thread does next, where that looks at the clock.</summary>
        public void SeeMeanwhile(Sequence sequence) =>
            ((HookedClock)clock).WhenAsked(() => SeeAsync(sequence).WaitAsync(TimeSpan.FromSeconds(10)).GetAwaiter().GetResult());
    }

    /// <summary>A clock that stands still and does something of the test's, once, when a thread next asks it.</summary>
    internal sealed class HookedClock(DateTimeOffset start) : FakeTimeProvider(start)
    {
        private (int Thread, Action Action)? _hook;

        public void WhenAsked(Action action) => _hook = (Environment.CurrentManagedThreadId, action);

        public override long GetTimestamp()
        {
            if (_hook is { } hook && hook.Thread == Environment.CurrentManagedThreadId)
            {
                _hook = null;
                hook.Action();
            }

            return base.GetTimestamp();
        }
    }
}
