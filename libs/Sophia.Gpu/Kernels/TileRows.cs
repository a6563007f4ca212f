using ILGPU;

namespace Sophia.Gpu.Kernels;

/// <summary>
/// A lane's four rows of a tile of 32: g, g + 8, g + 16 and g + 24. One that is not wanted (filtered out, beyond the end, its unit is
/// not there) is read as the memory's beginning. No branch stands between the loads, so that all of them are under way at once;
/// whether a row is somebody's is read beside the row.
/// </summary>
internal struct TileRows
{
    /// <summary>Rows that a warp takes together.</summary>
    public const int Height = 32;

    /// <summary>Chunks at which the rows begin.</summary>
    public FourPlaces At;

    /// <summary>A bit for each row that is wanted.</summary>
    public int Wanted;

    /// <summary>Float32 at which the scale of row g + 8·t stands.</summary>
    public long Head;

    /// <param name="row">The tile's first, relative to the shape's; a multiple of 32.</param>
    /// <param name="g">The lane's first row of the tile.</param>
    /// <param name="t">The one of its rows whose scale it reads.</param>
    public static TileRows Locate(int row, int g, int t, RowShape shape, ArrayView<long> units, ArrayView<uint> filter)
    {
        var (upper, lower) = (Sixteen.Locate(row, shape, units), Sixteen.Locate(row + 16, shape, units));
        var rows = default(TileRows);
        var (ofUpper, ofLower) = (upper.Filter(filter, shape) & upper.Count(shape), lower.Filter(filter, shape) & lower.Count(shape));
        rows.Wanted = ((ofUpper >> g) & 1) | (((ofUpper >> (g + 8)) & 1) << 1) | (((ofLower >> g) & 1) << 2) | (((ofLower >> (g + 8)) & 1) << 3);
        rows.At.Row0 = (rows.Wanted & 1) != 0 ? upper.First + (g * shape.Chunks) : 0;
        rows.At.Row1 = (rows.Wanted & 2) != 0 ? upper.First + ((g + 8) * shape.Chunks) : 0;
        rows.At.Row2 = (rows.Wanted & 4) != 0 ? lower.First + (g * shape.Chunks) : 0;
        rows.At.Row3 = (rows.Wanted & 8) != 0 ? lower.First + ((g + 8) * shape.Chunks) : 0;
        rows.Head = (t < 2 ? upper.Heads : lower.Heads) + g + (t % 2 * 8);
        return rows;
    }

    /// <summary>Sixteen rows beside each other: no page has fewer.</summary>
    private struct Sixteen
    {
        /// <summary>Chunk at which the first row begins.</summary>
        public long First;

        /// <summary>Float32 at which its scale stands.</summary>
        public long Heads;

        private int _row;
        private bool _isThere;

        public static Sixteen Locate(int row, RowShape shape, ArrayView<long> units)
        {
            var of = shape.First + (row < shape.Count ? row : 0);
            var unit = of / shape.RowsPerUnit;
            var inUnit = of - (unit * shape.RowsPerUnit);
            var place = inUnit & ((1 << shape.RowsPerPageLog2) - 1);
            var begin = units[unit];
            var page = Math.Max(begin, 0) + ((long)(inUnit >> shape.RowsPerPageLog2) * shape.PageChunks);
            page = begin < 0 ? 0 : page;
            return new Sixteen
            {
                First = page + ((long)place * shape.Chunks),
                Heads = ((page + ((long)shape.Chunks << shape.RowsPerPageLog2)) * 4) + place,
                _row = row,
                _isThere = begin >= 0 && row < shape.Count,
            };
        }

        /// <summary>Bits of the rows that the filter lets through.</summary>
        public readonly int Filter(ArrayView<uint> filter, RowShape shape)
        {
            var of = shape.Base + shape.First + (_row < shape.Count ? _row : 0);
            return shape.HasFilter != 0 ? (int)(filter[of >> 5] >> (of & 31)) : 0xffff;
        }

        /// <summary>Bits of the rows that there are.</summary>
        public readonly int Count(RowShape shape) => _isThere ? (1 << Math.Min(16, shape.Count - _row)) - 1 : 0;
    }
}
