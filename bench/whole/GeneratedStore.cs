using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;

namespace Sophia.Bench.Whole;

/// <summary>
/// L3 as a node sees it that loads shards and follows a log to which nothing is added: one namespace, whose records are made when they
/// are read. What a node never asks is refused by name. It is its own map of shards, too.
/// </summary>
[SuppressMessage("Performance", "CA1852:Seal internal types", Justification = "The proxy derives from it.")]
internal class GeneratedStore : DispatchProxy, IShardMap
{
    private static readonly ReadOnlyMemory<byte> Secret = new byte[32];
    private Texts _texts = null!;
    private NamespaceInfo _ns = null!;
    private long _records;
    private long _shardRecords;

    public static (IRecordStore Store, IShardMap Map) Of(Texts texts, NamespaceInfo ns, long records, long shardRecords)
    {
        var store = Create<IRecordStore, GeneratedStore>();
        var made = (GeneratedStore)(object)store;
        (made._texts, made._ns, made._records, made._shardRecords) = (texts, ns, records, shardRecords);
        return (store, made);
    }

    public static string KeyOf(long number) => string.Create(CultureInfo.InvariantCulture, $"note-{number:00000000}");

    public ValueTask<IReadOnlyList<long>> ReadAsync(long namespaceId, CancellationToken cancellationToken)
    {
        var firsts = new List<long>();
        for (var first = 1 + _shardRecords; first <= _records; first += _shardRecords)
        {
            firsts.Add(first);
        }

        return new(firsts);
    }

    public ValueTask<long> OpenAsync(NamespaceInfo ns, int shard, int ahead, CancellationToken cancellationToken) =>
        throw new NotSupportedException("No shard is full here.");

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
    {
        "get_" + nameof(IRecordStore.Engine) => "generated records",
        "get_" + nameof(IRecordStore.Secret) => Secret,
        "get_" + nameof(IRecordStore.IsShared) => true,
        nameof(IRecordStore.OpenAsync) or nameof(IRecordStore.PingAsync) => Task.CompletedTask,
        nameof(IAsyncDisposable.DisposeAsync) => ValueTask.CompletedTask,
        nameof(IRecordStore.FindNamespaceAsync) => Task.FromResult<NamespaceInfo?>(_ns),
        nameof(IRecordStore.CountAsync) => Task.FromResult(_records),
        nameof(IRecordStore.ReadWatermarksAsync) => Task.FromResult(new Watermarks { [_ns.Partition] = _records }),
        nameof(IRecordStore.ReadTrimmedAsync) => Task.FromResult(0L),
        nameof(IRecordStore.ReadLogAsync) => Task.FromResult(new RowPage<LogEntry>([], false)),
        nameof(IRecordStore.ReadLogHeadsAsync) => Task.FromResult<IReadOnlyList<LogEntry>>([]),
        nameof(IRecordStore.ScanAsync) when args!.Length == 2 => ScanAsync(1, _records + 1),
        nameof(IRecordStore.ScanAsync) => ScanAsync(Math.Max(1, ((Sequence)args![1]!).Number), ((Sequence?)args[2])?.Number ?? (_records + 1)),
        var other => throw new NotSupportedException($"A node asked its store for {other}."),
    };

    private async IAsyncEnumerable<MemoryRecord> ScanAsync(long first, long end, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        for (var number = first; number < end; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var key = KeyOf(number);
            yield return new MemoryRecord
            {
                NamespaceId = _ns.Id, Key = key, Id = RecordId.Of(Secret.Span, _ns.Id, key), Content = Encoding.UTF8.GetBytes(_texts[number]), ContentType = "text/plain",
                Vector = _texts.VectorOf(number), VectorModel = _ns.Settings.VectorModel, Version = 1, Sequence = Sequence.Of(_ns.Partition, number),
                CreatedAt = _ns.CreatedAt, UpdatedAt = _ns.CreatedAt,
            };
        }
    }
}
