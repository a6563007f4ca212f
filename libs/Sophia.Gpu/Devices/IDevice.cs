namespace Sophia.Gpu.Devices;

public enum DeviceKind
{
    /// <summary>The machine's own memory, searched with the processor's vector instructions.</summary>
    Host,

    /// <summary>An NVIDIA GPU.</summary>
    Cuda,

    /// <summary>A debugger's stand-in for a GPU, on the processor: for tests of correctness.</summary>
    Simulated,
}

/// <summary>What a device is.</summary>
/// <param name="Id">Its place on the node: 0, 1, … for GPUs, host for the machine's memory.</param>
/// <param name="Model">As its driver names it.</param>
/// <param name="ComputeCapability">Such as 9.0; null for what is no GPU.</param>
public sealed record DeviceFacts(string Id, DeviceKind Kind, string Model, long TotalBytes, Version? ComputeCapability)
{
    /// <summary>As nvidia-smi -L prints it, and NVML; null for what is no GPU, and where the driver does not say.</summary>
    public string? Uuid { get; init; }
}

/// <summary>What came of running a kernel and comparing its result with the same computed by the processor.</summary>
/// <param name="Failure">Null when every value agreed.</param>
public sealed record DeviceCheck(string? Failure, TimeSpan Took)
{
    public bool IsHealthy => Failure is null;

    /// <summary>The process cannot use the device any more, whatever becomes of it: another process must be started.</summary>
    public bool IsLasting { get; init; }
}

/// <summary>The device had not so much memory, although it said so.</summary>
public sealed class DeviceMemoryException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A device: memory, copies to and from it, and the running of kernels on it. ILGPU stands behind it and nowhere else.</summary>
public interface IDevice : IDisposable
{
    DeviceFacts Facts { get; }

    /// <summary>Bytes that could be reserved now.</summary>
    long FreeBytes { get; }

    /// <summary>Memory that stays where it is until it is disposed of; its contents are zero.</summary>
    /// <exception cref="DeviceMemoryException"/>
    IDeviceMemory Reserve(long bytes);

    /// <summary>The mean of rows of a float32 matrix, for each group of rows; zeros for an empty group.</summary>
    /// <param name="matrix">Of this device.</param>
    /// <param name="offset">Of the matrix's first byte; whole floats.</param>
    /// <param name="ids">The rows of all groups, one group after the other.</param>
    /// <param name="ends">Where each group ends.</param>
    /// <param name="means">Groups × width.</param>
    void MeanRows(IDeviceMemory matrix, long offset, int width, ReadOnlySpan<int> ids, ReadOnlySpan<int> ends, Span<float> means);

    /// <summary>The sum (<see cref="MemorySum"/>) of each of several ranges of its memory.</summary>
    /// <param name="memory">Of this device.</param>
    /// <param name="offsets">Where each begins; multiples of 16.</param>
    /// <param name="bytes">Of each; a multiple of 16.</param>
    /// <param name="sums">By range.</param>
    /// <exception cref="ArgumentException">A range does not lie so, or not in the memory.</exception>
    /// <exception cref="DeviceFailedException"/>
    void Sum(IDeviceMemory memory, ReadOnlySpan<long> offsets, int bytes, Span<ulong> sums)
    {
        ArgumentNullException.ThrowIfNull(memory);
        var range = new byte[bytes];
        for (var i = 0; i < offsets.Length; i++)
        {
            memory.Read(offsets[i], range);
            sums[i] = MemorySum.Of(range);
        }
    }

    /// <summary>Scans rows in its memory; null where the processor does that itself (<see cref="Vectors.VectorScan"/>).</summary>
    IRowScanner? Scanner => null;

    /// <summary>Runs a kernel and checks what it made: a device may answer its driver and yet compute nothing.</summary>
    DeviceCheck Check();
}

/// <summary>Reserved memory of a device. Ranges outside of it throw <see cref="ArgumentOutOfRangeException"/>.</summary>
public interface IDeviceMemory : IDisposable
{
    long Bytes { get; }

    void Write(long offset, ReadOnlySpan<byte> source);

    void Read(long offset, Span<byte> target);

    /// <summary>Nobody needs the range any more: it reads as zeros from now on, and its memory may go back to the system.</summary>
    void Discard(long offset, long bytes);
}
