using ILGPU;
using ILGPU.Runtime;

namespace Sophia.Gpu.Kernels;

/// <summary>
/// One query with every row: 8 lanes share 4 rows and read a cache line of each at once, 16 bytes a lane, so that a warp
/// works on 16 rows and the sums of a row meet after three exchanges. What comes out is each row's upper bound (the score and
/// how far it may be off, <see cref="Devices.ScanQuery"/>); of rows that are not wanted, −∞.
/// </summary>
internal static class RowScores
{
    /// <summary>Lanes that share four rows: a cache line of 128 bytes, or a whole warp where that is less.</summary>
    private const int MostLanes = 8;

    /// <summary>What a score is made of beside its sum.</summary>
    public struct Bounds
    {
        /// <summary>What a unit of the sum is worth.</summary>
        public float Unit;
        public float Slope;
        public float Offset;
    }

    /// <param name="rows">The device's memory.</param>
    /// <param name="query">Float32.</param>
    /// <param name="uppers">By row, relative to the shape's first.</param>
    public static void Float32(
        ArrayView<Chunk> rows, ArrayView<float> heads, ArrayView<int> owners, ArrayView<long> units, ArrayView<uint> filter, ArrayView<Chunk> query,
        ArrayView<float> uppers, RowShape shape, Bounds bounds)
    {
        var lanes = Math.Min(MostLanes, Warp.WarpSize);
        var lane = Warp.LaneIdx % lanes;
        var fours = Warp.WarpSize / lanes;
        var warps = Grid.DimX * Group.DimX / Warp.WarpSize;
        rows = rows.AsAligned(Chunk.Bytes);
        query = query.AsAligned(Chunk.Bytes);
        for (var step = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize; step < Steps(shape.Count, fours); step += warps)
        {
            var row = ((step * fours) + (Warp.LaneIdx / lanes)) * 4;
            var four = FourRows.Locate(row, shape, units, owners, filter);
            float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
            if (four.Wanted != 0)
            {
                for (var i = lane; i < shape.Chunks; i += lanes)
                {
                    var (r0, r1, r2, r3) = (rows[four.At0 + i], rows[four.At1 + i], rows[four.At2 + i], rows[four.At3 + i]);
                    var q = query[i];
                    s0 = Chunk.DotFloats(r0, q, s0);
                    s1 = Chunk.DotFloats(r1, q, s1);
                    s2 = Chunk.DotFloats(r2, q, s2);
                    s3 = Chunk.DotFloats(r3, q, s3);
                }
            }

            Finish(s0, s1, s2, s3, lanes, lane, row, four, heads, uppers, shape, bounds);
        }
    }

    /// <param name="query">Float32: two chunks for each of a row's.</param>
    /// <inheritdoc cref="Float32"/>
    public static void Float16(
        ArrayView<Chunk> rows, ArrayView<float> heads, ArrayView<int> owners, ArrayView<long> units, ArrayView<uint> filter, ArrayView<Chunk> query,
        ArrayView<float> uppers, RowShape shape, Bounds bounds)
    {
        var lanes = Math.Min(MostLanes, Warp.WarpSize);
        var lane = Warp.LaneIdx % lanes;
        var fours = Warp.WarpSize / lanes;
        var warps = Grid.DimX * Group.DimX / Warp.WarpSize;
        rows = rows.AsAligned(Chunk.Bytes);
        query = query.AsAligned(Chunk.Bytes);
        for (var step = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize; step < Steps(shape.Count, fours); step += warps)
        {
            var row = ((step * fours) + (Warp.LaneIdx / lanes)) * 4;
            var four = FourRows.Locate(row, shape, units, owners, filter);
            float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
            if (four.Wanted != 0)
            {
                for (var i = lane; i < shape.Chunks; i += lanes)
                {
                    var (r0, r1, r2, r3) = (rows[four.At0 + i], rows[four.At1 + i], rows[four.At2 + i], rows[four.At3 + i]);
                    var (low, high) = (query[2 * i], query[(2 * i) + 1]);
                    s0 = Chunk.DotHalves(r0, low, high, s0);
                    s1 = Chunk.DotHalves(r1, low, high, s1);
                    s2 = Chunk.DotHalves(r2, low, high, s2);
                    s3 = Chunk.DotHalves(r3, low, high, s3);
                }
            }

            Finish(s0, s1, s2, s3, lanes, lane, row, four, heads, uppers, shape, bounds);
        }
    }

