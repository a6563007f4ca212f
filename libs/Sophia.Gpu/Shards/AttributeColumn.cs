namespace Sophia.Gpu.Shards;

/// <summary>
/// One attribute of all rows that have it, chunk by chunk: as columns of kinds and values where it is common, as a list of
/// places where it is rare (its cells are then read from the rows).
/// </summary>
internal sealed class AttributeColumn
{
    private const int MostListed = RowChunk.Rows / 8;
    private const int BytesPerRow = sizeof(ColumnKind) + sizeof(long) + sizeof(ushort);
    private readonly Dictionary<int, Chunk> _chunks = [];

    public long SizeInMemory { get; private set; } = 120;

    /// <summary>The chunk's cells; null when no row of it has the attribute.</summary>
    public Chunk? Find(int chunk) => _chunks.GetValueOrDefault(chunk);

    /// <summary>A row's cells of this attribute; at least one.</summary>
    /// <param name="table">Where the cells of the chunk's rows are, when they must be read again.</param>
    public void Add(int row, ReadOnlySpan<AttributeCell> cells, int name, RowTable table)
    {
        if (!_chunks.TryGetValue(RowChunk.Of(row), out var chunk))
        {
            _chunks.Add(RowChunk.Of(row), chunk = new Chunk());
            SizeInMemory += 120;
        }

        var place = RowChunk.PlaceOf(row);
        if (chunk.Kinds is null)
        {
            if (chunk.Count < MostListed)
            {
                if (chunk.Count == chunk.Places.Length)
                {
                    SizeInMemory += 2 * (Math.Max(2, chunk.Count * 2) - chunk.Count);
                    Array.Resize(ref chunk.Places, Math.Max(2, chunk.Count * 2));
                }

                chunk.Places[chunk.Count++] = (ushort)place;
                return;
            }

            chunk.Kinds = new ColumnKind[RowChunk.Rows];
            chunk.Values = new long[RowChunk.Rows];
            chunk.Hashes = new ushort[RowChunk.Rows];
            SizeInMemory += BytesPerRow * RowChunk.Rows;
            foreach (var listed in chunk.Places)
            {
                chunk.Set(listed, CellsOf(table[(row & ~(RowChunk.Rows - 1)) | listed].Attributes, name));
            }

            chunk.Places = [];
        }

        chunk.Set(place, cells);
        chunk.Count++;
    }

    /// <param name="row">It has the attribute.</param>
    public void Remove(int row)
    {
        var chunk = _chunks[RowChunk.Of(row)];
        var place = RowChunk.PlaceOf(row);
        if (chunk.Kinds is { } kinds)
        {
            (kinds[place], chunk.Values[place], chunk.Hashes[place]) = (ColumnKind.Absent, 0, 0);
        }
        else
        {
            chunk.Places[chunk.Places.AsSpan(0, chunk.Count).IndexOf((ushort)place)] = chunk.Places[chunk.Count - 1];
        }

        if (--chunk.Count == 0)
        {
            _chunks.Remove(RowChunk.Of(row));
            SizeInMemory -= chunk.Kinds is null ? 120 + (2 * chunk.Places.Length) : 120 + (BytesPerRow * RowChunk.Rows);
        }
    }

    /// <summary>The cells of one attribute; they stand together.</summary>
    public static ReadOnlySpan<AttributeCell> CellsOf(ReadOnlySpan<AttributeCell> cells, int name)
    {
        var from = 0;
        while (from < cells.Length && cells[from].Name != name)
        {
            from++;
        }

        var to = from;
        while (to < cells.Length && cells[to].Name == name)
        {
            to++;
        }

        return cells[from..to];
    }

    internal enum ColumnKind : byte
    {
        Absent,
        Other,
        Text,
        Number,
        True,
        False,

        /// <summary>An array: its cells are with the row.</summary>
        Many,
    }

    internal sealed class Chunk
    {
        public int Count;

        /// <summary>The rows that have it, while there are no columns.</summary>
        public ushort[] Places = [];

        public ColumnKind[]? Kinds;
        public long[] Values = [];

        /// <summary>Of the values: a quarter of their bytes, so that a search for one value reads little more than these.</summary>
        public ushort[] Hashes = [];

        public void Set(int place, ReadOnlySpan<AttributeCell> cells)
        {
            (Kinds![place], Values[place]) = cells.Length == 1 ? ((ColumnKind)(cells[0].Kind + 1), cells[0].Value) : (ColumnKind.Many, 0);
            Hashes[place] = cells.Length != 1 ? (ushort)0 : cells[0].Kind == CellKind.Number ? HashOf(cells[0].Number) : HashOf(cells[0].Value);
        }

        public static ushort HashOf(long value) => (ushort)((ulong)value * 0x9E3779B97F4A7C15 >> 48);

        /// <summary>Equal numbers have one hash: zero has two signs.</summary>
        public static ushort HashOf(double number) => HashOf(BitConverter.DoubleToInt64Bits(number == 0 ? 0 : number));
    }
}
