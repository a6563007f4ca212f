namespace Sophia.Gpu.Devices;

/// <summary>Scans rows in a device's memory with the device's kernels. One scan at a time; others wait.</summary>
public interface IRowScanner
{
    /// <summary>Begins a scan of several queries over the same rows.</summary>
    /// <param name="queries">At least one, all of one kind.</param>
    /// <param name="filter">A bit for each row by its name, 64 to a word; null: all rows.</param>
    /// <param name="best">How many rows are wanted of each query.</param>
    /// <exception cref="DeviceFailedException"/>
    IRowScan Begin(IReadOnlyList<ScanQuery> queries, ulong[]? filter, int best);
}

/// <summary>A scan under way; dispose of it, or no other begins.</summary>
public interface IRowScan : IDisposable
{
    /// <summary>Scans rows, in this device's memory. What is written there before <see cref="Finish"/> may be read or not.</summary>
    /// <exception cref="ArgumentException">Rows cannot lie like this, or their kind is not the queries'.</exception>
    /// <exception cref="DeviceFailedException"/>
    void Scan(IDeviceMemory memory, RowPages pages);

    /// <summary>The rows with the greatest upper bounds of all that were scanned, by query.</summary>
    /// <exception cref="DeviceFailedException"/>
    IReadOnlyList<BestRows> Finish();
}

/// <summary>Rows and how great their cosine with the query is at most, in no order.</summary>
/// <param name="Uppers">Of a row that is not among them the upper bound is at most the least of these, or there is no other row.</param>
public sealed record BestRows(int[] Rows, float[] Uppers);

/// <summary>The device reported an error, and nothing that it computes can be trusted until it is checked again.</summary>
public sealed class DeviceFailedException(string message, Exception? inner = null) : Exception(message, inner);
