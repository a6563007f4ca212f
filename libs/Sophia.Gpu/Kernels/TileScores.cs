using ILGPU;
using ILGPU.Runtime;

namespace Sophia.Gpu.Kernels;

/// <summary>
/// Many queries with every row on the tensor cores. A warp takes 32 rows with 64 columns and keeps all of their sums in registers;
/// a float16 query is one column, one of codes two (high and low parts). Warps beside each other take the same rows with other
/// queries, so that a row comes from memory once. A lane reads 16 bytes of each of its rows at a time: which places of a row they
/// are does not matter to <see cref="TensorCores"/>, as it is the same for the queries, so rows need not be rearranged. Queries
/// are (<see cref="Place"/>): a warp reads 512 bytes of them beside each other.
/// As in <see cref="RowScores"/>, eight chunks are asked for before the first is used. What comes out is as of it.
/// </summary>
internal static class TileScores
{
    /// <summary>Queries that a warp takes together.</summary>
    public const int HalvesWidth = 64;
    public const int CodesWidth = 32;

    /// <summary>Numbers that stand with each query: unit, slope, offset, and, as the bits of an int32, the word of the filters at which its own begins, or −1.</summary>
    public const int BoundsSize = 4;

    /// <summary>Chunks of eight columns that a warp reads at a time, one a lane.</summary>
    private const int GroupChunks = 32;

    /// <summary>Of all columns, for the four chunks of a row that are worked on at a time.</summary>
    private const int StepChunks = 8 * GroupChunks;

    /// <summary>Chunks of the queries of one tile, for rows of so many: two steps at a time, with zeros behind a row's end.</summary>
    public static int TileChunks(int chunks) => (chunks + 7) / 8 * 2 * StepChunks;

    /// <summary>Where a chunk of a column stands among its tile's.</summary>
    /// <param name="group">Of eight columns: queries in float16, or in turns the high and the low parts of eight queries' codes.</param>
    /// <param name="column">Of the group.</param>
    /// <param name="chunk">Of the column.</param>
    public static int Place(int group, int column, int chunk) => (chunk / 4 * StepChunks) + (group * GroupChunks) + (column * 4) + (chunk % 4);

    /// <param name="queries">Float16, by <see cref="Place"/>, in whole tiles; those that fill up are zeros.</param>
    /// <param name="filter">Of the rows that any query wants, and behind it those of single queries.</param>
    /// <param name="bounds">By query, a chunk each (<see cref="BoundsSize"/>).</param>
    /// <param name="floors">By query: above which a bound is appended.</param>
    /// <param name="counts">By query: what its list has; more than it has room for where not all could be appended.</param>
    /// <param name="names">The lists' rows, as results name them.</param>
    /// <param name="uppers">By query, then by row relative to the shape's first; or the lists' bounds.</param>
    public static void Float16(
        ArrayView<Chunk> rows, ArrayView<float> heads, ArrayView<long> units, ArrayView<uint> filter, ArrayView<Chunk> queries, ArrayView<Chunk> bounds,
        ArrayView<float> floors, ArrayView<int> counts, ArrayView<int> names, ArrayView<float> uppers, RowShape shape, ScoreTarget target)
    {
        rows = rows.AsAligned(Chunk.Bytes);
        queries = queries.AsAligned(Chunk.Bytes);
        bounds = bounds.AsAligned(Chunk.Bytes);
        var across = (target.Asked + HalvesWidth - 1) / HalvesWidth;
        var tiles = ((shape.Count + TileRows.Height - 1) / TileRows.Height) * across;
        var (g, t) = (Warp.LaneIdx / 4, Warp.LaneIdx % 4);
        for (var tile = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize; tile < tiles; tile += Grid.DimX * Group.DimX / Warp.WarpSize)
        {
            var (row, column) = (tile / across * TileRows.Height, tile % across);
            var ends = new TileEnds { Row = row + g, Query = (column * HalvesWidth) + (2 * t) };
            var own = queries.SubView((long)column * TileChunks(shape.Chunks), TileChunks(shape.Chunks));
            var sums = Multiply<FloatColumns>(ref ends, row, g, t, rows, heads, units, filter, own, shape);
            ends.Write(sums.Columns0, 0, filter, bounds, floors, counts, names, uppers, shape, target);
            ends.Write(sums.Columns1, 8, filter, bounds, floors, counts, names, uppers, shape, target);
            ends.Write(sums.Columns2, 16, filter, bounds, floors, counts, names, uppers, shape, target);
            ends.Write(sums.Columns3, 24, filter, bounds, floors, counts, names, uppers, shape, target);
            ends.Write(sums.Columns4, 32, filter, bounds, floors, counts, names, uppers, shape, target);
            ends.Write(sums.Columns5, 40, filter, bounds, floors, counts, names, uppers, shape, target);
            ends.Write(sums.Columns6, 48, filter, bounds, floors, counts, names, uppers, shape, target);
            ends.Write(sums.Columns7, 56, filter, bounds, floors, counts, names, uppers, shape, target);
        }
    }

