using System.Runtime.InteropServices;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// Many queries side by side, as tiles take them: in groups of 16, and in groups of 32 (of floats) or 64 (of codes) while
/// more than half of such a group is there. Lanes without a query are zeros.
/// </summary>
internal sealed unsafe class PackedQueries : IDisposable
{
    private const int CacheLine = 64;
    private float* _floats;
    private short* _codes;
    private sbyte* _coarse;

    /// <param name="codeStride">Codes of a stored row; 0: the rows are scanned in float32.</param>
    /// <param name="isCoarse">By 8-bit codes of the queries too.</param>
    public PackedQueries(ReadOnlySpan<PreparedQuery> queries, int stride, int codeStride, bool isCoarse)
    {
        Count = queries.Length;
        var wide = codeStride == 0 ? 32 : 64;
        WideLanes = Count % wide > wide / 2 ? (Count + wide - 1) / wide * wide : Count / wide * wide;
        Lanes = Math.Max((Count + IKernels.Lanes - 1) / IKernels.Lanes * IKernels.Lanes, WideLanes);
        if (codeStride == 0)
        {
            _floats = Zeros<float>(Lanes * stride);
            for (var query = 0; query < Count; query++)
            {
                var group = query < WideLanes ? wide : IKernels.Lanes;
                var at = _floats + (query / group * group * stride) + (query % group);
                for (var i = 0; i < stride; i++)
                {
                    at[i * group] = queries[query].Pointer[i];
                }
            }

            return;
        }

        _codes = Zeros<short>(Lanes * codeStride);
        for (var query = 0; query < Count; query++)
        {
            var group = query < WideLanes ? wide : IKernels.Lanes;
            var at = _codes + (query / group * group * codeStride) + (query % group * 2);
            for (var i = 0; i < codeStride; i += 2)
            {
                at[i * group] = queries[query].Codes[i];
                at[(i * group) + 1] = queries[query].Codes[i + 1];
            }
        }

        if (isCoarse)
        {
            PackCoarse(queries, codeStride);
        }
    }

    public int Count { get; }

    public int Lanes { get; }

    /// <summary>Lanes in the wider groups; those after them stand in groups of 16.</summary>
    public int WideLanes { get; }

    public float* Floats => _floats;

    public short* Codes => _codes;

    /// <summary>Null when they were not asked for.</summary>
    public sbyte* Coarse => _coarse;

    /// <summary>By query.</summary>
    public CoarseQuery[] CoarseQueries { get; private set; } = [];

    public void Dispose()
    {
        NativeMemory.AlignedFree(_floats);
        NativeMemory.AlignedFree(_codes);
        NativeMemory.AlignedFree(_coarse);
        _floats = null;
        _codes = null;
        _coarse = null;
    }

    private void PackCoarse(ReadOnlySpan<PreparedQuery> queries, int codeStride)
    {
        _coarse = Zeros<sbyte>(Lanes * codeStride);
        CoarseQueries = new CoarseQuery[Count];
        var codes = new sbyte[codeStride];
        for (var query = 0; query < Count; query++)
        {
            CoarseQueries[query] = CoarseQuery.Encode(queries[query].Floats, codes);
            var at = _coarse + (query / IKernels.Lanes * IKernels.Lanes * codeStride) + (query % IKernels.Lanes * 4);
            for (var i = 0; i < codeStride; i += 4, at += IKernels.Lanes * 4)
            {
                codes.AsSpan(i, 4).CopyTo(new Span<sbyte>(at, 4));
            }
        }
    }

    private static T* Zeros<T>(int count)
        where T : unmanaged
    {
        var memory = (T*)NativeMemory.AlignedAlloc((nuint)count * (nuint)sizeof(T), CacheLine);
        new Span<T>(memory, count).Clear();
        return memory;
    }
}
