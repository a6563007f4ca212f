using ILGPU;

namespace Sophia.Gpu.Kernels;

/// <summary>What four rows have with the query so far, in the lane that adds it up.</summary>
internal struct FourSums
{
    public float Row0;
    public float Row1;
    public float Row2;
    public float Row3;

    /// <summary>What so many lanes have with one of them; all take part.</summary>
    public float Met(int lanes, int row)
    {
        for (var mask = lanes / 2; mask > 0; mask /= 2)
        {
            Row0 += Warp.ShuffleXor(Row0, mask);
            Row1 += Warp.ShuffleXor(Row1, mask);
            Row2 += Warp.ShuffleXor(Row2, mask);
            Row3 += Warp.ShuffleXor(Row3, mask);
        }

        return row == 0 ? Row0 : row == 1 ? Row1 : row == 2 ? Row2 : Row3;
    }
}

/// <summary>The same of codes, whole in 32 bits.</summary>
internal struct FourWholeSums
{
    public int Row0;
    public int Row1;
    public int Row2;
    public int Row3;

    public void Add(FourChunks rows, Chunk query)
    {
        Row0 = Chunk.DotCodes(rows.Row0, query, Row0);
        Row1 = Chunk.DotCodes(rows.Row1, query, Row1);
        Row2 = Chunk.DotCodes(rows.Row2, query, Row2);
        Row3 = Chunk.DotCodes(rows.Row3, query, Row3);
    }

    /// <summary>128·high + low of so many lanes, in each of them.</summary>
    public static FourWholeSums Met(FourWholeSums high, FourWholeSums low, int lanes)
    {
        var sums = new FourWholeSums
        {
            Row0 = (128 * high.Row0) + low.Row0, Row1 = (128 * high.Row1) + low.Row1, Row2 = (128 * high.Row2) + low.Row2, Row3 = (128 * high.Row3) + low.Row3,
        };
        for (var mask = lanes / 2; mask > 0; mask /= 2)
        {
            sums.Row0 += Warp.ShuffleXor(sums.Row0, mask);
            sums.Row1 += Warp.ShuffleXor(sums.Row1, mask);
            sums.Row2 += Warp.ShuffleXor(sums.Row2, mask);
            sums.Row3 += Warp.ShuffleXor(sums.Row3, mask);
        }

        return sums;
    }

    public readonly int Of(int row) => row == 0 ? Row0 : row == 1 ? Row1 : row == 2 ? Row2 : Row3;
}
