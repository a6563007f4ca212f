using ILGPU;

namespace Sophia.Gpu.Kernels;

/// <summary>What four rows have with the query so far, in the lane that adds it up.</summary>
internal interface IRowSums
{
    /// <param name="rows">A chunk of each.</param>
    /// <param name="query">In the form that the kind of rows wants.</param>
    /// <param name="chunk">Which of the rows' it is.</param>
    /// <param name="padded">Chunks of a part of the query (<see cref="RowScores.Padded"/>).</param>
    void Add(FourChunks rows, ArrayView<Chunk> query, int chunk, int padded);

    /// <summary>What so many lanes have with one of the rows.</summary>
    float Met(int lanes, int row);
}

/// <summary>Rows of float32.</summary>
internal struct FloatSums : IRowSums
{
    private FourSums _sums;

    public void Add(FourChunks rows, ArrayView<Chunk> query, int chunk, int padded)
    {
        var part = query[chunk];
        _sums.Row0 = Chunk.DotFloats(rows.Row0, part, _sums.Row0);
        _sums.Row1 = Chunk.DotFloats(rows.Row1, part, _sums.Row1);
        _sums.Row2 = Chunk.DotFloats(rows.Row2, part, _sums.Row2);
        _sums.Row3 = Chunk.DotFloats(rows.Row3, part, _sums.Row3);
    }

    public float Met(int lanes, int row) => _sums.Met(lanes, row);
}

/// <summary>Rows of float16.</summary>
internal struct HalfSums : IRowSums
{
    private FourSums _sums;

    public void Add(FourChunks rows, ArrayView<Chunk> query, int chunk, int padded)
    {
        var (low, high) = (query[2 * chunk], query[(2 * chunk) + 1]);
        _sums.Row0 = Chunk.DotHalves(rows.Row0, low, high, _sums.Row0);
        _sums.Row1 = Chunk.DotHalves(rows.Row1, low, high, _sums.Row1);
        _sums.Row2 = Chunk.DotHalves(rows.Row2, low, high, _sums.Row2);
        _sums.Row3 = Chunk.DotHalves(rows.Row3, low, high, _sums.Row3);
    }

    public float Met(int lanes, int row) => _sums.Met(lanes, row);
}

/// <summary>Rows of codes: whole in 32 bits, also 128·high + low of all lanes.</summary>
internal struct CodeSums : IRowSums
{
    private FourWholeSums _high;
    private FourWholeSums _low;

    public void Add(FourChunks rows, ArrayView<Chunk> query, int chunk, int padded)
    {
        _high.Add(rows, query[chunk]);
        _low.Add(rows, query[padded + chunk]);
    }

    public float Met(int lanes, int row) => FourWholeSums.Met(_high, _low, lanes).Of(row);
}
