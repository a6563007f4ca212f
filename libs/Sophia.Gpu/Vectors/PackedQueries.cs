using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// Many queries side by side, as tiles take them: in groups of 16, and as codes in groups of 64 while there are more than 32.
/// Lanes without a query are zeros.
/// </summary>
internal sealed unsafe class PackedQueries : IDisposable
{
    private const int CacheLine = 64;
    private float* _floats;
    private short* _codes;

    public PackedQueries(ReadOnlySpan<PreparedQuery> queries, int stride, int codeStride)
    {
        Count = queries.Length;
        Lanes = (Count + IKernels.Lanes - 1) / IKernels.Lanes * IKernels.Lanes;
        WideLanes = codeStride == 0 ? 0 : Count % 64 > 32 ? (Count + 63) / 64 * 64 : Count / 64 * 64;
        Lanes = Math.Max(Lanes, WideLanes);
        if (codeStride == 0)
        {
            _floats = Zeros<float>(Lanes * stride);
            for (var query = 0; query < Count; query++)
            {
                var at = _floats + ((query / 16) * 16 * stride) + (query % 16);
                for (var i = 0; i < stride; i++)
                {
                    at[i * 16] = queries[query].Pointer[i];
                }
            }
        }
        else
        {
            _codes = Zeros<short>(Lanes * codeStride);
            for (var query = 0; query < Count; query++)
            {
                var group = query < WideLanes ? 64 : 16;
                var at = _codes + (query / group * group * codeStride) + (query % group * 2);
                for (var i = 0; i < codeStride; i += 2)
                {
                    at[i * group] = queries[query].Codes[i];
                    at[(i * group) + 1] = queries[query].Codes[i + 1];
                }
            }
        }
    }

    public int Count { get; }

    public int Lanes { get; }

    /// <summary>Lanes in groups of 64; those after them stand in groups of 16.</summary>
    public int WideLanes { get; }

    public float* Floats => _floats;

    public short* Codes => _codes;

    public void Dispose()
    {
        NativeMemory.AlignedFree(_floats);
        NativeMemory.AlignedFree(_codes);
        _floats = null;
        _codes = null;
    }

    private static T* Zeros<T>(int count)
        where T : unmanaged
    {
        var memory = (T*)NativeMemory.AlignedAlloc((nuint)count * (nuint)sizeof(T), CacheLine);
        new Span<T>(memory, count).Clear();
        return memory;
    }
}
