using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Gpu.Shards;

/// <summary>
/// What a shard keeps of each record beside its words and its vector, by row: identity, times, tags, attributes. Freed
/// rows are blanked and used again. One thread at a time changes it, while none reads.
/// </summary>
internal sealed class RowTable
{
    public const int NoDocument = -1;
    public const int NoVector = -1;

    private readonly Dictionary<RecordId, int> _rowOfId = [];
    private readonly Stack<int> _free = new();
    private readonly Interner _names = new();
    private readonly Interner _texts = new();
    private readonly Interner _tags = new();
    private string?[] _keys = new string?[16];
    private Row[] _rows = new Row[16];
    private int[] _documents = new int[16];
    private long _variableBytes;

    /// <summary>Rows ever used: the living and the freed have numbers below.</summary>
    public int Used { get; private set; }

    public int Count => _rowOfId.Count;

    /// <summary>Rows whose record expires some day.</summary>
    public int Expiring { get; private set; }

    public Interner Names => _names;

    public Interner Texts => _texts;

    public Interner Tags => _tags;

    /// <summary>By row; null when the row is free. The array is replaced, not changed in length, when rows are added.</summary>
    public string?[] Keys => _keys;

    /// <summary>The number of the row's document in the lexical index.</summary>
    public Span<int> Documents => _documents.AsSpan(0, Used);

    public long SizeInMemory =>
        (_rows.Length * (112L + 8 + 4)) + (_rowOfId.Count * 44L) + _variableBytes +
        _names.SizeInMemory + _texts.SizeInMemory + _tags.SizeInMemory;

    public ref Row this[int row] => ref _rows[row];

    public bool IsLive(int row) => (uint)row < (uint)Used && _keys[row] is not null;

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

        _keys[row] = record.Key;
        ref var target = ref _rows[row];
        target.Id = record.Id;
        target.Sequence = record.Sequence;
        target.Created = record.CreatedAt.UtcTicks;
        target.Updated = record.UpdatedAt.UtcTicks;
        target.Expires = record.ExpiresAt?.UtcTicks ?? long.MaxValue;
        target.ValidFrom = record.ValidFrom?.UtcTicks ?? long.MinValue;
        target.ValidTo = record.ValidTo?.UtcTicks ?? long.MaxValue;
        target.Tags = Use(record.Tags);
        target.Attributes = Use(attributes);
        Expiring += record.ExpiresAt is null ? 0 : 1;
        _variableBytes += VariableBytes(row);
        return row;
    }

    public void Remove(int row)
    {
        Release(row);
        _rowOfId.Remove(_rows[row].Id);
        _keys[row] = null;
        _rows[row] = default;
        _free.Push(row);
    }

    private int Take()
    {
        if (_free.TryPop(out var row))
        {
            return row;
        }

        if (Used == _rows.Length)
        {
            var size = Used * 3 / 2;
            Array.Resize(ref _keys, size);
            Array.Resize(ref _rows, size);
            Array.Resize(ref _documents, size);
        }

        return Used++;
    }

    private void Release(int row)
    {
        _variableBytes -= VariableBytes(row);
        ref var old = ref _rows[row];
        Expiring -= old.Expires == long.MaxValue ? 0 : 1;
        foreach (var tag in old.Tags)
        {
            _tags.Release(tag);
        }

        foreach (ref readonly var cell in old.Attributes.AsSpan())
        {
            _names.Release(cell.Name);
            if (cell.Kind == CellKind.Text)
            {
                _texts.Release(cell.Text);
            }
        }
    }

    private int[] Use(IReadOnlyList<string> tags)
    {
        if (tags.Count == 0)
        {
            return [];
        }

        var ids = new int[tags.Count];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = _tags.Use(tags[i]);
        }

        return ids;
    }

    private AttributeCell[] Use(AttributeReader.ParsedAttribute[] attributes)
    {
        if (attributes.Length == 0)
        {
            return [];
        }

        var cells = new AttributeCell[attributes.Length];
        for (var i = 0; i < cells.Length; i++)
        {
            var (name, kind, text, number) = attributes[i];
            cells[i] = new AttributeCell(_names.Use(name), kind, text is null ? -1 : _texts.Use(text), number);
        }

        return cells;
    }

    private long VariableBytes(int row)
    {
        ref readonly var at = ref _rows[row];
        return 22 + (2L * _keys[row]!.Length) + (at.Tags.Length == 0 ? 0 : 24 + (4L * at.Tags.Length)) +
            (at.Attributes.Length == 0 ? 0 : 24 + (24L * at.Attributes.Length));
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
    }
}
