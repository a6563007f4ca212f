using ILGPU;
using ILGPU.Runtime;

namespace Sophia.Gpu.Kernels;

/// <summary>
/// Many queries with every row on the tensor cores. A warp takes 32 rows with 32 (float16) or 16 (codes) queries and keeps all
/// of their sums in registers; warps beside each other take the same rows with other queries, so that a row comes from memory
/// once. A lane reads 16 bytes of each of its rows and queries at a time: which places of a row they are does not matter to
/// <see cref="TensorCores"/>, as it is the same for both, so rows need not be rearranged.
/// What comes out is as of <see cref="RowScores"/>.
/// </summary>
internal static class TileScores
{
    /// <summary>Queries that a warp takes together.</summary>
    public const int HalvesWidth = 32;
    public const int CodesWidth = 16;

    /// <summary>Numbers that stand with each query: unit, slope, offset, and, as the bits of an int32, the word of the filters at which its own begins, or −1.</summary>
    public const int BoundsSize = 4;

    /// <param name="queries">Float16, in whole tiles; those that fill up are zeros.</param>
    /// <param name="filter">Of the rows that any query wants, and behind it those of single queries.</param>
    /// <param name="bounds">By query.</param>
    /// <param name="uppers">By query, then by row relative to the shape's first.</param>
    /// <param name="asked">Queries without those that fill up.</param>
    public static void Float16(
        ArrayView<Chunk> rows, ArrayView<float> heads, ArrayView<int> owners, ArrayView<long> units, ArrayView<uint> filter, ArrayView<Chunk> queries,
        ArrayView<float> bounds, ArrayView<float> uppers, RowShape shape, int asked)
    {
        rows = rows.AsAligned(Chunk.Bytes);
        queries = queries.AsAligned(Chunk.Bytes);
        var across = (asked + HalvesWidth - 1) / HalvesWidth;
        var tiles = ((shape.Count + TileRows.Height - 1) / TileRows.Height) * across;
        var (g, t) = (Warp.LaneIdx / 4, Warp.LaneIdx % 4);
        for (var tile = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize; tile < tiles; tile += Grid.DimX * Group.DimX / Warp.WarpSize)
        {
            var row = (tile / across * TileRows.Height) + g;
            var query = tile % across * HalvesWidth;
            var four = TileRows.Locate(row, shape, units, owners, filter);
            var (u0, u1, u2, u3) = (default(TensorCores.FloatSums), default(TensorCores.FloatSums), default(TensorCores.FloatSums), default(TensorCores.FloatSums));
            var (l0, l1, l2, l3) = (default(TensorCores.FloatSums), default(TensorCores.FloatSums), default(TensorCores.FloatSums), default(TensorCores.FloatSums));
            if (AnyLane(four.Wanted))
            {
                var q0 = ((long)(query + g) * shape.Chunks) + t;
                var next = 8L * shape.Chunks;
                for (var i = 0; i < shape.Chunks; i += 4)
                {
                    var (r0, r1, r2, r3) = (rows[four.At0 + i + t], rows[four.At1 + i + t], rows[four.At2 + i + t], rows[four.At3 + i + t]);
                    var (a, b, c, d) = (queries[q0 + i], queries[q0 + next + i], queries[q0 + (2 * next) + i], queries[q0 + (3 * next) + i]);
                    u0 = Add(u0, r0, r1, a);
                    u1 = Add(u1, r0, r1, b);
                    u2 = Add(u2, r0, r1, c);
                    u3 = Add(u3, r0, r1, d);
                    l0 = Add(l0, r2, r3, a);
                    l1 = Add(l1, r2, r3, b);
                    l2 = Add(l2, r2, r3, c);
                    l3 = Add(l3, r2, r3, d);
                }
            }

            query += 2 * t;
            Write(u0, query, row, four.Scale0, four.Scale1, heads, filter, bounds, uppers, shape, asked);
            Write(u1, query + 8, row, four.Scale0, four.Scale1, heads, filter, bounds, uppers, shape, asked);
            Write(u2, query + 16, row, four.Scale0, four.Scale1, heads, filter, bounds, uppers, shape, asked);
            Write(u3, query + 24, row, four.Scale0, four.Scale1, heads, filter, bounds, uppers, shape, asked);
            Write(l0, query, row + 16, four.Scale2, four.Scale3, heads, filter, bounds, uppers, shape, asked);
            Write(l1, query + 8, row + 16, four.Scale2, four.Scale3, heads, filter, bounds, uppers, shape, asked);
            Write(l2, query + 16, row + 16, four.Scale2, four.Scale3, heads, filter, bounds, uppers, shape, asked);
            Write(l3, query + 24, row + 16, four.Scale2, four.Scale3, heads, filter, bounds, uppers, shape, asked);
        }
    }

