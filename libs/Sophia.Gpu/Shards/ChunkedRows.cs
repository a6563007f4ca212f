namespace Sophia.Gpu.Shards;

/// <summary>
/// Something of each row, in chunks, so that growing moves no more than one chunk. One thread at a time changes it; others
/// may read meanwhile through a copy taken before.
/// </summary>
internal struct ChunkedRows<T>
{
    private const int Least = 16;
    private T[][] _chunks;

    public ChunkedRows() => _chunks = [new T[Least]];

    /// <summary>Rows that are there already, copied.</summary>
    public ChunkedRows(T[] rows)
        : this()
    {
        for (var row = 0; row < rows.Length; row++)
        {
            MakeRoomFor(row);
            this[row] = rows[row];
        }
    }

    public readonly int Capacity => ((_chunks.Length - 1) * RowChunk.Rows) + _chunks[^1].Length;

    public readonly ref T this[int row] => ref _chunks[RowChunk.Of(row)][RowChunk.PlaceOf(row)];

    /// <summary>False for rows that came after this copy was taken.</summary>
    public readonly bool Holds(int row) => RowChunk.Of(row) < _chunks.Length && RowChunk.PlaceOf(row) < _chunks[RowChunk.Of(row)].Length;

    public void MakeRoomFor(int row)
    {
        if (RowChunk.Of(row) == _chunks.Length)
        {
            // New arrays, so that readers keep what they hold.
            _chunks = [.. _chunks, new T[RowChunk.Rows]];
        }
        else if (RowChunk.PlaceOf(row) >= _chunks[RowChunk.Of(row)].Length)
        {
            var last = _chunks[^1];
            Array.Resize(ref last, Math.Min(last.Length * 2, RowChunk.Rows));
            _chunks = [.. _chunks[..^1], last];
        }
    }
}
