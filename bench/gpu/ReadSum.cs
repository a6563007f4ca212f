using ILGPU;
using ILGPU.Runtime;
using Sophia.Gpu.Kernels;

namespace Sophia.Bench.Gpu;

/// <summary>Reads memory and does as little as can be with it: the bandwidth that the scans are held against.</summary>
internal static class ReadSum
{
    /// <param name="sums">One number, to which the sum of all words is added (modulo 2³²).</param>
    public static void Kernel(ArrayView<Chunk> chunks, ArrayView<uint> sums)
    {
        chunks = chunks.AsAligned(Chunk.Bytes);
        uint sum = 0;
        var threads = (long)Grid.DimX * Group.DimX;
        var at = ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
        for (; at + (3 * threads) < chunks.Length; at += 4 * threads)
        {
            var (a, b, c, d) = (chunks[at], chunks[at + threads], chunks[at + (2 * threads)], chunks[at + (3 * threads)]);
            sum += a.A + a.B + a.C + a.D + b.A + b.B + b.C + b.D;
            sum += c.A + c.B + c.C + c.D + d.A + d.B + d.C + d.D;
        }

        for (; at < chunks.Length; at += threads)
        {
            var chunk = chunks[at];
            sum += chunk.A + chunk.B + chunk.C + chunk.D;
        }

        // One addition a warp: those of all threads at one place would be waited for.
        for (var step = Warp.WarpSize / 2; step > 0; step /= 2)
        {
            sum += Warp.ShuffleDown(sum, step);
        }

        if (Warp.IsFirstLane)
        {
            Atomic.Add(ref sums[0], sum);
        }
    }
}
