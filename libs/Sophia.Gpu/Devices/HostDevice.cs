using System.Diagnostics;
using System.Numerics.Tensors;
using Sophia.Gpu.Vectors;
using Sophia.Memory;

namespace Sophia.Gpu.Devices;

/// <summary>The machine's own memory as a device, where there is no GPU.</summary>
/// <param name="budgetBytes">How much of the machine's memory the pools may have; the rest is the process's and the system's.</param>
public sealed class HostDevice(long budgetBytes) : IDevice
{
    private long _reserved;

    public DeviceFacts Facts { get; } = new("host", DeviceKind.Host, $"host memory, {HostProcessor.Vectors}", budgetBytes, null);

    public long FreeBytes => Math.Max(0, budgetBytes - Interlocked.Read(ref _reserved));

    /// <summary>Half of what the process may use of the machine's memory, limits of its container counted.</summary>
    public static long DefaultBudget => AvailableMemory.Bytes / 2;

    public IDeviceMemory Reserve(long bytes)
    {
        var memory = HostReservation.Of(bytes);
        Interlocked.Add(ref _reserved, bytes);
        return memory;
    }

    public unsafe void MeanRows(IDeviceMemory matrix, long offset, int width, ReadOnlySpan<int> ids, ReadOnlySpan<int> ends, Span<float> means)
    {
        var rows = (float*)(((HostReservation)matrix).Pointer + offset);
        var mean = new RowMean(width);
        var at = 0;
        for (var group = 0; group < ends.Length; group++)
        {
            for (; at < ends[group]; at++)
            {
                mean.Add(new ReadOnlySpan<float>(rows + ((long)ids[at] * width), width));
            }

            mean.Take(means.Slice(group * width, width));
        }
    }

    public unsafe void Sum(IDeviceMemory memory, ReadOnlySpan<long> offsets, int bytes, Span<ulong> sums)
    {
        ArgumentNullException.ThrowIfNull(memory);
        for (var i = 0; i < offsets.Length; i++)
        {
            sums[i] = MemorySum.Of(((HostReservation)memory).Range(offsets[i], bytes));
        }
    }

    /// <summary>The sum of a vector by the instructions of the scans, and by plain ones.</summary>
    public DeviceCheck Check()
    {
        var started = Stopwatch.GetTimestamp();
        var ones = new float[4096];
        for (var i = 0; i < ones.Length; i++)
        {
            ones[i] = (i % 7) - 3;
        }

        // Small whole numbers: exact in float32 in any order.
        var (fast, plain) = (TensorPrimitives.Dot<float>(ones, ones), 0f);
        foreach (var one in ones)
        {
            plain += one * one;
        }

        return new DeviceCheck(fast == plain ? null : $"The sum of a vector was {fast}; it is {plain}.", Stopwatch.GetElapsedTime(started));
    }

    public void Dispose()
    {
    }
}
