using Sophia.Gpu.Devices;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>A search that waits for its turn; its thread holds the view until then.</summary>
internal sealed class ScanRequest(VectorPages.Lease pages, ScanQuery asked, ulong[]? filter, int rows, int candidates)
{
    private BestRows? _found;
    private Exception? _error;

    public VectorPages.Lease Pages => pages;

    public ScanQuery Asked => asked;

    public ulong[]? Filter => filter;

    /// <summary>That pass the filter.</summary>
    public int Rows => rows;

    public int Candidates => candidates;

    /// <summary>There are rows that are not among those found.</summary>
    public bool WasCut { get; set; }

    public bool IsDone { get; private set; }

    public BestRows? Result => _error switch
    {
        null => _found,
        DeviceMemoryException e => throw new DeviceMemoryException(e.Message, e),
        ObjectDisposedException => throw new ObjectDisposedException(nameof(DeviceIndex)),
        var e => throw new DeviceFailedException(e.Message, e),
    };

    public void Set(BestRows? found, Exception? error) => (_found, _error, IsDone) = (found, error, true);
}
