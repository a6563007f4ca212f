using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Bench.Gpu;

/// <summary>Random queries over stored rows: how long a scan for them takes, and whether what it finds is right.</summary>
internal sealed class Queries
{
    /// <summary>So many queries at once are compared with the reference where there are many rows.</summary>
    private const int MostCompared = 4;
    private const int MostRowsForAll = 1_000_000;

    private readonly IlgpuDevice _device;
    private readonly StoredRows _stored;
    private readonly int _best;
    private readonly float[][] _vectors;
    private readonly ScanQuery[] _asked;
    private Reference? _reference;

    public Queries(IlgpuDevice device, StoredRows stored, Arguments arguments, int count)
    {
        (_device, _stored, _best) = (device, stored, arguments.Best);
        _vectors = [.. Enumerable.Range(0, count).Select(_ => Random(arguments.Dimensions))];
        _asked = Array.ConvertAll(_vectors, vector => ScanQuery.Of(stored.Pages.Kind, vector, stored.Pages.RowBytes));
    }

    /// <summary>Why scans of several at once do without tensor cores; null where they do not.</summary>
    public string? WithoutTensorCores => ((IlgpuScanner)_device.Scanner).Tiles.Failure;

    /// <summary>The best rows of the first queries, at once.</summary>
    /// <param name="filters">One of each query that is asked, a bit for each row; null: all rows.</param>
    public IReadOnlyList<BestRows> Find(ulong[]?[] filters)
    {
        using var scan = _device.Scanner.Begin([.. filters.Select((filter, i) => new FilteredQuery(_asked[i], filter))], _best);
        scan.Scan(_stored.Memory, _stored.Pages);
        return scan.Finish();
    }

    /// <summary>The same, timed and compared with the reference.</summary>
    public (Times Times, string? Failure) Measure(ulong[]?[] filters, Report report)
    {
        IReadOnlyList<BestRows> answer = [];
        var times = report.Time(() => answer = Find(filters));
        return (times, Check(filters, answer));
    }

    /// <summary>Null when the answer is right for the rows as they are at the first check; otherwise what is wrong with it.</summary>
    public string? Check(ulong[]?[] filters, IReadOnlyList<BestRows> answer)
    {
        _reference ??= new Reference(_stored.Memory, _stored.Pages, _vectors, Compared(_vectors.Length));
        var areTiles = filters.Length > 1 && _stored.Pages.Kind != RowKind.Floats && WithoutTensorCores is null;
        return Compared(filters.Length)
            .Select(i => _reference.Compare(i, areTiles ? _asked[i].ForTiles()! : _asked[i], answer[i], _best, filters[i]))
            .FirstOrDefault(static failure => failure is not null);
    }

    /// <summary>Of length 1.</summary>
    public static float[] Random(int dimensions)
    {
        var query = new float[dimensions];
        double squares = 0;
        for (var i = 0; i < dimensions; i++)
        {
            query[i] = (float)((System.Random.Shared.NextDouble() * 2) - 1);
            squares += query[i] * (double)query[i];
        }

        for (var i = 0; i < dimensions; i++)
        {
            query[i] = (float)(query[i] / Math.Sqrt(squares));
        }

        return query;
    }

    // Spread from the first to the last: the columns of the tiles are computed by different lanes and warps.
    private int[] Compared(int asked)
    {
        var count = _stored.Pages.Rows > MostRowsForAll ? Math.Min(asked, MostCompared) : asked;
        return [.. Enumerable.Range(0, count).Select(n => count == 1 ? 0 : n * (asked - 1) / (count - 1))];
    }
}
