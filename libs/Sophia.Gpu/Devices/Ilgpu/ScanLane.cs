using ILGPU;
using ILGPU.Runtime;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>
/// A queue of the device with all that its kernels write. What is put into one lane runs in order; two lanes run beside each
/// other, so that one copies while the other computes, and share nothing.
/// </summary>
internal sealed class ScanLane : IDisposable
{
    private readonly Accelerator _accelerator;
    private PageLockedArray1D<byte>? _staging;
    private long _staged;

    public ScanLane(Accelerator accelerator, int threads, int groups)
    {
        _accelerator = accelerator;
        Stream = accelerator.CreateStream();
        Best = new IlgpuSelection(accelerator, threads, groups);
        Units = new Scratch<long>(accelerator);
        Uppers = new Scratch<float>(accelerator);
    }

    public AcceleratorStream Stream { get; }

    public IlgpuSelection Best { get; }

    public Scratch<long> Units { get; }

    public Scratch<float> Uppers { get; }

    /// <summary>Host memory that the device copies from by itself, until <see cref="Unstage"/>.</summary>
    public PageLockedArray1D<byte> Staging(long bytes)
    {
        if (_staging is null || _staging.Length < bytes)
        {
            _staging?.Dispose();
            _staging = null;
            _staging = _accelerator.AllocatePageLocked1D<byte>(bytes);
        }

        _staged = Math.Max(_staged, bytes);
        return _staging;
    }

    /// <summary>Overwrites what was staged: it may be the vector of a record that is forgotten before the next scan.</summary>
    public void Unstage()
    {
        _staging?.GetArray().AsSpan(0, (int)_staged).Clear();
        _staged = 0;
    }

    public void Dispose()
    {
        Best.Dispose();
        Units.Dispose();
        Uppers.Dispose();
        _staging?.Dispose();
        Stream.Dispose();
    }
}
