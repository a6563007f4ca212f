using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Shards;

/// <summary>
/// What a shard keeps of each record beside its words and its vector, by row: identity, times, tags, attributes. Freed
/// rows are blanked and used again. One thread at a time changes it, while none reads.
/// </summary>
internal sealed class RowTable
{
    public const int NoDocument = -1;
    public const int NoVector = -1;

    private readonly RowIds _rowOfId = new();
    private readonly Stack<int> _free = new();
    private readonly Interner _names = new();
    private readonly Interner _texts = new();
    private readonly Interner _tags = new();
    private readonly List<SparseRows?> _tagged = [];
    private readonly List<AttributeColumn?> _columns = [];
    private ChunkedRows<string?> _keys = new();
    private ChunkedRows<Row> _rows = new();
    private ChunkedRows<ulong> _twins = new();
    private readonly List<ulong[]> _live = [];
    private readonly List<long> _versions = [];
    private int[] _documents = new int[16];
    private long _variableBytes;
    private long _columnBytes;

    /// <summary>Rows ever used: the living and the freed have numbers below.</summary>
    public int Used { get; private set; }

    public int Count => _rowOfId.Count;

    /// <summary>Rises with every change.</summary>
    public long Version { get; private set; }

    public int Chunks => _live.Count;

    /// <summary>Rows whose record expires some day.</summary>
    public int Expiring { get; private set; }

    public Interner Names => _names;

    public Interner Texts => _texts;

    public Interner Tags => _tags;

    /// <summary>By row, as many as there are now; null when the row is free.</summary>
    public ChunkedRows<string?> Keys => _keys;

    /// <summary>By row: what rows with the same words and the same vector have in common (<see cref="Shards.Twins"/>); 0 for no others.</summary>
    public ChunkedRows<ulong> Twins => _twins;

    /// <summary>The number of the row's document in the lexical index.</summary>
    public Span<int> Documents => _documents.AsSpan(0, Used);

    public long SizeInMemory =>
        (_rows.Capacity * (120L + 8 + 8 + 4)) + (_rowOfId.Count * 44L) + _variableBytes + _columnBytes +
        _names.SizeInMemory + _texts.SizeInMemory + _tags.SizeInMemory;

    public ref Row this[int row] => ref _rows[row];

    public bool IsLive(int row) => (uint)row < (uint)Used && _keys[row] is not null;

    /// <summary>A chunk's rows that are not free, a bit each.</summary>
    public ReadOnlySpan<ulong> LiveOf(int chunk) => _live[chunk];

    /// <summary>The version of the table in which a chunk changed last.</summary>
    public long VersionOf(int chunk) => _versions[chunk];

    /// <summary>The rows with a tag; null when there are none.</summary>
    public SparseRows? TaggedWith(int tag) => (uint)tag < (uint)_tagged.Count ? _tagged[tag] : null;

    /// <summary>The column of an attribute; null when no row has it.</summary>
    public AttributeColumn? ColumnOf(int name) => (uint)name < (uint)_columns.Count ? _columns[name] : null;

    public bool TryFind(RecordId id, out int row) => _rowOfId.TryGetValue(id, out row);

    /// <summary>Writes a record into the row that it has, or into a new one; returns the row.</summary>
    public int Set(MemoryRecord record, AttributeReader.ParsedAttribute[] attributes)
    {
        if (_rowOfId.TryGetValue(record.Id, out var row))
        {
            Release(row);
        }
        else
        {
            row = Take();
            _rowOfId.Add(record.Id, row);
            _rows[row].Vector = NoVector;
            _documents[row] = NoDocument;
        }

        // A row that is written anew keeps the objects that it has: every new one in an old array is one for the next collection to
        // look for, and rows are written all over the table.
        if (_keys[row] != record.Key)
        {
            _keys[row] = record.Key;
        }

        _twins[row] = 0;
        _versions[RowChunk.Of(row)] = ++Version;
        _live[RowChunk.Of(row)][RowChunk.PlaceOf(row) >> 6] |= 1UL << row;
        ref var target = ref _rows[row];
        target.Id = record.Id;
        target.Sequence = record.Sequence;
        target.Created = record.CreatedAt.UtcTicks;
        target.Updated = record.UpdatedAt.UtcTicks;
        target.Expires = record.ExpiresAt?.UtcTicks ?? long.MaxValue;
        target.ValidFrom = record.ValidFrom?.UtcTicks ?? long.MinValue;
        target.ValidTo = record.ValidTo?.UtcTicks ?? long.MaxValue;
        target.Tags = Use(record.Tags, target.Tags);
        target.Attributes = Use(attributes, target.Attributes);
        AddToColumns(row);
        Expiring += record.ExpiresAt is null ? 0 : 1;
        _variableBytes += VariableBytes(row);
        return row;
    }

    public void Remove(int row)
    {
        Release(row);
        _rowOfId.Remove(_rows[row].Id);
        _keys[row] = null;
        _twins[row] = 0;
        _versions[RowChunk.Of(row)] = ++Version;
        _live[RowChunk.Of(row)][RowChunk.PlaceOf(row) >> 6] &= ~(1UL << row);
        _rows[row] = default;
        _free.Push(row);
    }

