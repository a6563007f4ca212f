using System.Runtime.InteropServices;
using Sophia.Gpu.DeviceVectors;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Lexical;
using Sophia.Gpu.Text;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>
/// The searchable view of a namespace in host memory: rows, postings, vectors. It keeps keys and words, not contents.
/// A change reads the record's words first and then takes the lock for some microseconds. A search takes the lock to
/// filter and to walk the postings, scans the vectors without it (so that a scan of milliseconds holds up no write), and
/// takes it once more to score its candidates, and what changed meanwhile, as they are then.
/// </summary>
internal sealed partial class HostShard : IShard
{
    private const int MostWordsKept = 1 << 14;

    private readonly ReaderWriterLockSlim _lock = new(LockRecursionPolicy.NoRecursion);
    private readonly RowTable _rows = new();
    private readonly LexicalIndex _lexical = new();
    private readonly RemovalMarks _removals = new();
    private readonly ChangedRows _changes = new();
    private readonly FilterCache _filters = new();
    private readonly Conversations _conversations;
    private readonly Speakers _speakers;
    private readonly VectorPages? _vectors;
    private readonly DeviceIndex? _device;
    private readonly TextAnalyzer _analyzer;
    private readonly int _dimensions;
    private readonly List<Word> _words = new(256);
    private readonly double _vectorWeight;
    private GivenRows? _given;
    private bool _isDisposed;

    /// <param name="storage">Null: vectors in memory, the processor's fastest instructions.</param>
    public HostShard(NamespaceSettings settings, VectorStorage? storage = null)
    {
        _dimensions = settings.VectorSource == VectorSource.None ? 0 : settings.Dimensions;
        _vectors = _dimensions > 0 ? new VectorPages(_dimensions, storage) : null;
        _device = _vectors is not null && storage is { Devices.Count: > 0 } ? new DeviceIndex(storage.Devices, _vectors) : null;
        _analyzer = TextAnalyzer.For(settings.Language);
        _conversations = new Conversations(row => _rows.Keys[row]);
        _speakers = new Speakers(_analyzer);
        _vectorWeight = settings.VectorModel == HashedEmbedder.ModelName ? Fusion.HashedVectorWeight : Fusion.ModelVectorWeight;
    }

    public int Count => Read(shard => shard._rows.Count);

    public int Slots => Read(shard => shard._rows.Used);

    public long SizeInMemory => Read(shard =>
        shard._rows.SizeInMemory + shard._lexical.SizeInMemory + shard._removals.SizeInMemory + shard._changes.SizeInMemory +
        shard._conversations.SizeInMemory + shard._speakers.SizeInMemory + shard._filters.SizeInMemory + (shard._vectors?.SizeInMemory ?? 0));

    /// <summary>Words of the record that is being put; none between puts.</summary>
    internal int WordsHeld => _words.Count;

    /// <exception cref="ArgumentException">The record's vector has another length than the namespace's dimension.</exception>
    public void Put(MemoryRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        CheckVector(record);

        // Only the writer changes rows, and this is the writer: no lock to look.
        if (IsStale(record.Id, record.Sequence))
        {
            return;
        }

        try
        {
            var read = RecordReading.Of(record, _analyzer, _words);
            Take(record, read, CollectionsMarshal.AsSpan(_words));
        }
        finally
        {
            // At once, not before the next put: the record may be forgotten, and no other come for long.
            _words.Clear();
            if (_words.Capacity > MostWordsKept)
            {
                _words.Capacity = 256;
            }
        }
    }

    public PreparedRecord Prepare(MemoryRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        CheckVector(record);
        return PreparedWords.Of(record, _analyzer);
    }

    public void Put(PreparedRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (!IsStale(record.Record.Id, record.Record.Sequence))
        {
            var prepared = (PreparedWords)record;
            Take(prepared.Record, prepared.Reading, prepared.Words);
        }
    }

    public void Remove(RecordId id, Sequence sequence)
    {
        _lock.EnterWriteLock();
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_rows.TryFind(id, out var row))
            {
                if (_rows[row].Sequence.Value > sequence.Value)
                {
                    return;
                }

                ClearRow(row);
                _conversations.Remove(row);
                _speakers.Remove(row);
                _rows.Remove(row);
                _changes.Add(row);
            }

