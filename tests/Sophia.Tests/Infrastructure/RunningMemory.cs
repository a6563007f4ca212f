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
using Sophia.Memory.Search;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;

namespace Sophia.Tests.Infrastructure;

/// <summary>The real hierarchy over a real SQLite store in a folder of its own, with a clock that the test moves.</summary>
internal sealed class RunningMemory : IAsyncDisposable
{
    private readonly string _directory;

    private RunningMemory(string directory, DelegatingStore store, MemoryHierarchy memory, FakeTimeProvider clock) =>
        (_directory, Store, Memory, Clock) = (directory, store, memory, clock);

    public DelegatingStore Store { get; }

    public MemoryHierarchy Memory { get; }

    public FakeTimeProvider Clock { get; }

    public string Directory => _directory;

    public NamespaceInfo Notes { get; private set; } = null!;

    public static async Task<RunningMemory> StartAsync(MemoryOptions? options = null, string? directory = null, ISharedCache? shared = null, IShardEngine? engine = null)
    {
        directory ??= System.IO.Directory.CreateTempSubdirectory("sophia-test").FullName;
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));
        var store = new DelegatingStore(SqliteRecordStore.Create(directory, clock));
        var memory = new MemoryHierarchy(store, shared, engine ?? new HostShardEngine(), new HashedEmbedder(), options ?? new MemoryOptions(), clock);
        await memory.StartAsync(CancellationToken.None);
        return new RunningMemory(directory, store, memory, clock) { Notes = await memory.NamespaceForWriteAsync("acme", "notes", 0, CancellationToken.None) };
    }

    public async Task<Receipt> PutAsync(string key, string text, Func<RecordDraft, RecordDraft>? shape = null)
    {
        var draft = new RecordDraft { Key = key, Content = Encoding.UTF8.GetBytes(text) };
        var answer = await Memory.PutAsync(Notes, [new PutRequest(shape?.Invoke(draft) ?? draft)], null, new Trail(), CancellationToken.None);
        return answer.Receipts[0];
    }

    /// <summary>The text under the key, and the trail of the read.</summary>
    public async Task<(string? Text, Trail Trail)> GetAsync(string key, Sequence minSequence = default)
    {
        var trail = new Trail();
        var answer = await Memory.GetAsync(Notes, key, minSequence, trail, CancellationToken.None);
        return (answer.Entry is { } entry ? Encoding.UTF8.GetString(entry.Record.Content.Span) : null, trail);
    }

    public Task<SearchAnswer> SearchAsync(string query, Sequence minSequence = default, DateTimeOffset? asOf = null) =>
        Memory.SearchAsync(Notes, new SearchRequest { Query = query, MinSequence = minSequence, AsOf = asOf }, new Trail(), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        Store.IsDown = false;
        await Memory.DisposeAsync();
        System.IO.Directory.Delete(_directory, recursive: true);
    }
}
