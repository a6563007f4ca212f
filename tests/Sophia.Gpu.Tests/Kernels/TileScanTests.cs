using CsCheck;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Tests.Devices;

namespace Sophia.Gpu.Tests.Kernels;

/// <summary>
/// Many queries at once. The tile products are taken apart into exchanges between 32 simulated lanes, by the layout that the
/// PTX ISA gives, so the kernels' places for rows, queries and sums are what is tested here, though no tensor core is there.
/// </summary>
public sealed class TileScanTests(TileScanTests.Shared shared) : IClassFixture<TileScanTests.Shared>
{
    private readonly IlgpuDevice _device = shared.Device;

    public static TheoryData<RowKind> Kinds => [RowKind.Halves, RowKind.Codes];

    [Fact]
    public void They_are_used_where_they_agree_with_plain_arithmetic_and_not_where_warps_are_smaller()
    {
        Assert.Null(((IlgpuScanner)_device.Scanner).Tiles.Failure);
        using var small = IlgpuDevice.Simulated(1 << 20);
        Assert.Equal("its warps are not of 32 lanes", ((IlgpuScanner)small.Scanner).Tiles.Failure);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void More_queries_than_a_warp_takes_are_shared_between_warps(RowKind kind)
    {
        var stored = new StoredRows(kind, 20, 33, 3);
        var asked = Enumerable.Range(0, kind == RowKind.Halves ? 67 : 35).Select(_ => stored.NewQuery()).ToArray();
        var answers = stored.Scan(_device, asked, null, 3);
        for (var i = 0; i < asked.Length; i++)
        {
            RowScanTests.Check(stored, asked[i], null, 3, answers[i], onTiles: true);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Each_query_gets_its_own_best_rows(RowKind kind) =>
        Gen.Select(Gen.Int[1, 80], Gen.Int[1, 80], Gen.Int[2, 20], Gen.Int[1, 20], Gen.Int[0, 1 << 20]).Sample((dimensions, rows, queries, best, seed) =>
        {
            var stored = new StoredRows(kind, dimensions, rows, seed);
            var asked = Enumerable.Range(0, queries).Select(_ => stored.NewQuery()).ToArray();
            var filters = stored.NewFilters(queries, seed);

            var answers = stored.ScanEach(_device, asked, filters, best);

            for (var i = 0; i < queries; i++)
            {
                RowScanTests.Check(stored, asked[i], filters[i], best, answers[i], onTiles: true);
            }
        }, iter: 4, threads: 1);

    /// <summary>All but the first rows are only named above the least of the best so far; nothing says in which order they stand.</summary>
    [Theory]
    [InlineData(RowKind.Halves, 0)]
    [InlineData(RowKind.Codes, 0)]
    [InlineData(RowKind.Halves, 1)]
    [InlineData(RowKind.Codes, -1)]
    public void Of_more_rows_than_are_scored_at_first_each_query_gets_its_best(RowKind kind, int order)
    {
        const int Best = 2;
        const int Rows = 200;
        var random = new Random(kind.GetHashCode() + order);
        var query = StoredRows.Unit([.. Enumerable.Range(0, 24).Select(_ => (float)(random.NextDouble() - 0.5))]);
        var others = Enumerable.Range(0, Rows).Select(_ => Enumerable.Range(0, 24).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray()).ToArray();
        var stored = new StoredRows(kind, 24, Rows, 7, row => [.. query.Zip(others[row], (q, o) => (order * row / 60f * q) + o)]);
        float[][] asked = [query, stored.NewQuery(), query];
        var filters = new ulong[]?[] { null, null, stored.NewFilters(1, 3)[0] };

        var answers = WithFirst(64 * asked.Length, () => stored.ScanEach(_device, asked, filters, Best));

        for (var i = 0; i < asked.Length; i++)
        {
            RowScanTests.Check(stored, asked[i], filters[i], Best, answers[i], onTiles: true);
        }
    }

    /// <summary>Equal rows behind others that are worse: more than a list takes.</summary>
    [Fact]
    public void Where_too_many_rows_are_above_the_floor_none_is_left_out()
    {
        const int Rows = 230;
        var stored = new StoredRows(RowKind.Codes, 8, Rows, 1, row => row < 70 ? [1, 0, 0, 0, 0, 0, 0, 0] : [1, 1, 0, 0, 0, 0, 0, row == Rows - 1 ? 0.5f : 0]);
        var asked = new[] { stored.Vectors[Rows - 1], stored.Vectors[200] };

        var answers = WithFirst(0, () => stored.Scan(_device, asked, null, 3), room: 2 * 8 * 3);

        for (var i = 0; i < asked.Length; i++)
        {
            RowScanTests.Check(stored, asked[i], null, 3, answers[i], onTiles: true);
        }
    }

    [Fact]
    public void A_part_of_five_rows_is_followed_by_others()
    {
        var stored = new StoredRows(RowKind.Codes, 8, 128, 0);
        var asked = new[] { stored.NewQuery(), stored.NewQuery() };

        var answers = stored.ScanEach(_device, asked, [null, null], 4, rowsOfFirst: 5);

        var scanned = stored.NewFilter(0);
        (scanned[0], scanned[1]) = (0b11111, ulong.MaxValue);
        for (var i = 0; i < asked.Length; i++)
        {
            RowScanTests.Check(stored, asked[i], scanned, 4, answers[i], onTiles: true);
        }
    }

    private T WithFirst<T>(long scores, Func<T> scan, long? room = null)
    {
        var scanner = (IlgpuScanner)_device.Scanner;
        var usual = (scanner.FirstScores, scanner.Room);
        (scanner.FirstScores, scanner.Room) = (scores, room ?? scanner.Room);
        try
        {
            return scan();
        }
        finally
        {
            (scanner.FirstScores, scanner.Room) = usual;
        }
    }

    /// <summary>Its kernels take seconds to be made, so one device serves all tests.</summary>
    public sealed class Shared : IDisposable
    {
        internal IlgpuDevice Device { get; } = TestDevice.Open(1 << 26, hasTensorCores: true);

        public void Dispose() => Device.Dispose();
    }
}
