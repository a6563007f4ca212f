using Sophia.Gpu.Devices;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Search;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>A search that waits for its turn on a device; its thread holds the view until then.</summary>
/// <param name="rows">That pass the filter.</param>
/// <param name="shares">Which units the device scans for it, and which others do.</param>
internal sealed class ScanRequest(VectorPages.Lease pages, ScanQuery asked, ulong[]? filter, int rows, int candidates, DeviceShares shares)
{
    private BestRows? _found;
    private Exception? _error;

    public VectorPages.Lease Pages => pages;

    public ScanQuery Asked => asked;

    public ulong[]? Filter => filter;

    public int Rows => rows;

    public int Candidates => candidates;

    public DeviceShares Shares => shares;

    /// <summary>There are rows that are not among those found.</summary>
    public bool WasCut { get; set; }

    public bool IsDone { get; private set; }

    /// <summary>Null where there was no room to stream what is not there.</summary>
    /// <exception cref="DeviceFailedException"/>
    /// <exception cref="DeviceMemoryException"/>
    /// <exception cref="ShardDamagedException"/>
    /// <exception cref="ObjectDisposedException">The shard is gone.</exception>
    public BestRows? Result => _error switch
    {
        null => _found,
        DeviceMemoryException e => throw new DeviceMemoryException(e.Message, e),
        ShardDamagedException e => throw new ShardDamagedException(e.Message),
        ObjectDisposedException => throw new ObjectDisposedException(nameof(DeviceIndex)),
        var e => throw new DeviceFailedException(e.Message, e) { IsLasting = e is DeviceFailedException { IsLasting: true } },
    };

    public void Set(BestRows? found, Exception? error) => (_found, _error, IsDone) = (found, error, true);
}
