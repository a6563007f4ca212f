namespace Sophia.Gpu.Devices;

/// <summary>Scans rows in a device's memory with the device's kernels. One scan at a time; others wait.</summary>
public interface IRowScanner
{
    /// <summary>Begins a scan of several queries over the same rows, each with a filter of its own.</summary>
    /// <param name="queries">At least one, all of one kind.</param>
    /// <param name="best">How many rows are wanted of each query.</param>
    /// <exception cref="DeviceFailedException"/>
    IRowScan Begin(IReadOnlyList<FilteredQuery> queries, int best);

    /// <summary>The same with one filter for all.</summary>
    IRowScan Begin(IReadOnlyList<ScanQuery> queries, ulong[]? filter, int best)
    {
        ArgumentNullException.ThrowIfNull(queries);
        return Begin([.. queries.Select(query => new FilteredQuery(query, filter))], best);
    }
}

/// <param name="Filter">A bit for each row by its name, 64 to a word; null: all rows.</param>
public readonly record struct FilteredQuery(ScanQuery Query, ulong[]? Filter);

/// <summary>A scan under way; dispose of it, or no other begins.</summary>
public interface IRowScan : IDisposable
{
    /// <summary>Scans rows, in this device's memory. What is written there before <see cref="Finish"/> may be read or not.</summary>
    /// <exception cref="ArgumentException">Rows cannot lie like this, or their kind is not the queries'.</exception>
    /// <exception cref="DeviceFailedException"/>
    void Scan(IDeviceMemory memory, RowPages pages);

    /// <summary>
    /// Scans rows that are not in the device's memory: they are written there a few units at a time, half of the range being
    /// written while the kernels read the other. When it returns, the range is free again.
    /// </summary>
    /// <param name="memory">In which a range is free for it.</param>
    /// <param name="offset">A multiple of 16.</param>
    /// <param name="bytes">At least two units.</param>
    /// <param name="pages">How the rows would lie; where its units lie is not read.</param>
    /// <param name="units">Which to scan, ascending.</param>
    /// <param name="fill">Writes a unit's pages.</param>
    /// <exception cref="DeviceFailedException"/>
    void Stream(IDeviceMemory memory, long offset, long bytes, RowPages pages, IReadOnlyList<int> units, FillUnit fill);

    /// <summary>The rows with the greatest upper bounds of all that were scanned, by query.</summary>
    /// <exception cref="DeviceFailedException"/>
    IReadOnlyList<BestRows> Finish();
}

/// <param name="target">The bytes of the unit, to be written whole.</param>
public delegate void FillUnit(int unit, Span<byte> target);

/// <summary>Rows and how great their cosine with the query is at most, in no order.</summary>
/// <param name="Uppers">Of a row that is not among them the upper bound is at most the least of these, or there is no other row.</param>
public sealed record BestRows(int[] Rows, float[] Uppers)
{
    /// <summary>The best so many of two lists of different rows.</summary>
    internal static BestRows Of(BestRows one, BestRows other, int most)
    {
        int[] rows = [.. one.Rows, .. other.Rows];
        float[] uppers = [.. one.Uppers, .. other.Uppers];
        Array.Sort(uppers, rows, Comparer<float>.Create(static (a, b) => b.CompareTo(a)));
        return rows.Length <= most ? new BestRows(rows, uppers) : new BestRows(rows[..most], uppers[..most]);
    }
}

/// <summary>The device reported an error, and nothing that it computes can be trusted until it is checked again.</summary>
public sealed class DeviceFailedException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <inheritdoc cref="DeviceCheck.IsLasting"/>
    public bool IsLasting { get; init; }
}