    /// <param name="queries">Codes of 15 bits in two parts, 128·high + low; of eight queries each the high parts, then the low parts.</param>
    /// <inheritdoc cref="Float16"/>
    public static void Int8(
        ArrayView<Chunk> rows, ArrayView<float> heads, ArrayView<long> units, ArrayView<uint> filter, ArrayView<Chunk> queries, ArrayView<Chunk> bounds,
        ArrayView<float> floors, ArrayView<int> counts, ArrayView<int> names, ArrayView<float> uppers, RowShape shape, ScoreTarget target)
    {
        rows = rows.AsAligned(Chunk.Bytes);
        queries = queries.AsAligned(Chunk.Bytes);
        bounds = bounds.AsAligned(Chunk.Bytes);
        var across = (target.Asked + CodesWidth - 1) / CodesWidth;
        var tiles = ((shape.Count + TileRows.Height - 1) / TileRows.Height) * across;
        var (g, t) = (Warp.LaneIdx / 4, Warp.LaneIdx % 4);
        for (var tile = ((Grid.IdxX * Group.DimX) + Group.IdxX) / Warp.WarpSize; tile < tiles; tile += Grid.DimX * Group.DimX / Warp.WarpSize)
        {
            var (row, column) = (tile / across * TileRows.Height, tile % across);
            var ends = new TileEnds { Row = row + g, Query = (column * CodesWidth) + (2 * t) };
            var own = queries.SubView((long)column * TileChunks(shape.Chunks), TileChunks(shape.Chunks));
            var sums = Multiply<WholeColumns>(ref ends, row, g, t, rows, heads, units, filter, own, shape);
            ends.Write(WholeColumns.Joined(sums.Columns0, sums.Columns1), 0, filter, bounds, floors, counts, names, uppers, shape, target);
            ends.Write(WholeColumns.Joined(sums.Columns2, sums.Columns3), 8, filter, bounds, floors, counts, names, uppers, shape, target);
            ends.Write(WholeColumns.Joined(sums.Columns4, sums.Columns5), 16, filter, bounds, floors, counts, names, uppers, shape, target);
            ends.Write(WholeColumns.Joined(sums.Columns6, sums.Columns7), 24, filter, bounds, floors, counts, names, uppers, shape, target);
        }
    }

    /// <summary>The sums of 32 rows, from one on, with a tile's columns. What stands with the rows comes into the lane's ends.</summary>
    private static Tile<TColumns> Multiply<TColumns>(
        ref TileEnds ends, int row, int g, int t, ArrayView<Chunk> rows, ArrayView<float> heads, ArrayView<long> units, ArrayView<uint> filter, ArrayView<Chunk> columns,
        RowShape shape)
        where TColumns : struct, ITileColumns
    {
        var four = TileRows.Locate(row, g, t, shape, units, filter);
        ends.Wanted = four.Wanted;
        var sums = default(Tile<TColumns>);
        if (AnyLane(four.Wanted))
        {
            ends.Read(four.Head, heads, shape);
            var reads = FourReads.Of(rows, four.At, shape.Chunks);
            for (var i = 0; i < shape.Chunks; i += 8)
            {
                var (even, odd) = (reads.Read(Math.Min(i + t, shape.Chunks - 1)), reads.Read(Math.Min(i + 4 + t, shape.Chunks - 1)));
                Instructions.Fence();
                sums.Add(even, columns, (i / 4 * StepChunks) + Warp.LaneIdx);
                sums.Add(odd, columns, (i / 4 * StepChunks) + StepChunks + Warp.LaneIdx);
            }
        }

        ends.Meet();
        return sums;
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
}
