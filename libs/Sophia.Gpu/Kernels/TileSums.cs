using ILGPU;

namespace Sophia.Gpu.Kernels;

/// <summary>The sums of a warp's tile: 32 rows with eight groups of eight columns, of which each lane has 64.</summary>
internal struct Tile<TColumns>
    where TColumns : struct, ITileColumns
{
    public TColumns Columns0;
    public TColumns Columns1;
    public TColumns Columns2;
    public TColumns Columns3;
    public TColumns Columns4;
    public TColumns Columns5;
    public TColumns Columns6;
    public TColumns Columns7;

    /// <param name="queries">Of the tile's columns, from the lane's chunk of this step on.</param>
    public void Add(FourChunks rows, ArrayView<Chunk> queries, int at)
    {
        var (a, b, c, d) = (queries[at], queries[at + 32], queries[at + 64], queries[at + 96]);
        Instructions.Fence();
        Columns0.Add(rows, a);
        Columns1.Add(rows, b);
        Columns2.Add(rows, c);
        Columns3.Add(rows, d);
        (a, b, c, d) = (queries[at + 128], queries[at + 160], queries[at + 192], queries[at + 224]);
        Instructions.Fence();
        Columns4.Add(rows, a);
        Columns5.Add(rows, b);
        Columns6.Add(rows, c);
        Columns7.Add(rows, d);
    }
}

/// <summary>A lane's rows with its two columns of a group.</summary>
internal interface ITileColumns
{
    void Add(FourChunks rows, Chunk query);
}

/// <summary>A lane's rows g and g + 8 with the columns 2t and 2t + 1 of a group, and its rows g + 16 and g + 24 with the same.</summary>
internal struct FloatColumns : ITileColumns
{
    public TensorCores.FloatSums Upper;
    public TensorCores.FloatSums Lower;

    public void Add(FourChunks rows, Chunk query)
    {
        Upper = Add(Upper, rows.Row0, rows.Row1, query);
        Lower = Add(Lower, rows.Row2, rows.Row3, query);
    }

    private static TensorCores.FloatSums Add(TensorCores.FloatSums sums, Chunk row, Chunk below, Chunk query)
    {
        sums = TensorCores.Halves(sums.S0, sums.S1, sums.S2, sums.S3, row.A, below.A, row.B, below.B, query.A, query.B);
        return TensorCores.Halves(sums.S0, sums.S1, sums.S2, sums.S3, row.C, below.C, row.D, below.D, query.C, query.D);
    }
}

/// <summary>The same of codes, whole in 32 bits.</summary>
internal struct WholeColumns : ITileColumns
{
    public TensorCores.WholeSums Upper;
    public TensorCores.WholeSums Lower;

    public void Add(FourChunks rows, Chunk query)
    {
        Upper = Add(Upper, rows.Row0, rows.Row1, query);
        Lower = Add(Lower, rows.Row2, rows.Row3, query);
    }

    /// <summary>128·high + low. Whole in 32 bits: rounding comes once, when a sum becomes a float.</summary>
    public static FloatColumns Joined(WholeColumns high, WholeColumns low) => new() { Upper = Joined(high.Upper, low.Upper), Lower = Joined(high.Lower, low.Lower) };

    private static TensorCores.FloatSums Joined(TensorCores.WholeSums high, TensorCores.WholeSums low) => new()
    {
        S0 = (128 * high.S0) + low.S0, S1 = (128 * high.S1) + low.S1, S2 = (128 * high.S2) + low.S2, S3 = (128 * high.S3) + low.S3,
    };

    private static TensorCores.WholeSums Add(TensorCores.WholeSums sums, Chunk row, Chunk below, Chunk query)
    {
        sums = TensorCores.Codes(sums.S0, sums.S1, sums.S2, sums.S3, row.A, below.A, row.B, below.B, query.A, query.B);
        return TensorCores.Codes(sums.S0, sums.S1, sums.S2, sums.S3, row.C, below.C, row.D, below.D, query.C, query.D);
    }
}
