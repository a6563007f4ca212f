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

    /// <summary>Host memory that the device copies from by itself.</summary>
    public PageLockedArray1D<byte> Staging(long bytes)
    {
        if (_staging is null || _staging.Length < bytes)
        {
            _staging?.Dispose();
            _staging = null;
            _staging = _accelerator.AllocatePageLocked1D<byte>(bytes);
        }

        return _staging;
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
