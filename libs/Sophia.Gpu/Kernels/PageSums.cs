using ILGPU;
using ILGPU.Runtime;
using Sophia.Gpu.Devices;

namespace Sophia.Gpu.Kernels;

/// <summary>The sums of several ranges of memory (<see cref="MemorySum"/>), 16 bytes a lane at once.</summary>
internal static class PageSums
{
    /// <summary>The grid's second dimension is the range.</summary>
    /// <param name="ranges">Where each begins, in chunks.</param>
    /// <param name="chunks">Of each range.</param>
    /// <param name="sums">By range; added to.</param>
    public static void Kernel(ArrayView<Chunk> memory, ArrayView<long> ranges, int chunks, ArrayView<ulong> sums)
    {
        memory = memory.AsAligned(Chunk.Bytes);
        var begin = ranges[Grid.IdxY];
        ulong sum = 0;
        for (var i = (Grid.IdxX * Group.DimX) + Group.IdxX; i < chunks; i += Grid.DimX * Group.DimX)
        {
            var chunk = memory[begin + i];
            sum += MemorySum.Mixed(chunk.A | ((ulong)chunk.B << 32), 2UL * (uint)i);
            sum += MemorySum.Mixed(chunk.C | ((ulong)chunk.D << 32), (2UL * (uint)i) + 1);
        }

        Atomic.Add(ref sums[Grid.IdxY], sum);
    }
}
