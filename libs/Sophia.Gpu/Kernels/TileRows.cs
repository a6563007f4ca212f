using ILGPU;

namespace Sophia.Gpu.Kernels;

/// <summary>A lane's four rows of a tile of 32: g, g + 8, g + 16 and g + 24. One that is not wanted is read as the memory's beginning.</summary>
internal struct TileRows
{
    /// <summary>Rows that a warp takes together.</summary>
    public const int Height = 32;

    public long At0;
    public long At1;
    public long At2;
    public long At3;

    /// <summary>Float32 at which the scale of each stands; negative where it is not wanted.</summary>
    public long Scale0;
    public long Scale1;
    public long Scale2;
    public long Scale3;

    public readonly int Wanted => (Scale0 >= 0 ? 1 : 0) | (Scale1 >= 0 ? 2 : 0) | (Scale2 >= 0 ? 4 : 0) | (Scale3 >= 0 ? 8 : 0);

    /// <param name="row">The lane's first, relative to the shape's.</param>
    public static TileRows Locate(int row, RowShape shape, ArrayView<long> units, ArrayView<int> owners, ArrayView<uint> filter)
    {
        var rows = default(TileRows);
        rows.Scale0 = ScaleOf(row, shape, units, owners, filter);
        rows.Scale1 = ScaleOf(row + 8, shape, units, owners, filter);
        rows.Scale2 = ScaleOf(row + 16, shape, units, owners, filter);
        rows.Scale3 = ScaleOf(row + 24, shape, units, owners, filter);
        rows.At0 = ChunkOf(row, rows.Scale0, shape, units);
        rows.At1 = ChunkOf(row + 8, rows.Scale1, shape, units);
        rows.At2 = ChunkOf(row + 16, rows.Scale2, shape, units);
        rows.At3 = ChunkOf(row + 24, rows.Scale3, shape, units);
        return rows;
    }

    private static long PageOf(int of, RowShape shape, ArrayView<long> units)
    {
        var unit = of / shape.RowsPerUnit;
        var begin = units[unit];
        return begin < 0 ? -1 : begin + ((long)((of - (unit * shape.RowsPerUnit)) >> shape.RowsPerPageLog2) * shape.PageChunks);
    }

    private static long ScaleOf(int row, RowShape shape, ArrayView<long> units, ArrayView<int> owners, ArrayView<uint> filter)
    {
        var of = shape.First + row;
        if (row >= shape.Count || (shape.HasFilter != 0 && ((filter[(shape.Base + of) >> 5] >> (of & 31)) & 1) == 0))
        {
            return -1;
        }

        var page = PageOf(of, shape, units);
        if (page < 0)
        {
            return -1;
        }

        var scale = ((page + ((long)shape.Chunks << shape.RowsPerPageLog2)) * 4) + (of & ((1 << shape.RowsPerPageLog2) - 1));
        return owners[scale + (2L << shape.RowsPerPageLog2)] >= 0 ? scale : -1;
    }

    private static long ChunkOf(int row, long scale, RowShape shape, ArrayView<long> units)
    {
        if (scale < 0)
        {
            return 0;
        }

        var of = shape.First + row;
        return PageOf(of, shape, units) + ((long)(of & ((1 << shape.RowsPerPageLog2) - 1)) * shape.Chunks);
    }
}
