using System.Runtime.InteropServices;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>The queries of a scan, one after the other as its kernels read them.</summary>
internal sealed class QueryBlock
{
    private QueryBlock(byte[] bytes, float[] bounds) => (Bytes, Bounds) = (bytes, bounds);

    private byte[] Bytes { get; }

    public ReadOnlySpan<Chunk> Chunks => MemoryMarshal.Cast<byte, Chunk>(Bytes);

    /// <summary>By query (<see cref="TileScores.BoundsSize"/>); of those for the kernel of one query none.</summary>
    public float[] Bounds { get; }

    /// <summary>For the kernel that takes one query at a time: each in so many chunks, with zeros behind its parts (<see cref="RowScores.Padded"/>).</summary>
    public static QueryBlock ForOne(IReadOnlyList<ScanQuery> queries)
    {
        var parts = queries[0].Kind == RowKind.Codes ? 2 : 1;
        var (part, room) = (queries[0].Bytes.Length / parts, BytesOfOne(queries[0]) / parts);
        var bytes = new byte[(long)queries.Count * parts * room];
        for (var i = 0; i < queries.Count * parts; i++)
        {
            queries[i / parts].Bytes.AsSpan(i % parts * part, part).CopyTo(bytes.AsSpan(i * room));
        }

        return new QueryBlock(bytes, []);
    }

    /// <summary>Of a query for the kernel that takes one: halves are asked for in float32, codes in two parts.</summary>
    public static int BytesOfOne(ScanQuery query)
    {
        var times = query.Kind == RowKind.Floats ? 1 : 2;
        return RowScores.Padded(query.Bytes.Length / times / Chunk.Bytes) * times * Chunk.Bytes;
    }

    /// <summary>In whole tiles, as their warps read them; those that fill up are zeros.</summary>
    public static QueryBlock ForTiles(IReadOnlyList<ScanQuery> queries, ScanFilters filters)
    {
        var (width, parts) = (ScanTiles.WidthOf(queries[0].Kind), queries[0].Kind == RowKind.Codes ? 2 : 1);
        var taken = queries.Select(q => q.ForTiles()!).ToArray();
        var chunks = taken[0].Bytes.Length / parts / Chunk.Bytes;
        var filled = (queries.Count + width - 1) / width * width;
        var bytes = new byte[(long)filled / width * TileScores.TileChunks(chunks) * Chunk.Bytes];
        var bounds = new float[filled * TileScores.BoundsSize];
        for (var i = 0; i < taken.Length; i++)
        {
            var tile = MemoryMarshal.Cast<byte, Chunk>(bytes.AsSpan()).Slice(i / width * TileScores.TileChunks(chunks), TileScores.TileChunks(chunks));
            var own = MemoryMarshal.Cast<byte, Chunk>(taken[i].Bytes.AsSpan());
            for (var chunk = 0; chunk < own.Length; chunk++)
            {
                var group = (i % width / 8 * parts) + (chunk / chunks);
                tile[TileScores.Place(group, i % 8, chunk % chunks)] = own[chunk];
            }

            (bounds[i * 4], bounds[(i * 4) + 1], bounds[(i * 4) + 2], bounds[(i * 4) + 3]) =
                (taken[i].Unit, taken[i].Slope, taken[i].Offset, BitConverter.Int32BitsToSingle(filters.WordOf(i)));
        }

        return new QueryBlock(bytes, bounds);
    }
}
