namespace Sophia.Gpu.Shards;

/// <summary>
/// A set of rows that takes little where they are few: by chunk, a list of places, or a bitmap once it is smaller.
/// Source: Chambi, Lemire, Kaser, Godin, "Better bitmap performance with Roaring bitmaps", Software: Practice and Experience 2016.
/// </summary>
internal sealed class SparseRows
{
    /// <summary>So many places take as much as the bitmap.</summary>
    private const int MostListed = RowChunk.Rows / 16;
    private readonly Dictionary<int, Chunk> _chunks = [];

    public long SizeInMemory { get; private set; } = 120;

    public void Add(int row)
    {
        var place = RowChunk.PlaceOf(row);
        if (!_chunks.TryGetValue(RowChunk.Of(row), out var chunk))
        {
            _chunks.Add(RowChunk.Of(row), chunk = new Chunk());
            SizeInMemory += 100;
        }

        if (chunk.Bits is null && chunk.Count == MostListed)
        {
            chunk.Bits = new ulong[RowChunk.Words];
            foreach (var listed in chunk.Places)
            {
                chunk.Bits[listed >> 6] |= 1UL << listed;
            }

            chunk.Places = [];
        }

        if (chunk.Bits is { } bits)
        {
            bits[place >> 6] |= 1UL << place;
        }
        else
        {
            if (chunk.Count == chunk.Places.Length)
            {
                SizeInMemory += 2 * (Math.Max(2, chunk.Count * 2) - chunk.Count);
                Array.Resize(ref chunk.Places, Math.Max(2, chunk.Count * 2));
            }

            chunk.Places[chunk.Count] = (ushort)place;
        }

        chunk.Count++;
    }

    /// <param name="row">It is in the set.</param>
    public void Remove(int row)
    {
        var chunk = _chunks[RowChunk.Of(row)];
        var place = RowChunk.PlaceOf(row);
        if (chunk.Bits is { } bits)
        {
            bits[place >> 6] &= ~(1UL << place);
        }
        else
        {
            chunk.Places[chunk.Places.AsSpan(0, chunk.Count).IndexOf((ushort)place)] = chunk.Places[chunk.Count - 1];
        }

        if (--chunk.Count == 0)
        {
            _chunks.Remove(RowChunk.Of(row));
            SizeInMemory -= 100 + (2 * (chunk.Bits is null ? chunk.Places.Length : MostListed));
        }
    }

    /// <summary>Adds the rows of a chunk to a bitmap of it.</summary>
    public void AddTo(int chunkNumber, Span<ulong> bitmap)
    {
        if (!_chunks.TryGetValue(chunkNumber, out var chunk))
        {
            return;
        }

        if (chunk.Bits is { } bits)
        {
            for (var i = 0; i < bitmap.Length; i++)
            {
                bitmap[i] |= bits[i];
            }
        }
        else
        {
            foreach (var place in chunk.Places.AsSpan(0, chunk.Count))
            {
                bitmap[place >> 6] |= 1UL << place;
            }
        }
    }

    private sealed class Chunk
    {
        public int Count;
        public ushort[] Places = [];
        public ulong[]? Bits;
    }
}
