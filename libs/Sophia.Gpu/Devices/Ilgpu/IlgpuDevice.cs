using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>A device that ILGPU reaches: an NVIDIA GPU, or its stand-in on the processor.</summary>
public sealed class IlgpuDevice : IDevice
{
    private const int Checked = 1 << 16;
    private readonly Context _context;
    private readonly Lock _lock = new();
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<uint>, uint> _check;
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<float>, long, int, ArrayView<int>, ArrayView<int>, ArrayView<float>> _meanRows;
    private readonly MadeOnce<IlgpuScanner> _scanner;
    private readonly MadeOnce<IlgpuSums> _sums;
    private readonly MemoryBuffer1D<uint, Stride1D.Dense> _checked;
    private uint _checks;

    private IlgpuDevice(Context context, Accelerator accelerator, DeviceFacts facts, bool tensorCores)
    {
        (_context, Accelerator, Facts) = (context, accelerator, facts);
        _meanRows = accelerator.LoadKernel<ArrayView<float>, long, int, ArrayView<int>, ArrayView<int>, ArrayView<float>>(TokenMeans.Kernel);
        _check = accelerator.LoadKernel<ArrayView<uint>, uint>(Mix);
        _checked = accelerator.Allocate1D<uint>(Checked);
        _scanner = new MadeOnce<IlgpuScanner>(() => new IlgpuScanner(accelerator, tensorCores));
        _sums = new MadeOnce<IlgpuSums>(() => new IlgpuSums(accelerator));
    }

    public DeviceFacts Facts { get; }

    /// <summary>For the kernels.</summary>
    internal Accelerator Accelerator { get; }

    public IRowScanner Scanner => Failures.Guard(() => _scanner.Value);

    public long FreeBytes
    {
        get
        {
            try
            {
                return Accelerator is CudaAccelerator cuda ? cuda.GetFreeMemory() : Facts.TotalBytes;
            }
            catch (AcceleratorException)
            {
                // What is wrong with it is told by its check; nothing can be reserved.
                return 0;
            }
        }
    }

    /// <summary>The NVIDIA GPUs of this machine; none where there is no driver.</summary>
    /// <param name="tensorCores">Whether scans of many queries may use them.</param>
    /// <param name="unopened">Told of each that cannot be opened; null: the first of these is thrown.</param>
    /// <exception cref="DeviceFailedException"/>
    public static IReadOnlyList<IlgpuDevice> Cuda(bool tensorCores = true, Action<UnopenedDevice>? unopened = null)
    {
        unopened ??= static device => throw new DeviceFailedException(device.Description);
        var devices = new List<IlgpuDevice>();
        CudaDevice[] found;
        try
        {
            found = Opening.InTime<CudaDevice[]>(
                static () =>
                {
                    using var context = Context.Create(builder => builder.Cuda());
                    return [.. context.GetCudaDevices()];
                },
                static _ => { });
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            unopened(new UnopenedDevice("driver", null, null, Failures.AtStart(e)));
            return devices;
        }

        for (var i = 0; i < found.Length; i++)
        {
            try
            {
                var ordinal = i;
                devices.Add(Opening.InTime(() => Open(ordinal, tensorCores), static late => late.Dispose()));
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Whatever it is that one GPU answers, or that ILGPU makes of it, is no reason to do without the others.
                unopened(new UnopenedDevice(IdOf(i), found[i].Name, e is TimeoutException ? null : CudaDriver.UuidOf(i), Failures.AtStart(e)));
            }
        }

        return devices;
    }

    private static IlgpuDevice Open(int ordinal, bool tensorCores)
    {
        // A context each: one that a device's error has spoilt takes no other with it.
        var context = Context.Create(builder => builder.Cuda().ForKernels());
        Accelerator? accelerator = null;
        try
        {
            var device = context.GetCudaDevices()[ordinal];
            var capability = device.Architecture is { } known ? new Version(known.Major, known.Minor) : null;
            var facts = new DeviceFacts(IdOf(ordinal), DeviceKind.Cuda, device.Name, device.MemorySize, capability) { Uuid = CudaDriver.UuidOf(ordinal) };
            accelerator = device.CreateAccelerator(context);
            return new IlgpuDevice(context, accelerator, facts, tensorCores);
        }
        catch
        {
            if (accelerator is not null)
            {
                Failures.Dispose(accelerator);
            }

            Failures.Dispose(context);
            throw;
        }
    }

    private static string IdOf(int ordinal) => ordinal.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>ILGPU's debugger: slow, right, and the same kernels.</summary>
    /// <param name="hasTensorCores">Warps of 32 lanes instead of 4, as the kernels for tensor cores need; slower by far.</param>
    public static IlgpuDevice Simulated(long totalBytes, bool hasTensorCores = false)
    {
        var context = Context.Create(builder => builder.CPU(hasTensorCores ? new CPUDevice(32, 1, 1) : CPUDevice.Default).ForKernels());
        return new IlgpuDevice(context, context.GetCPUDevices()[0].CreateAccelerator(context), new DeviceFacts("0", DeviceKind.Simulated, "ILGPU's CPU accelerator", totalBytes, null), tensorCores: true);
    }