    private int Take()
    {
        if (_free.TryPop(out var row))
        {
            return row;
        }

        _keys.MakeRoomFor(Used);
        _rows.MakeRoomFor(Used);
        _twins.MakeRoomFor(Used);
        if (Used == _documents.Length)
        {
            Array.Resize(ref _documents, Used * 3 / 2);
        }

        if (RowChunk.Of(Used) == _live.Count)
        {
            _live.Add(new ulong[RowChunk.Words]);
            _versions.Add(0);
        }

        return Used++;
    }

    private void AddToColumns(int row)
    {
        ref readonly var at = ref _rows[row];
        foreach (var tag in at.Tags)
        {
            while (_tagged.Count <= tag)
            {
                _tagged.Add(null);
            }

            if (_tagged[tag] is not { } tagged)
            {
                _tagged[tag] = tagged = new SparseRows();
                _columnBytes += tagged.SizeInMemory;
            }

            _columnBytes -= tagged.SizeInMemory;
            tagged.Add(row);
            _columnBytes += tagged.SizeInMemory;
        }

        ReadOnlySpan<AttributeCell> cells = at.Attributes;
        while (!cells.IsEmpty)
        {
            var name = cells[0].Name;
            var own = AttributeColumn.CellsOf(cells, name);
            while (_columns.Count <= name)
            {
                _columns.Add(null);
            }

            if (_columns[name] is not { } column)
            {
                _columns[name] = column = new AttributeColumn();
                _columnBytes += column.SizeInMemory;
            }

            _columnBytes -= column.SizeInMemory;
            column.Add(row, own, name, this);
            _columnBytes += column.SizeInMemory;
            cells = cells[own.Length..];
        }
    }

    private void Release(int row)
    {
        _variableBytes -= VariableBytes(row);
        ref var old = ref _rows[row];
        Expiring -= old.Expires == long.MaxValue ? 0 : 1;
        foreach (var tag in old.Tags)
        {
            _columnBytes -= _tagged[tag]!.SizeInMemory;
            _tagged[tag]!.Remove(row);
            _columnBytes += _tagged[tag]!.SizeInMemory;
            if (_tags.Release(tag))
            {
                _columnBytes -= _tagged[tag]!.SizeInMemory;
                _tagged[tag] = null;
            }
        }

        var before = -1;
        foreach (ref readonly var cell in old.Attributes.AsSpan())
        {
            if (cell.Name != before)
            {
                before = cell.Name;
                _columnBytes -= _columns[before]!.SizeInMemory;
                _columns[before]!.Remove(row);
                _columnBytes += _columns[before]!.SizeInMemory;
            }

            if (_names.Release(cell.Name))
            {
                _columnBytes -= _columns[cell.Name]!.SizeInMemory;
                _columns[cell.Name] = null;
            }

            if (cell.Kind == CellKind.Text)
            {
                _texts.Release(cell.Text);
            }
        }
    }

    private int[] Use(IReadOnlyList<string> tags, int[]? before)
    {
        if (tags.Count == 0)
        {
            return [];
        }

        var ids = before?.Length == tags.Count ? before : new int[tags.Count];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = _tags.Use(tags[i]);
        }

        return ids;
    }

    private AttributeCell[] Use(AttributeReader.ParsedAttribute[] attributes, AttributeCell[]? before)
    {
        if (attributes.Length == 0)
        {
            return [];
        }

        var cells = before?.Length == attributes.Length ? before : new AttributeCell[attributes.Length];
        for (var i = 0; i < cells.Length; i++)
        {
            var (name, kind, text, number) = attributes[i];
            cells[i] = new AttributeCell(_names.Use(name), kind, text is null ? BitConverter.DoubleToInt64Bits(number) : _texts.Use(text));
        }

        return cells;
    }

    private long VariableBytes(int row)
    {
        ref readonly var at = ref _rows[row];
        return 22 + (2L * _keys[row]!.Length) + (at.Tags.Length == 0 ? 0 : 24 + (4L * at.Tags.Length)) +
            (at.Attributes.Length == 0 ? 0 : 24 + (16L * at.Attributes.Length));
    }

    /// <summary>Times are UTC ticks; absent ones stand at the ends of time, where they compare as they should.</summary>
    internal struct Row
    {
        public RecordId Id;
        public Sequence Sequence;
        public long Created;
        public long Updated;
        public long Expires;
        public long ValidFrom;
        public long ValidTo;
        public int[] Tags;
        public AttributeCell[] Attributes;

        /// <summary>The slot of its vector, or <see cref="NoVector"/>.</summary>
        public int Vector;

        /// <summary>None for what is no turn.</summary>
        public TurnTraits Traits;

        /// <summary>A hash of its content's words, as written, and symbols, in their order; 0 without any.</summary>
        public ulong Content;
    }
}
