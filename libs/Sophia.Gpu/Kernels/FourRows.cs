using ILGPU;

namespace Sophia.Gpu.Kernels;

/// <summary>
/// Four rows beside each other that a few lanes read together. A row that is not wanted (nobody's, filtered out, beyond the
/// end) is read as another one that is: no branch stands between the loads, and no byte of it comes from memory. Where none
/// is wanted, the rows are the memory's beginning.
/// </summary>
internal struct FourRows
{
    public FourPlaces At;

    /// <summary>A bit for each row that is wanted.</summary>
    public int Wanted;

    /// <summary>Float32 at which the scale of the first one stands; errors and owners follow by RowsPerPage each.</summary>
    public long Scale;

    /// <summary>What stands with one of them; of a lane beyond the fourth, with the fourth.</summary>
    public readonly RowHead HeadOf(int lane, ArrayView<float> heads, RowShape shape)
    {
        var at = Scale + Math.Min(lane, 3);
        return new RowHead { Scale = heads[at], Error = heads[at + (1L << shape.RowsPerPageLog2)] };
    }

    /// <param name="row">Relative to the shape's first; a multiple of 4. Beyond the end nothing is wanted.</param>
    /// <param name="memory">Aligned.</param>
    /// <param name="units">The chunk at which each unit begins; negative: it is not there, and its rows are not wanted.</param>
    public static FourRows Locate(int row, RowShape shape, ArrayView<Chunk> memory, ArrayView<long> units, ArrayView<uint> filter)
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
        var bits = shape.HasFilter != 0 ? (int)(filter[(shape.Base + of) >> 5] >> (of & 31)) & 15 : 15;
        bits &= (1 << Math.Min(4, shape.Count - row)) - 1;
        var heads = page + ((long)shape.Chunks << shape.RowsPerPageLog2);
        rows.Scale = (heads * 4) + place;
        if (bits == 0)
        {
            return rows;
        }

        // The owners of four rows are one chunk.
        var owners = memory[heads + (1L << (shape.RowsPerPageLog2 - 1)) + (place >> 2)];
        bits &= ((int)owners.A >= 0 ? 1 : 0) | ((int)owners.B >= 0 ? 2 : 0) | ((int)owners.C >= 0 ? 4 : 0) | ((int)owners.D >= 0 ? 8 : 0);
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

/// <summary>What stands with a row: its scale, and how far the row is from what it stands for.</summary>
internal struct RowHead
{
    public float Scale;
    public float Error;
}
