using System.Diagnostics;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;

namespace Sophia.Bench.Vectors;

/// <summary>A set's rows as a shard keeps them, searched as a shard searches them: preparing the query and top-k included.</summary>
internal sealed class LoadedPages : IDisposable
{
    private static readonly ChunkedRows<string?> NoKeys = new();
    private readonly VectorPages _pages;
    private readonly VectorSet _set;

    /// <param name="isCertified">False: float32 alone.</param>
    public LoadedPages(VectorSet set, int rows, bool isCertified, string? folder = null)
    {
        _set = set;
        _pages = new VectorPages(set.Dimensions, new VectorStorage(folder) { IsCertified = isCertified });
        for (var row = 0; row < rows; row++)
        {
            _pages.Add(row, set.Row(row));
        }
    }

    public long SizeInMemory => _pages.SizeInMemory;

    /// <summary>Queries one after the other.</summary>
    /// <returns>Seconds, and the rows of the last one.</returns>
    public (double Seconds, int[] Rows) One(int from, int count, int k)
    {
        var queries = Queries(from, count);
        TopRows top = null!;
        var started = Stopwatch.GetTimestamp();
        foreach (var vector in queries)
        {
            using var query = _pages.Prepare(vector);
            using var lease = _pages.Take();
            top = new TopRows(k, NoKeys);
            VectorScan.Run(lease, query, null, top, k, default);
        }

        return (Stopwatch.GetElapsedTime(started).TotalSeconds, top.Rows.ToArray());
    }

    /// <summary>Queries in one pass.</summary>
    public (double Seconds, int[] Rows) Many(int from, int count, int k)
    {
        var vectors = Queries(from, count);
        var capacities = new int[count];
        Array.Fill(capacities, k);
        var started = Stopwatch.GetTimestamp();
        var queries = Array.ConvertAll(vectors, vector => _pages.Prepare(vector));
        var tops = Array.ConvertAll(capacities, capacity => new TopRows(capacity, NoKeys));
        using (var lease = _pages.Take())
        {
            BatchScan.Run(lease, queries, capacities, tops, default);
        }

        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        foreach (var query in queries)
        {
            query.Dispose();
        }

        return (seconds, tops[^1].Rows.ToArray());
    }

    public void Dispose() => _pages.Dispose();

    private float[][] Queries(int from, int count) => [.. Enumerable.Range(from, count).Select(_set.Query)];
}
