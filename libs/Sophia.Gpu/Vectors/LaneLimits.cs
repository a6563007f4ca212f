using System.Runtime.InteropServices;

namespace Sophia.Gpu.Vectors;

/// <summary>What the queries of a batch hold the sums of a row against: a number for each lane, at cache lines.</summary>
internal sealed unsafe class LaneLimits : IDisposable
{
    private const int CacheLine = 64;
    private float* _memory;

    public LaneLimits(int lanes)
    {
        // Lanes are whole sixteens, so that each array begins at a line.
        _memory = (float*)NativeMemory.AlignedAlloc((nuint)(lanes * 4 * sizeof(float)), CacheLine);
        new Span<float>(_memory, lanes * 4).Clear();
        Corrections = (int*)_memory;
        Units = _memory + lanes;
        Slopes = Units + lanes;
        Offsets = Slopes + lanes;
    }

    /// <summary>Added to a sum; −128·Σd where codes are taken plus 128 (<see cref="CoarseQuery"/>).</summary>
    public int* Corrections { get; }

    /// <summary>What a unit of the query's codes is worth.</summary>
    public float* Units { get; }

    /// <summary>Of the bound, for each unit of the row's error.</summary>
    public float* Slopes { get; }

    /// <summary>Of the bound, for any row.</summary>
    public float* Offsets { get; }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
