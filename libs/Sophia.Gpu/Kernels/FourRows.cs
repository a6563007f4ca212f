using ILGPU;

namespace Sophia.Gpu.Kernels;

/// <summary>
/// Four rows beside each other that a few lanes read together. A row that is not wanted (nobody's, filtered out, beyond the
/// end) is read as another one that is: no branch stands between the loads, and no byte of it comes from memory.
/// </summary>
internal struct FourRows
{
    /// <summary>Chunk at which each begins.</summary>
    public long At0;
    public long At1;
    public long At2;
    public long At3;

    /// <summary>A bit for each row that is wanted.</summary>
    public int Wanted;

    /// <summary>Float32 at which the scale of the first one stands; errors and owners follow by RowsPerPage each.</summary>
    public long Scale;

    /// <param name="row">Relative to the shape's first; a multiple of 4. Beyond the end nothing is wanted.</param>
    /// <param name="units">The chunk at which each unit begins; negative: it is not there, and its rows are not wanted.</param>
    public static FourRows Locate(int row, RowShape shape, ArrayView<long> units, ArrayView<int> owners, ArrayView<uint> filter)
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
        rows.Scale = ((page + ((long)shape.Chunks << shape.RowsPerPageLog2)) * 4) + place;
        if (bits == 0)
        {
            return rows;
        }

        var owner = rows.Scale + (2L << shape.RowsPerPageLog2);
        bits &= (owners[owner] >= 0 ? 1 : 0) | (owners[owner + 1] >= 0 ? 2 : 0) | (owners[owner + 2] >= 0 ? 4 : 0) | (owners[owner + 3] >= 0 ? 8 : 0);
        var any = (bits & 1) != 0 ? 0 : (bits & 2) != 0 ? 1 : (bits & 4) != 0 ? 2 : 3;
        var first = page + ((long)place * shape.Chunks);
        rows.At0 = first + (((bits & 1) != 0 ? 0L : any) * shape.Chunks);
        rows.At1 = first + (((bits & 2) != 0 ? 1L : any) * shape.Chunks);
        rows.At2 = first + (((bits & 4) != 0 ? 2L : any) * shape.Chunks);
        rows.At3 = first + (((bits & 8) != 0 ? 3L : any) * shape.Chunks);
        rows.Wanted = bits;
        return rows;
    }
}
