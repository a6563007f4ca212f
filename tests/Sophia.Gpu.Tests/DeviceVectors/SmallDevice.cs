using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Devices;
using Sophia.Gpu.DeviceVectors;
using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;

namespace Sophia.Gpu.Tests.DeviceVectors;

/// <summary>A device with pools of a few small pages, so that few rows fill them.</summary>
internal sealed class SmallDevice : IDisposable
{
    private readonly IDevice _device;

    public SmallDevice(IDevice device, int vectorPages, int bufferPages, string rows = "int8", int pageBytes = 4096, int mostCandidates = 1 << 20)
    {
        _device = device;
        int[] pages = [1, 1, vectorPages, bufferPages];
        Pools = [.. pages.Select((count, kind) => new PagePool($"n/0/{kind}", (PoolKind)kind, device.Reserve((long)count * pageBytes), pageBytes, 0, Clock))];
        Scans = new DeviceScans(PooledDevice.Of("n/0", device, DeviceProfile.Of(device.Facts), Pools, Clock), rows, Clock) { FromBytes = 0, MostCandidates = mostCandidates };
    }

    public FakeTimeProvider Clock { get; } = new();

    public PagePool[] Pools { get; }

    public DeviceScans Scans { get; }

    /// <summary>The time passes, and at its end the device is tried again, as <see cref="DeviceWatch"/> does each second.</summary>
    public void Wait(TimeSpan time)
    {
        Advance(time);
        _ = Scans.Gate.Retry();
    }

    /// <summary>Returns when the device has done what was asked of it before.</summary>
    public void Settle() => Call(static () => { });

    /// <summary>On the device's thread.</summary>
    public void Call(Action call)
    {
        using var done = new ManualResetEventSlim();
        Assert.True(Scans.Thread.TryPost(() =>
        {
            call();
            done.Set();
        }));
        Assert.True(done.Wait(TimeSpan.FromMinutes(1)));
    }

    /// <summary>The time passes, and what was to be done on the device is done.</summary>
    public void Advance(TimeSpan time)
    {
        Clock.Advance(time);
        Settle();
    }

    public void Dispose()
    {
        Assert.True(Scans.Thread.TryEnd(TimeSpan.FromMinutes(1)));
        foreach (var pool in Pools)
        {
            pool.Dispose();
        }

        _device.Dispose();
    }
}