            _removals.Add(id, sequence);
        }
        finally
        {
            _lock.ExitWriteLock();
        }

        CompactIfWanted();
    }

    public void Withdraw(ShardEviction? eviction) => _device?.Evict(eviction?.Reason);

    public void Dispose() => Leave(null);

    public void Evict(ShardEviction eviction)
    {
        ArgumentNullException.ThrowIfNull(eviction);
        Leave(eviction);
    }

    private void Leave(ShardEviction? eviction)
    {
        _lock.EnterWriteLock();
        try
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                Withdraw(eviction);
                if (eviction is not null)
                {
                    _vectors?.Evict(eviction);
                }
                else
                {
                    _vectors?.Dispose();
                }
            }
        }
        finally
        {
            // The lock itself is left to the collector: a search may be waiting for it, to be told that the shard is gone.
            _lock.ExitWriteLock();
        }
    }

    private void CheckVector(MemoryRecord record)
    {
        if (_vectors is not null && record.Vector is { } vector && vector.Length != _dimensions)
        {
            throw new ArgumentException($"The vector of a record has {vector.Length} components; the namespace has {_dimensions}.", nameof(record));
        }
    }

    private void Take(MemoryRecord record, in RecordReading reading, ReadOnlySpan<Word> words)
    {
        var vector = _vectors is null ? null : record.Vector;
        if (vector is not null && _vectors!.IsFull)
        {
            AddPage();
        }

        _lock.EnterWriteLock();
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var row = _rows.Set(record, reading.Attributes);
            _changes.Add(row);
            ClearRow(row);
            _conversations.Set(row, reading.Place);
            _speakers.Set(row, reading.Speaker);
            _rows.Documents[row] = _lexical.Add(row, words);
            _rows[row].Content = reading.Content;
            _rows[row].Traits = reading.Traits;
            _rows[row].Vector = vector is null ? RowTable.NoVector : _vectors!.Add(row, vector);
            if (vector is not null)
            {
                _rows.Twins[row] = Twins.HashOf(reading.Content, _vectors!.Row(_rows[row].Vector));
                _device?.Changed(_rows[row].Vector);
            }
        }
        finally
        {
            _lock.ExitWriteLock();
        }

        CompactIfWanted();
    }

    // Made beside searches: the one who changes the shard does it, so nothing changes meanwhile.
    private void CompactIfWanted()
    {
        if (_lexical.WantsCompaction)
        {
            Write(static shard => shard._lexical.Invert());
            var made = _lexical.Compacted(_rows.Documents);
            Write(shard => shard._lexical.Become(made, shard._rows.Documents));
        }
    }

    private void Write(Action<HostShard> write)
    {
        _lock.EnterWriteLock();
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            write(this);
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    /// <summary>Beside searches, which it would hold up.</summary>
    private void AddPage()
    {
        _lock.EnterReadLock();
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _vectors!.AddPage();
        }
        finally
        {
            _lock.ExitReadLock();
        }
    }

    private bool IsStale(RecordId id, Sequence sequence) =>
        _rows.TryFind(id, out var row) ? _rows[row].Sequence.Value >= sequence.Value : _removals.Covers(id, sequence);

    /// <summary>Takes the row's document and vector away.</summary>
    private void ClearRow(int row)
    {
        if (_rows.Documents[row] != RowTable.NoDocument)
        {
            _lexical.Remove(_rows.Documents[row]);
            _rows.Documents[row] = RowTable.NoDocument;
        }

        if (_rows[row].Vector != RowTable.NoVector)
        {
            _vectors!.Remove(_rows[row].Vector);
            _device?.Changed(_rows[row].Vector);
            _rows[row].Vector = RowTable.NoVector;
        }
    }

    private T Read<T>(Func<HostShard, T> read)
    {
        _lock.EnterReadLock();
        try
        {
            return read(this);
        }
        finally
        {
            _lock.ExitReadLock();
        }
    }
}
