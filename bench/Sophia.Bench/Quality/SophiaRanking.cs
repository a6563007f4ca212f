using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Stores.Sqlite;

namespace Sophia.Bench.Quality;

/// <summary>The real hierarchy in this process over SQLite, with the default embedder: what a caller of the service gets.</summary>
internal sealed class SophiaRanking : IAsyncDisposable
{
    private const int BatchSize = 500;
    private readonly MemoryHierarchy _memory;
    private NamespaceInfo _namespace = null!;
    private Sequence _last;

    private SophiaRanking(MemoryHierarchy memory) => _memory = memory;

    public static async Task<SophiaRanking> StartAsync(string folder)
    {
        var store = SqliteRecordStore.Create(folder, TimeProvider.System);
        var memory = new MemoryHierarchy(store, null, new HostShardEngine(), new HashedEmbedder(), new MemoryOptions(), TimeProvider.System);
        await memory.StartAsync(CancellationToken.None);
        return new SophiaRanking(memory);
    }

    /// <summary>Writes a collection into a namespace of its own, and ranks in it from now on.</summary>
    public async Task LoadAsync(string name, IReadOnlyList<LabelledRecord> records)
    {
        _namespace = await _memory.NamespaceForWriteAsync("bench", name, 0, CancellationToken.None);
        foreach (var batch in records.Chunk(BatchSize))
        {
            var answer = await _memory.PutAsync(_namespace, [.. batch.Select(r => new PutRequest(ToDraft(r)))], null, new Trail(), CancellationToken.None);
            _last = answer.Last;
            if (answer.Receipts.Any(r => r.IsRejected))
            {
                throw new InvalidOperationException($"A record of '{name}' was rejected: {answer.Receipts.First(r => r.IsRejected)}.");
            }
        }
    }

    public async Task<IReadOnlyList<string>> RankAsync(string query, SearchMode mode)
    {
        var answer = await _memory.SearchAsync(
            _namespace, new SearchRequest { Query = query, Mode = mode, K = RankingMetrics.Depth, MinSequence = _last }, new Trail(),
            CancellationToken.None);

        // What a hit says to be its copies takes places behind it, as the reference gives them places too.
        return [.. answer.Hits.SelectMany(hit => hit.Found.Folded.Select(copy => copy.Key).Prepend(hit.Record.Key)).Take(RankingMetrics.Depth)];
    }

    public ValueTask DisposeAsync() => _memory.DisposeAsync();

    private static RecordDraft ToDraft(LabelledRecord record)
    {
        var attributes = record.Conversation is null ? null
            : new JsonObject { [record.IsTurn ? "conversation" : "path"] = record.Conversation, ["position"] = record.Position };
        return new RecordDraft
        {
            Key = record.Key,
            Content = Encoding.UTF8.GetBytes(record.Text),
            Attributes = attributes is null ? default : Encoding.UTF8.GetBytes(attributes.ToJsonString()),
            ValidFrom = record.At,
        };
    }
}