    /// <param name="queries">Codes of 15 bits in two parts, 128·high + low: of each query the high parts, then the low parts.</param>
    /// <inheritdoc cref="Float16"/>
    public static void Int8(
        ArrayView<Chunk> rows, ArrayView<float> heads, ArrayView<int> owners, ArrayView<long> units, ArrayView<uint> filter, ArrayView<Chunk> queries,
        ArrayView<float> bounds, ArrayView<float> uppers, RowShape shape, int asked)
    {
        rows = rows.AsAligned(Chunk.Bytes);
        queries = queries.AsAligned(Chunk.Bytes);
        var across = (asked + CodesWidth - 1) / CodesWidth;
        var tiles = ((shape.Count + TileRows.Height - 1) / TileRows.Height) * across;
        var (g, t) = (Warp.LaneIdx / 4, Warp.LaneIdx % 4);
        for (var tile = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize; tile < tiles; tile += Grid.DimX * Group.DimX / Warp.WarpSize)
        {
            var row = (tile / across * TileRows.Height) + g;
            var query = tile % across * CodesWidth;
            var four = TileRows.Locate(row, shape, units, owners, filter);
            var (uh0, ul0, uh1, ul1) = (default(TensorCores.WholeSums), default(TensorCores.WholeSums), default(TensorCores.WholeSums), default(TensorCores.WholeSums));
            var (lh0, ll0, lh1, ll1) = (default(TensorCores.WholeSums), default(TensorCores.WholeSums), default(TensorCores.WholeSums), default(TensorCores.WholeSums));
            if (AnyLane(four.Wanted))
            {
                var q0 = ((query + g) * 2L * shape.Chunks) + t;
                var next = 16L * shape.Chunks;
                for (var i = 0; i < shape.Chunks; i += 4)
                {
                    var (r0, r1, r2, r3) = (rows[four.At0 + i + t], rows[four.At1 + i + t], rows[four.At2 + i + t], rows[four.At3 + i + t]);
                    var (high0, low0) = (queries[q0 + i], queries[q0 + shape.Chunks + i]);
                    var (high1, low1) = (queries[q0 + next + i], queries[q0 + next + shape.Chunks + i]);
                    uh0 = Add(uh0, r0, r1, high0);
                    ul0 = Add(ul0, r0, r1, low0);
                    uh1 = Add(uh1, r0, r1, high1);
                    ul1 = Add(ul1, r0, r1, low1);
                    lh0 = Add(lh0, r2, r3, high0);
                    ll0 = Add(ll0, r2, r3, low0);
                    lh1 = Add(lh1, r2, r3, high1);
                    ll1 = Add(ll1, r2, r3, low1);
                }
            }

            query += 2 * t;
            Write(Joined(uh0, ul0), query, row, four.Scale0, four.Scale1, heads, filter, bounds, uppers, shape, asked);
            Write(Joined(uh1, ul1), query + 8, row, four.Scale0, four.Scale1, heads, filter, bounds, uppers, shape, asked);
            Write(Joined(lh0, ll0), query, row + 16, four.Scale2, four.Scale3, heads, filter, bounds, uppers, shape, asked);
            Write(Joined(lh1, ll1), query + 8, row + 16, four.Scale2, four.Scale3, heads, filter, bounds, uppers, shape, asked);
        }
    }

