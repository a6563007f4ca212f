using Sophia.Gpu.Devices;
using Sophia.Memory.Search;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>A search that waits for its turn on a device. It may have left when it gets it, so nothing here is anybody else's.</summary>
/// <param name="rows">That pass the filter.</param>
/// <param name="shares">Which units the device scans for it, and which others do.</param>
/// <param name="left">Counts those that are not done.</param>
internal sealed class ScanRequest(ScanQuery asked, ulong[]? filter, int rows, int candidates, DeviceShares shares, CountdownEvent left)
{
    private BestRows? _found;
    private Exception? _error;

    public ScanQuery Asked => asked;

    public ulong[]? Filter => filter;

    public int Rows => rows;

    public int Candidates => candidates;

    public DeviceShares Shares => shares;

    /// <summary>There are rows that are not among those found.</summary>
    public bool WasCut { get; set; }

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
        DeviceFailedException e => throw new DeviceFailedException(e.Message, e) { IsLasting = e.IsLasting },
        var e => throw new InvalidOperationException($"A scan on a device failed: {e.Message}", e),
    };

    public void Set(BestRows? found, Exception? error)
    {
        (_found, _error) = (found, error);
        left.Signal();
    }
}
