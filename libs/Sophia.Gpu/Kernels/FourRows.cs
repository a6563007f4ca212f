using ILGPU;

namespace Sophia.Gpu.Kernels;

/// <summary>
/// Four rows beside each other that a few lanes read together. A row that is not wanted (filtered out, beyond the end) is read
/// as another one that is: no branch stands between the loads, and no byte of it comes from memory. Where none is wanted, the rows are
/// the memory's beginning. Whether a row is somebody's is read beside the row, not waited for before it.
/// </summary>
internal struct FourRows
{
    public FourPlaces At;

    /// <summary>A bit for each row that is wanted.</summary>
    public int Wanted;

    /// <summary>Chunk at which the page's scales begin; errors and owners follow by RowsPerPage each.</summary>
    public long Heads;

    /// <summary>Of the first row in its page.</summary>
    public int Place;

    /// <summary>What stands with one of them; of a lane beyond the fourth, with the fourth.</summary>
    public readonly RowHead HeadOf(int lane, ArrayView<float> heads, RowShape shape)
    {
        var at = (Heads * 4) + Place + Math.Min(lane, 3);
        var behind = 1L << shape.RowsPerPageLog2;
        return new RowHead { Scale = heads[at], Error = heads[at + behind], Owner = (int)Interop.FloatAsInt(heads[at + (2 * behind)]) };
    }

    /// <param name="row">Relative to the shape's first; a multiple of 4. Beyond the end nothing is wanted.</param>
    /// <param name="units">The chunk at which each unit begins; negative: it is not there, and its rows are not wanted.</param>
    public static FourRows Locate(int row, RowShape shape, ArrayView<long> units, ArrayView<uint> filter)
    {
        var rows = default(FourRows);
        if (row >= shape.Count)
        {
            return rows;
        }

        var of = shape.First + row;
        var unit = of / shape.RowsPerUnit;
        var begin = units[unit];
        if (begin < 0)
        {
            return rows;
        }

        var inUnit = of - (unit * shape.RowsPerUnit);
        var place = inUnit & ((1 << shape.RowsPerPageLog2) - 1);
        var page = begin + ((long)(inUnit >> shape.RowsPerPageLog2) * shape.PageChunks);
        var bit = shape.Base + of;
        var bits = shape.HasFilter != 0 ? (int)(filter[bit >> 5] >> (bit & 31)) & 15 : 15;
        bits &= (1 << Math.Min(4, shape.Count - row)) - 1;
        rows.Heads = page + ((long)shape.Chunks << shape.RowsPerPageLog2);
        rows.Place = place;
        if (bits == 0)
        {
            return rows;
        }

        var any = IntrinsicMath.BitOperations.TrailingZeroCount(bits) & 3;
        var first = page + ((long)place * shape.Chunks);
        rows.At.Row0 = first + ((long)((bits & 1) != 0 ? 0 : any) * shape.Chunks);
        rows.At.Row1 = first + ((long)((bits & 2) != 0 ? 1 : any) * shape.Chunks);
        rows.At.Row2 = first + ((long)((bits & 4) != 0 ? 2 : any) * shape.Chunks);
        rows.At.Row3 = first + ((long)((bits & 8) != 0 ? 3 : any) * shape.Chunks);
        rows.Wanted = bits;
        return rows;
    }
}

/// <summary>What stands with a row: its scale, how far the row is from what it stands for, and whose it is (negative: nobody's).</summary>
internal struct RowHead
{
    public float Scale;
    public float Error;
    public int Owner;
}
