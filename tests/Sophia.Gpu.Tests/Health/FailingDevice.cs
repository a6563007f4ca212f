using Sophia.Gpu.Devices;

namespace Sophia.Gpu.Tests.Health;

/// <summary>Host memory whose check fails, hangs or is told of as a test says.</summary>
internal sealed class FailingDevice : IDevice
{
    private readonly HostDevice _host = new(1 << 26);

    private volatile bool _isHanging;

    public string? Failure { get; set; }

    public bool IsLost { get; set; }

    public int Checks { get; private set; }

    /// <summary>Its check waits for it.</summary>
    public ManualResetEventSlim? Hanging { get; set; }

    public bool IsHanging => _isHanging;

    /// <summary>Called by its check.</summary>
    public Action? Checking { get; set; }

    public DeviceFacts Facts => _host.Facts;

    public long FreeBytes => _host.FreeBytes;

    public IDeviceMemory Reserve(long bytes) => _host.Reserve(bytes);

    public DeviceCheck Check()
    {
        Checks++;
        Checking?.Invoke();
        if (Hanging is { } hanging)
        {
            _isHanging = true;
            hanging.Wait();
            _isHanging = false;
        }

        return new DeviceCheck(Failure, TimeSpan.Zero) { IsLasting = IsLost };
    }

    public void MeanRows(IDeviceMemory matrix, long offset, int width, ReadOnlySpan<int> ids, ReadOnlySpan<int> ends, Span<float> means) =>
        _host.MeanRows(matrix, offset, width, ids, ends, means);

    public void Dispose() => _host.Dispose();
}