    /// <summary>The same for all lanes of the warp.</summary>
    private static bool AnyLane(int wanted)
    {
        for (var mask = Warp.WarpSize / 2; mask > 0; mask /= 2)
        {
            wanted |= Warp.ShuffleXor(wanted, mask);
        }

        // Tile products ask for a warp whose lanes stand at the same instruction.
        Warp.Barrier();
        return wanted != 0;
    }

    private static TensorCores.FloatSums Add(TensorCores.FloatSums sums, Chunk upper, Chunk lower, Chunk query)
    {
        sums = TensorCores.Halves(sums.S0, sums.S1, sums.S2, sums.S3, upper.A, lower.A, upper.B, lower.B, query.A, query.B);
        return TensorCores.Halves(sums.S0, sums.S1, sums.S2, sums.S3, upper.C, lower.C, upper.D, lower.D, query.C, query.D);
    }

    private static TensorCores.WholeSums Add(TensorCores.WholeSums sums, Chunk upper, Chunk lower, Chunk query)
    {
        sums = TensorCores.Codes(sums.S0, sums.S1, sums.S2, sums.S3, upper.A, lower.A, upper.B, lower.B, query.A, query.B);
        return TensorCores.Codes(sums.S0, sums.S1, sums.S2, sums.S3, upper.C, lower.C, upper.D, lower.D, query.C, query.D);
    }

    /// <summary>Whole in 32 bits: rounding comes once, when the sum becomes a float.</summary>
    private static TensorCores.FloatSums Joined(TensorCores.WholeSums high, TensorCores.WholeSums low) => new()
    {
        S0 = (128 * high.S0) + low.S0, S1 = (128 * high.S1) + low.S1, S2 = (128 * high.S2) + low.S2, S3 = (128 * high.S3) + low.S3,
    };

    /// <summary>Two rows, the second eight below, with two queries beside each other.</summary>
    private static void Write(
        TensorCores.FloatSums sums, int query, int row, long scale, long scaleBelow, ArrayView<float> heads, ArrayView<uint> filter, ArrayView<float> bounds, ArrayView<float> uppers, RowShape shape, int asked)
    {
        WriteOne(sums.S0, query, row, scale, heads, filter, bounds, uppers, shape, asked);
        WriteOne(sums.S1, query + 1, row, scale, heads, filter, bounds, uppers, shape, asked);
        WriteOne(sums.S2, query, row + 8, scaleBelow, heads, filter, bounds, uppers, shape, asked);
        WriteOne(sums.S3, query + 1, row + 8, scaleBelow, heads, filter, bounds, uppers, shape, asked);
    }

    /// <summary>The filter of one query, where it has one that the rows were not passed over by already.</summary>
    private static bool Passes(ArrayView<uint> filter, int word, int row) => word < 0 || ((filter[word + (row >> 5)] >> (row & 31)) & 1) != 0;

    private static void WriteOne(
        float sum, int query, int row, long scale, ArrayView<float> heads, ArrayView<uint> filter, ArrayView<float> bounds, ArrayView<float> uppers, RowShape shape, int asked)
    {
        if (query < asked && row < shape.Count)
        {
            var upper = float.NegativeInfinity;
            var of = query * BoundsSize;
            if (scale >= 0 && Passes(filter, (int)Interop.FloatAsInt(bounds[of + 3]), shape.Base + shape.First + row))
            {
                upper = (sum * (bounds[of] * heads[scale])) + ((bounds[of + 1] * heads[scale + (1L << shape.RowsPerPageLog2)]) + bounds[of + 2]);
            }

            uppers[((long)query * shape.Count) + row] = upper;
        }
    }
}