    /// <summary>Codes, with a query of 15 bits in two parts: 128·high + low. The sums are exact in 32 bits.</summary>
    /// <param name="query">The high parts, then the low parts.</param>
    /// <inheritdoc cref="Float32"/>
    public static void Int8(
        ArrayView<Chunk> rows, ArrayView<float> heads, ArrayView<int> owners, ArrayView<long> units, ArrayView<uint> filter, ArrayView<Chunk> query,
        ArrayView<float> uppers, RowShape shape, Bounds bounds)
    {
        var lanes = Math.Min(MostLanes, Warp.WarpSize);
        var lane = Warp.LaneIdx % lanes;
        var fours = Warp.WarpSize / lanes;
        var warps = Grid.DimX * Group.DimX / Warp.WarpSize;
        rows = rows.AsAligned(Chunk.Bytes);
        query = query.AsAligned(Chunk.Bytes);
        for (var step = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize; step < Steps(shape.Count, fours); step += warps)
        {
            var row = ((step * fours) + (Warp.LaneIdx / lanes)) * 4;
            var four = FourRows.Locate(row, shape, units, owners, filter);
            int h0 = 0, h1 = 0, h2 = 0, h3 = 0, l0 = 0, l1 = 0, l2 = 0, l3 = 0;
            if (four.Wanted != 0)
            {
                for (var i = lane; i < shape.Chunks; i += lanes)
                {
                    var (r0, r1, r2, r3) = (rows[four.At0 + i], rows[four.At1 + i], rows[four.At2 + i], rows[four.At3 + i]);
                    var (high, low) = (query[i], query[shape.Chunks + i]);
                    h0 = Chunk.DotCodes(r0, high, h0);
                    l0 = Chunk.DotCodes(r0, low, l0);
                    h1 = Chunk.DotCodes(r1, high, h1);
                    l1 = Chunk.DotCodes(r1, low, l1);
                    h2 = Chunk.DotCodes(r2, high, h2);
                    l2 = Chunk.DotCodes(r2, low, l2);
                    h3 = Chunk.DotCodes(r3, high, h3);
                    l3 = Chunk.DotCodes(r3, low, l3);
                }
            }

            // Whole in 32 bits: rounding comes once, when the sum becomes a float.
            var (s0, s1, s2, s3) = ((128 * h0) + l0, (128 * h1) + l1, (128 * h2) + l2, (128 * h3) + l3);
            for (var mask = lanes / 2; mask > 0; mask /= 2)
            {
                s0 += Warp.ShuffleXor(s0, mask);
                s1 += Warp.ShuffleXor(s1, mask);
                s2 += Warp.ShuffleXor(s2, mask);
                s3 += Warp.ShuffleXor(s3, mask);
            }

            Write(lane == 0 ? s0 : lane == 1 ? s1 : lane == 2 ? s2 : s3, lane, row, four, heads, uppers, shape, bounds);
        }
    }

    private static int Steps(int rows, int fours) => (rows + (fours * 4) - 1) / (fours * 4);

    private static void Finish(
        float s0, float s1, float s2, float s3, int lanes, int lane, int row, FourRows four, ArrayView<float> heads, ArrayView<float> uppers, RowShape shape, Bounds bounds)
    {
        for (var mask = lanes / 2; mask > 0; mask /= 2)
        {
            s0 += Warp.ShuffleXor(s0, mask);
            s1 += Warp.ShuffleXor(s1, mask);
            s2 += Warp.ShuffleXor(s2, mask);
            s3 += Warp.ShuffleXor(s3, mask);
        }

        Write(lane == 0 ? s0 : lane == 1 ? s1 : lane == 2 ? s2 : s3, lane, row, four, heads, uppers, shape, bounds);
    }

    /// <summary>The first four lanes write a row each.</summary>
    private static void Write(float sum, int lane, int row, FourRows four, ArrayView<float> heads, ArrayView<float> uppers, RowShape shape, Bounds bounds)
    {
        if (lane < 4 && row + lane < shape.Count)
        {
            var upper = float.NegativeInfinity;
            if ((four.Wanted & (1 << lane)) != 0)
            {
                var scale = heads[four.Scale + lane];
                var error = heads[four.Scale + lane + (1L << shape.RowsPerPageLog2)];
                upper = (sum * (bounds.Unit * scale)) + ((bounds.Slope * error) + bounds.Offset);
            }

            uppers[row + lane] = upper;
        }
    }
}
