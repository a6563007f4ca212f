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
    private readonly PageLocked<byte> _staging;
    private long _staged;

    public ScanLane(Accelerator accelerator, int threads, int groups)
    {
        Stream = accelerator.CreateStream();
        _staging = new PageLocked<byte>(accelerator);
        Asked = new LaneQueries(accelerator);
        Best = new IlgpuSelection(accelerator, threads, groups);
        Units = new Scratch<long>(accelerator);
        Uppers = new Scratch<float>(accelerator);
    }

    public AcceleratorStream Stream { get; }

    public LaneQueries Asked { get; }

    public IlgpuSelection Best { get; }

    public Scratch<long> Units { get; }

    public Scratch<float> Uppers { get; }

    /// <summary>Until all that was put into it has run.</summary>
    public void Wait()
    {
        Stream.Synchronize();
        Asked.AreThrough();
        Units.IsThrough();
    }

    /// <summary>Host memory that the device copies from by itself, until <see cref="Unstage"/>.</summary>
    public PageLockedArray1D<byte> Staging(long bytes)
    {
        var staging = _staging.Of(bytes);
        _staged = Math.Max(_staged, bytes);
        return staging;
    }

    /// <summary>Overwrites what was staged: it may be the vector of a record that is forgotten before the next scan.</summary>
    public void Unstage()
    {
        if (_staged > 0)
        {
            _staging.Of(_staged).Span[..(int)_staged].Clear();
            _staged = 0;
        }
    }

    public void Dispose()
    {
        // One that a failed device does not take back must not keep the others.
        Failures.Dispose(Asked, Best, Units, Uppers, _staging, Stream);
    }
}
