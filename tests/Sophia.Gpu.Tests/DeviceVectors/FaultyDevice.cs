using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Tests.Devices;

namespace Sophia.Gpu.Tests.DeviceVectors;

/// <summary>The simulated device, with errors when they are asked for.</summary>
internal sealed class FaultyDevice : IDevice, IRowScanner
{
    private readonly IlgpuDevice _inner = TestDevice.Open(1 << 26);
    private volatile bool _isHanging;

    /// <summary>Where it fails from now on: means, sum, write, discard, or of scans begin, scan, stream, finish.</summary>
    public string? FailsAt { get; set; }

    /// <summary>Where it hangs from now on, likewise, until it may go on.</summary>
    public string? HangsAt { get; set; }

    public ManualResetEventSlim MayGoOn { get; } = new();

    /// <summary>A call does not return just now.</summary>
    public bool IsHanging => _isHanging;

    /// <summary>What it fails with.</summary>
    public Func<Exception> Error { get; set; } = static () => new DeviceFailedException("CUDA error 700 (an illegal memory access was encountered)");

    /// <summary>What the check finds.</summary>
    public string? Sickness { get; set; }

    /// <summary>How many queries each scan had.</summary>
    public List<int> Batches { get; } = [];

    /// <summary>Called when a scan begins.</summary>
    public Action? Beginning { get; set; }

    public int Checks { get; private set; }

    public int Scans { get; private set; }

    public int Means { get; private set; }

    public DeviceFacts Facts => _inner.Facts;

    public long FreeBytes => _inner.FreeBytes;

    public IRowScanner Scanner => this;

    public IDeviceMemory Reserve(long bytes) => new Memory(this, _inner.Reserve(bytes));

    public void MeanRows(IDeviceMemory matrix, long offset, int width, ReadOnlySpan<int> ids, ReadOnlySpan<int> ends, Span<float> means)
    {
        FailIf("means");
        _inner.MeanRows(((Memory)matrix).Inner, offset, width, ids, ends, means);
        Means++;
    }

    public void Sum(IDeviceMemory memory, ReadOnlySpan<long> offsets, int bytes, Span<ulong> sums)
    {
        FailIf("sum");
        _inner.Sum(((Memory)memory).Inner, offsets, bytes, sums);
    }

    public DeviceCheck Check()
    {
        Checks++;
        return Sickness is null ? _inner.Check() : new DeviceCheck(Sickness, TimeSpan.Zero);
    }

    public IRowScan Begin(IReadOnlyList<FilteredQuery> queries, int best)
    {
        Scans++;
        Batches.Add(queries.Count);
        Beginning?.Invoke();
        FailIf("begin");
        return new Scan(this, _inner.Scanner.Begin(queries, best));
    }

    public void Dispose() => _inner.Dispose();

    private void FailIf(string place)
    {
        if (HangsAt == place)
        {
            _isHanging = true;
            MayGoOn.Wait();
            _isHanging = false;
        }

        if (FailsAt == place)
        {
            throw Error();
        }
    }

    private sealed class Memory(FaultyDevice device, IDeviceMemory inner) : IDeviceMemory
    {
        public IDeviceMemory Inner => inner;

        public long Bytes => inner.Bytes;

        public void Write(long offset, ReadOnlySpan<byte> source)
        {
            device.FailIf("write");
            inner.Write(offset, source);
        }

        public void Read(long offset, Span<byte> target) => inner.Read(offset, target);

        public void Discard(long offset, long bytes)
        {
            device.FailIf("discard");
            inner.Discard(offset, bytes);
        }

        public void Dispose() => inner.Dispose();
    }

    private sealed class Scan(FaultyDevice device, IRowScan inner) : IRowScan
    {
        void IRowScan.Scan(IDeviceMemory memory, RowPages pages)
        {
            device.FailIf("scan");
            inner.Scan(((Memory)memory).Inner, pages);
        }

        public void Stream(IDeviceMemory memory, long offset, long bytes, RowPages pages, IReadOnlyList<int> units, FillUnit fill)
        {
            device.FailIf("stream");
            inner.Stream(((Memory)memory).Inner, offset, bytes, pages, units, fill);
        }

        public IReadOnlyList<BestRows> Finish()
        {
            device.FailIf("finish");
            return inner.Finish();
        }

        public void Dispose() => inner.Dispose();
    }
}
