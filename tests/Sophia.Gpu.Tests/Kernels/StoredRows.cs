using Sophia.Gpu.Devices;

namespace Sophia.Gpu.Tests.Kernels;

/// <summary>Rows in pages, in units that lie scattered in a device's memory, some of them nobody's and one unit missing.</summary>
internal sealed class StoredRows
{
    private readonly Random _random;
    private readonly RowKind _kind;
    private readonly int _dimensions;
    private readonly int _rowsPerPage;
    private readonly int _pagesPerUnit;
    private readonly int _missing;
    private readonly int _rowBytes;
    private readonly bool[] _isNobodys;

    public StoredRows(RowKind kind, int dimensions, int rows, int seed, Func<int, float[]>? vector = null)
    {
        (_kind, _dimensions, _random, Rows) = (kind, dimensions, new Random(seed), rows);
        _rowsPerPage = 16 << (seed % 3);
        _pagesPerUnit = 4 + (seed % 2);
        _rowBytes = RowPages.RowBytesOf(kind, dimensions);
        var units = (rows + RowsPerUnit - 1) / RowsPerUnit;
        _missing = units > 2 && seed % 2 == 0 ? _random.Next(units) : -1;
        Vectors = [.. Enumerable.Range(0, rows).Select(row => Unit(vector?.Invoke(row) ?? NewVector()))];
        _isNobodys = [.. Enumerable.Range(0, rows).Select(_ => vector is null && _random.Next(10) == 0)];
    }

    public int Rows { get; }

    public float[][] Vectors { get; }

    public int Living => Enumerable.Range(0, Rows).Count(row => IsWanted(row, null));

    private int RowsPerUnit => _rowsPerPage * _pagesPerUnit;

    public float[] NewQuery() => Unit(NewVector());

    public ulong[] NewFilter(double share)
    {
        var filter = new ulong[(Rows / 64) + 1];
        for (var row = 0; row < Rows; row++)
        {
            filter[row / 64] |= _random.NextDouble() < share ? 1UL << row : 0;
        }

        return filter;
    }

    /// <summary>By query: none, one for all, or several, some queries without.</summary>
    public ulong[]?[] NewFilters(int queries, int seed)
    {
        var some = new[] { NewFilter(0.5), NewFilter(0.03), null };
        return [.. Enumerable.Range(0, queries).Select(i => (seed % 5) switch { 0 => null, 1 => some[0], 2 => some[1], 3 => some[i % 2], _ => some[i % 3] })];
    }

    public bool IsWanted(int row, ulong[]? filter) =>
        !_isNobodys[row] && row / RowsPerUnit != _missing && (filter is null || (filter[row / 64] & (1UL << row)) != 0);

    public RowPages Shape(long[] units) => new(_kind, _rowBytes, _rowsPerPage, _pagesPerUnit, units, 0, Rows);

    /// <summary>How far above the exact cosine a row's upper bound may stand: twice what it may be off.</summary>
    public double WidthOf(int row, float[] query, bool onTiles)
    {
        var target = new byte[_rowBytes];
        var asked = ScanQuery.Of(_kind, query, _rowBytes);
        asked = onTiles ? asked.ForTiles()! : asked;
        return (2 * ((asked.Slope * (double)RowPage.Encode(_kind, Vectors[row], target).Error) + asked.Offset)) + 1e-6;
    }

    public IReadOnlyList<BestRows> Scan(IDevice device, float[][] queries, ulong[]? filter, int best) =>
        ScanEach(device, queries, [.. queries.Select(_ => filter)], best);

    /// <summary>In one scan, or in one for each unit where there are many.</summary>
    /// <param name="filters">By query.</param>
    /// <param name="rowsOfFirst">Of the first unit, if not all of its rows.</param>
    public IReadOnlyList<BestRows> ScanEach(IDevice device, float[][] queries, ulong[]?[] filters, int best, int? rowsOfFirst = null)
    {
        var all = Shape([]);
        var unitBytes = all.PageBytes * _pagesPerUnit;
        var units = (Rows + RowsPerUnit - 1) / RowsPerUnit;
        using var memory = device.Reserve((unitBytes * units) + 4096);
        var offsets = new long[units];
        for (var unit = 0; unit < units; unit++)
        {
            // The last unit first, so that the order of memory is not that of the rows.
            offsets[unit] = unit == _missing ? -1 : 4096 + ((units - 1 - unit) * unitBytes);
            for (var page = 0; page < _pagesPerUnit && unit != _missing; page++)
            {
                var bytes = new byte[all.PageBytes];
                for (var place = 0; place < _rowsPerPage; place++)
                {
                    var row = (unit * RowsPerUnit) + (page * _rowsPerPage) + place;
                    var isThere = row < Rows && !_isNobodys[row];
                    RowPage.Set(all, bytes, place, isThere ? Vectors[row] : new float[_dimensions], isThere ? row : -1);
                }

                memory.Write(offsets[unit] + (page * all.PageBytes), bytes);
            }
        }

        using var scan = device.Scanner!.Begin([.. queries.Select((q, i) => new FilteredQuery(ScanQuery.Of(_kind, q, _rowBytes), filters[i]))], best);
        if (RowsPerUnit % 64 != 0 || (units < 3 && rowsOfFirst is null))
        {
            scan.Scan(memory, Shape(offsets));
        }
        else
        {
            for (var unit = 0; unit < units; unit++)
            {
                scan.Scan(memory, Shape([offsets[unit]]) with { FirstRow = unit * RowsPerUnit, Rows = Math.Min(unit == 0 ? rowsOfFirst ?? RowsPerUnit : RowsPerUnit, Rows - (unit * RowsPerUnit)) });
            }
        }

        return scan.Finish();
    }

    public static double Exact(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();

    public static float[] Unit(float[] vector)
    {
        var length = Math.Sqrt(vector.Sum(x => (double)x * x));
        return length == 0 ? vector : [.. vector.Select(x => (float)(x / length))];
    }

    private float[] NewVector() => [.. Enumerable.Range(0, _dimensions).Select(_ => (float)((_random.NextDouble() * 2) - 1))];
}
