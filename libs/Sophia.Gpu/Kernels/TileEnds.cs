using ILGPU;

namespace Sophia.Gpu.Kernels;

/// <summary>
/// What becomes of a tile's sums, in a lane: four rows (g, g + 8, g + 16 and g + 24) with two queries of each group of eight.
/// Either each row's upper bound is written, or only a row that may be among the best is named: one whose bound is above the
/// floor of its query, which is the least of the best so far. Of ten million rows that is a few thousand.
/// </summary>
internal struct TileEnds
{
    /// <summary>The lane's first row, relative to the shape's.</summary>
    public int Row;

    /// <summary>The lane's first query.</summary>
    public int Query;

    /// <summary>A bit for each row.</summary>
    public int Wanted;

    /// <summary>First of row g + 8·t alone, which the lane reads for the others.</summary>
    private RowHead _read;
    private RowHead _row0;
    private RowHead _row1;
    private RowHead _row2;
    private RowHead _row3;

    /// <param name="at">Float32 at which the scale of row g + 8·t stands.</param>
    public void Read(long at, ArrayView<float> heads, RowShape shape)
    {
        var behind = 1L << shape.RowsPerPageLog2;
        _read = new RowHead { Scale = heads[at], Error = heads[at + behind], Owner = (int)Interop.FloatAsInt(heads[at + (2 * behind)]) };
    }

    /// <summary>What the four lanes of the same rows have read, in each of them.</summary>
    public void Meet()
    {
        var first = Warp.LaneIdx / 4 * 4;
        _row0 = From(first);
        _row1 = From(first + 1);
        _row2 = From(first + 2);
        _row3 = From(first + 3);
        Wanted &= (_row0.Owner >= 0 ? 1 : 0) | (_row1.Owner >= 0 ? 2 : 0) | (_row2.Owner >= 0 ? 4 : 0) | (_row3.Owner >= 0 ? 8 : 0);
    }

    /// <param name="group">The first query of the group, from the tile's first on.</param>
    public readonly void Write(
        FloatColumns sums, int group, ArrayView<uint> filter, ArrayView<Chunk> bounds, ArrayView<float> floors, ArrayView<int> counts, ArrayView<int> names,
        ArrayView<float> uppers, RowShape shape, ScoreTarget target)
    {
        Write(sums.Upper.S0, sums.Upper.S2, sums.Lower.S0, sums.Lower.S2, Query + group, filter, bounds, floors, counts, names, uppers, shape, target);
        Write(sums.Upper.S1, sums.Upper.S3, sums.Lower.S1, sums.Lower.S3, Query + group + 1, filter, bounds, floors, counts, names, uppers, shape, target);
    }

    /// <summary>One query with the four rows.</summary>
    private readonly void Write(
        float s0, float s1, float s2, float s3, int query, ArrayView<uint> filter, ArrayView<Chunk> bounds, ArrayView<float> floors, ArrayView<int> counts, ArrayView<int> names,
        ArrayView<float> uppers, RowShape shape, ScoreTarget target)
    {
        if (query >= target.Asked)
        {
            return;
        }

        var bound = bounds[query];
        var (u0, u1, u2, u3) = (Upper(s0, bound, _row0), Upper(s1, bound, _row1), Upper(s2, bound, _row2), Upper(s3, bound, _row3));
        var first = shape.Base + shape.First + Row;
        if (target.HasFloors == 0)
        {
            var at = ((long)query * shape.Count) + Row;
            WriteOne(u0, 0, uppers, at, filter, bound, first, shape);
            WriteOne(u1, 1, uppers, at, filter, bound, first, shape);
            WriteOne(u2, 2, uppers, at, filter, bound, first, shape);
            WriteOne(u3, 3, uppers, at, filter, bound, first, shape);
            return;
        }

        // What is no number is above: nothing is known of its row.
        var floor = floors[query];
        var above = ((u0 <= floor ? 0 : 1) | (u1 <= floor ? 0 : 2) | (u2 <= floor ? 0 : 4) | (u3 <= floor ? 0 : 8)) & Wanted;
        if (above != 0)
        {
            Append(u0, 0, above, query, filter, bound, first, counts, names, uppers, target);
            Append(u1, 1, above, query, filter, bound, first, counts, names, uppers, target);
            Append(u2, 2, above, query, filter, bound, first, counts, names, uppers, target);
            Append(u3, 3, above, query, filter, bound, first, counts, names, uppers, target);
        }
    }

    private readonly void WriteOne(float upper, int number, ArrayView<float> uppers, long at, ArrayView<uint> filter, Chunk bound, int first, RowShape shape)
    {
        if (Row + (8 * number) < shape.Count)
        {
            var isWanted = (Wanted & (1 << number)) != 0 && Passes(filter, (int)bound.D, first + (8 * number));
            uppers[at + (8 * number)] = isWanted ? upper : float.NegativeInfinity;
        }
    }

    private static void Append(
        float upper, int number, int above, int query, ArrayView<uint> filter, Chunk bound, int first, ArrayView<int> counts, ArrayView<int> names, ArrayView<float> uppers, ScoreTarget target)
    {
        var row = first + (8 * number);
        if ((above & (1 << number)) != 0 && Passes(filter, (int)bound.D, row))
        {
            target.Append(upper, row, query, counts, names, uppers);
        }
    }

    private readonly RowHead From(int lane) => new() { Scale = Warp.Shuffle(_read.Scale, lane), Error = Warp.Shuffle(_read.Error, lane), Owner = Warp.Shuffle(_read.Owner, lane) };

    private static float Upper(float sum, Chunk bound, RowHead head) =>
        (sum * (Interop.IntAsFloat(bound.A) * head.Scale)) + ((Interop.IntAsFloat(bound.B) * head.Error) + Interop.IntAsFloat(bound.C));

    /// <summary>The filter of one query, where it has one that the rows were not passed over by already.</summary>
    private static bool Passes(ArrayView<uint> filter, int word, int row) => word < 0 || ((filter[word + (row >> 5)] >> (row & 31)) & 1) != 0;
}
