using ILGPU;
using ILGPU.Runtime;

namespace Sophia.Gpu.Kernels;

/// <summary>
/// One query with every row: 8 lanes share 4 rows and read a cache line of each at once, 16 bytes a lane, so that a warp
/// works on 16 rows and the sums of a row meet after three exchanges. What comes out is each row's upper bound (the score and
/// how far it may be off, <see cref="Devices.ScanQuery"/>); of rows that are not wanted, −∞.
/// <para>
/// A scan is as fast as bytes are under way: a lane asks for eight chunks, two of each row, before it uses the first. ptxas
/// would rather use a chunk and then ask for the next, in the same registers; a barrier of the warp between the loads and the
/// products keeps it from that. For it all lanes take part: where a lane's rows are not wanted and others' are, it reads the
/// memory's beginning; beyond a row's end it reads the last chunk, and the query has zeros there.
/// </para>
/// </summary>
internal static class RowScores
{
    /// <summary>Chunks for which a query must have room: a multiple of it, with zeros behind a row's.</summary>
    public const int Step = 2 * MostLanes;

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

    /// <summary>Chunks of a query's part for rows of so many.</summary>
    public static int Padded(int chunks) => (chunks + Step - 1) / Step * Step;

    /// <param name="rows">The device's memory.</param>
    /// <param name="query">Float32, <see cref="Padded"/> chunks.</param>
    /// <param name="floors">One: above which a bound is appended.</param>
    /// <param name="counts">One: what the list has; more than it has room for where not all could be appended.</param>
    /// <param name="names">The list's rows, as results name them.</param>
    /// <param name="uppers">By row, relative to the shape's first; or the list's bounds.</param>
    public static void Float32(
        ArrayView<Chunk> rows, ArrayView<float> heads, ArrayView<long> units, ArrayView<uint> filter, ArrayView<Chunk> query, ArrayView<float> floors,
        ArrayView<int> counts, ArrayView<int> names, ArrayView<float> uppers, RowShape shape, Bounds bounds, ScoreTarget target) =>
        Scan<FloatSums>(rows, heads, units, filter, query, floors, counts, names, uppers, shape, bounds, target);

    /// <param name="query">Float32: two chunks for each of a row's.</param>
    /// <inheritdoc cref="Float32"/>
    public static void Float16(
        ArrayView<Chunk> rows, ArrayView<float> heads, ArrayView<long> units, ArrayView<uint> filter, ArrayView<Chunk> query, ArrayView<float> floors,
        ArrayView<int> counts, ArrayView<int> names, ArrayView<float> uppers, RowShape shape, Bounds bounds, ScoreTarget target) =>
        Scan<HalfSums>(rows, heads, units, filter, query, floors, counts, names, uppers, shape, bounds, target);

    /// <summary>Codes, with a query of 15 bits in two parts: 128·high + low. The sums are exact in 32 bits: rounding comes once, when they become floats.</summary>
    /// <param name="query">The high parts, then the low parts, <see cref="Padded"/> chunks each.</param>
    /// <inheritdoc cref="Float32"/>
    public static void Int8(
        ArrayView<Chunk> rows, ArrayView<float> heads, ArrayView<long> units, ArrayView<uint> filter, ArrayView<Chunk> query, ArrayView<float> floors,
        ArrayView<int> counts, ArrayView<int> names, ArrayView<float> uppers, RowShape shape, Bounds bounds, ScoreTarget target) =>
        Scan<CodeSums>(rows, heads, units, filter, query, floors, counts, names, uppers, shape, bounds, target);

    private static void Scan<TSums>(
        ArrayView<Chunk> rows, ArrayView<float> heads, ArrayView<long> units, ArrayView<uint> filter, ArrayView<Chunk> query, ArrayView<float> floors,
        ArrayView<int> counts, ArrayView<int> names, ArrayView<float> uppers, RowShape shape, Bounds bounds, ScoreTarget target)
        where TSums : struct, IRowSums
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
            var four = FourRows.Locate(row, shape, units, filter);
            var head = default(RowHead);
            var sums = default(TSums);
            if (AnyLane(four.Wanted, lanes))
            {
                head = four.HeadOf(lane, heads, shape);
                var reads = FourReads.Of(rows, four.At, shape.Chunks);
                for (var i = lane; i - lane < shape.Chunks; i += 2 * lanes)
                {
                    var (even, odd) = (reads.Read(Math.Min(i, shape.Chunks - 1)), reads.Read(Math.Min(i + lanes, shape.Chunks - 1)));
                    Instructions.Fence();
                    sums.Add(even, query, i, Padded(shape.Chunks));
                    sums.Add(odd, query, i + lanes, Padded(shape.Chunks));
                }
            }

            Write(sums.Met(lanes, lane), lane, row, four, head, floors, counts, names, uppers, shape, bounds, target);
        }
    }

    private static int Steps(int rows, int fours) => (rows + (fours * 4) - 1) / (fours * 4);

    /// <summary>The same for all lanes of the warp.</summary>
    /// <param name="wanted">The same in so many lanes beside each other.</param>
    private static bool AnyLane(int wanted, int lanes)
    {
        for (var mask = lanes; mask < Warp.WarpSize; mask *= 2)
        {
            wanted |= Warp.ShuffleXor(wanted, mask);
        }

        return wanted != 0;
    }

    /// <summary>The first four lanes have a row each.</summary>
    private static void Write(
        float sum, int lane, int row, FourRows four, RowHead head, ArrayView<float> floors, ArrayView<int> counts, ArrayView<int> names, ArrayView<float> uppers,
        RowShape shape, Bounds bounds, ScoreTarget target)
    {
        if (lane >= 4 || row + lane >= shape.Count)
        {
            return;
        }

        var isWanted = (four.Wanted & (1 << lane)) != 0 && head.Owner >= 0;
        var upper = (sum * (bounds.Unit * head.Scale)) + ((bounds.Slope * head.Error) + bounds.Offset);
        if (target.HasFloors == 0)
        {
            uppers[row + lane] = isWanted ? upper : float.NegativeInfinity;
        }
        else if (isWanted && !(upper <= floors[0]))
        {
            target.Append(upper, shape.Base + shape.First + row + lane, 0, counts, names, uppers);
        }
    }
}
