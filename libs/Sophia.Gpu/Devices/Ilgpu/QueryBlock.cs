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

    /// <summary>For the kernel that takes one query at a time.</summary>
    public static QueryBlock ForOne(IReadOnlyList<ScanQuery> queries)
    {
        var bytes = new byte[(long)queries.Count * queries[0].Bytes.Length];
        for (var i = 0; i < queries.Count; i++)
        {
            queries[i].Bytes.CopyTo(bytes, (long)i * queries[i].Bytes.Length);
        }

        return new QueryBlock(bytes, []);
    }

    /// <summary>In whole tiles; those that fill up are zeros.</summary>
    public static QueryBlock ForTiles(IReadOnlyList<ScanQuery> queries, ScanFilters filters)
    {
        var width = ScanTiles.WidthOf(queries[0].Kind);
        var filled = (queries.Count + width - 1) / width * width;
        var taken = queries.Select(q => q.ForTiles()!).ToArray();
        var bytes = new byte[(long)filled * taken[0].Bytes.Length];
        var bounds = new float[filled * TileScores.BoundsSize];
        for (var i = 0; i < taken.Length; i++)
        {
            taken[i].Bytes.CopyTo(bytes, (long)i * taken[i].Bytes.Length);
            (bounds[i * 4], bounds[(i * 4) + 1], bounds[(i * 4) + 2], bounds[(i * 4) + 3]) =
                (taken[i].Unit, taken[i].Slope, taken[i].Offset, BitConverter.Int32BitsToSingle(filters.WordOf(i)));
        }

        return new QueryBlock(bytes, bounds);
    }
}
