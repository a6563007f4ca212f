using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Tests.Devices;

namespace Sophia.Gpu.Tests.Kernels;

/// <summary>Scans that name only rows above the least of the best so far; on ILGPU's CPU accelerator they would take minutes.</summary>
public sealed class FloorTests : IDisposable
{
    private readonly IlgpuDevice _device = TestDevice.Open(1 << 26);

    public void Dispose() => _device.Dispose();

    /// <summary>Behind the first rows, only those above the least of the best so far are named.</summary>
    [Theory]
    [InlineData(RowKind.Floats)]
    [InlineData(RowKind.Halves)]
    [InlineData(RowKind.Codes)]
    public void Of_more_rows_than_are_scored_at_first_a_query_gets_its_best(RowKind kind)
    {
        foreach (var (rows, best, room) in new[] { (700, 3, 1L << 20), (700, 3, 24), (1500, 40, 320), (130, 200, 1 << 20) })
        {
            var stored = new StoredRows(kind, 40, rows, rows);
            var asked = stored.NewQuery();
            foreach (var filter in new[] { null, stored.NewFilter(0.2) })
            {
                RowScanTests.Check(stored, asked, filter, best, WithFirst(0, () => stored.Scan(_device, [asked], filter, best), room)[0]);
            }
        }
    }

    /// <summary>All but the first rows are only named above the least of the best so far; nothing says in which order they stand.</summary>
    [Theory]
    [InlineData(RowKind.Halves, 0)]
    [InlineData(RowKind.Codes, 0)]
    [InlineData(RowKind.Halves, 1)]
    [InlineData(RowKind.Codes, -1)]
    public void Of_more_rows_than_are_scored_at_first_each_query_gets_its_best(RowKind kind, int order)
    {
        const int Best = 2;
        const int Rows = 900;
        var random = new Random(kind.GetHashCode() + order);
        var query = StoredRows.Unit([.. Enumerable.Range(0, 24).Select(_ => (float)(random.NextDouble() - 0.5))]);
        var others = Enumerable.Range(0, Rows).Select(_ => Enumerable.Range(0, 24).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray()).ToArray();
        var stored = new StoredRows(kind, 24, Rows, 7, row => [.. query.Zip(others[row], (q, o) => (order * row / 300f * q) + o)]);
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

    /// <summary>So many that warps share the rows, and all places of a tile are taken.</summary>
    [Theory]
    [InlineData(RowKind.Halves)]
    [InlineData(RowKind.Codes)]
    public void All_columns_of_several_tiles_find_their_rows(RowKind kind)
    {
        foreach (var dimensions in new[] { 20, 384, 500 })
        {
            var stored = new StoredRows(kind, dimensions, 333, 3);
            var asked = Enumerable.Range(0, 131).Select(_ => stored.NewQuery()).ToArray();
            var filters = stored.NewFilters(asked.Length, 4);

            var answers = WithFirst(0, () => stored.ScanEach(_device, asked, filters, 3));

            for (var i = 0; i < asked.Length; i++)
            {
                RowScanTests.Check(stored, asked[i], filters[i], 3, answers[i], onTiles: true);
            }
        }
    }
}