    public IDeviceMemory Reserve(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        try
        {
            return new IlgpuMemory(Accelerator, bytes);
        }
        catch (Exception e) when (e is CudaException or OutOfMemoryException)
        {
            throw new DeviceMemoryException($"{Facts.Model} reserves no {bytes:N0} bytes: {e.Message}", e);
        }
    }

    public void MeanRows(IDeviceMemory matrix, long offset, int width, ReadOnlySpan<int> ids, ReadOnlySpan<int> ends, Span<float> means)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        if (means.IsEmpty)
        {
            return;
        }

        lock (_lock)
        {
            try
            {
                MeanRowsOf(matrix, offset, width, ids, ends, means);
            }
            catch (Exception e) when (Failures.Is(e))
            {
                throw Failures.Of(e);
            }
        }
    }

    public void Sum(IDeviceMemory memory, ReadOnlySpan<long> offsets, int bytes, Span<ulong> sums)
    {
        ArgumentNullException.ThrowIfNull(memory);
        foreach (var offset in offsets)
        {
            if (offset < 0 || offset % MemorySum.Alignment != 0 || bytes <= 0 || bytes % MemorySum.Alignment != 0 || offset > memory.Bytes - bytes)
            {
                throw new ArgumentException($"{bytes:N0} bytes at {offset:N0} of {memory.Bytes:N0} cannot be added up.", nameof(offsets));
            }
        }

        if (offsets.IsEmpty)
        {
            return;
        }

        lock (_lock)
        {
            try
            {
                _sums.Value.Sum((IlgpuMemory)memory, offsets, bytes, sums[..offsets.Length]);
            }
            catch (Exception e) when (Failures.Is(e))
            {
                throw Failures.Of(e);
            }
        }
    }

    public DeviceCheck Check()
    {
        lock (_lock)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                var seed = ++_checks;
                _check(Accelerator.DefaultStream, Threads.For(Accelerator, Checked), _checked.View.BaseView, seed);
                Accelerator.Synchronize();
                var made = _checked.GetAsArray1D();
                for (var i = 0; i < made.Length; i++)
                {
                    if (made[i] != Mixed((uint)i, seed))
                    {
                        return new DeviceCheck($"Value {i} of the check's kernel is {made[i]}; it must be {Mixed((uint)i, seed)}.", Stopwatch.GetElapsedTime(started));
                    }
                }

                // Whether its tensor cores can be trusted is known before a search comes; what hindered that may be over at a later check.
                if (Facts.Kind == DeviceKind.Cuda)
                {
                    _scanner.Value.Tiles.TryAgain();
                }

                return new DeviceCheck(null, Stopwatch.GetElapsedTime(started));
            }
            catch (Exception e) when (Failures.Is(e))
            {
                return new DeviceCheck($"The check's kernel did not run: {e.Message}", Stopwatch.GetElapsedTime(started)) { IsLasting = Failures.IsLasting(e) };
            }
        }
    }

    public void Dispose()
    {
        // Not in the middle of a check; one that hangs with its device must not hold up the end of the process.
        if (!_lock.TryEnter(TimeSpan.FromSeconds(5)))
        {
            return;
        }

        try
        {
            if (_scanner.Made is { } scanner)
            {
                Failures.Dispose(scanner);
            }

            if (_sums.Made is { } sums)
            {
                Failures.Dispose(sums);
            }

            Failures.Dispose(_checked, Accelerator, _context);
        }
        finally
        {
            _lock.Exit();
        }
    }

    private void MeanRowsOf(IDeviceMemory matrix, long offset, int width, ReadOnlySpan<int> ids, ReadOnlySpan<int> ends, Span<float> means)
    {
        var stream = Accelerator.DefaultStream;
        // A view of nothing cannot be made: one id that no group has.
        using var deviceIds = Accelerator.Allocate1D<int>(Math.Max(1, ids.Length));
        using var deviceEnds = Accelerator.Allocate1D<int>(ends.Length);
        using var deviceMeans = Accelerator.Allocate1D<float>(means.Length);
        if (!ids.IsEmpty)
        {
            deviceIds.View.BaseView.CopyFromCPU(stream, ids);
        }

        deviceEnds.View.BaseView.CopyFromCPU(stream, ends);
        _meanRows(stream, Threads.For(Accelerator, means.Length), ((IlgpuMemory)matrix).Buffer.View.BaseView.Cast<float>(), offset / sizeof(float), width, deviceIds.View.BaseView, deviceEnds.View.BaseView, deviceMeans.View.BaseView);
        deviceMeans.View.BaseView.CopyToCPU(stream, means);
        stream.Synchronize();
    }

    private static void Mix(ArrayView<uint> target, uint seed)
    {
        var index = Grid.GlobalIndex.X;
        if (index < target.IntLength)
        {
            target[index] = Mixed((uint)index, seed);
        }
    }

    // Wang's integer hash: every bit of the arithmetic units' answer matters.
    private static uint Mixed(uint value, uint seed)
    {
        value = (value ^ 61u) ^ (value >> 16) ^ seed;
        value *= 9u;
        value ^= value >> 4;
        value *= 0x27d4eb2du;
        return value ^ (value >> 15);
    }
}
