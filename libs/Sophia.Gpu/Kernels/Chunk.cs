using ILGPU;

namespace Sophia.Gpu.Kernels;

/// <summary>16 bytes, as a lane reads them at once: 4 float32, 8 float16 or 16 codes.</summary>
internal struct Chunk
{
    public const int Bytes = 16;

    public uint A;
    public uint B;
    public uint C;
    public uint D;

    /// <summary>The sum of the products of 4 floats with 4 others.</summary>
    public static float DotFloats(Chunk row, Chunk query, float sum)
    {
        sum = Fused(Interop.IntAsFloat(row.A), query.A, sum);
        sum = Fused(Interop.IntAsFloat(row.B), query.B, sum);
        sum = Fused(Interop.IntAsFloat(row.C), query.C, sum);
        return Fused(Interop.IntAsFloat(row.D), query.D, sum);
    }

    /// <summary>The sum of the products of 8 halves with 8 floats.</summary>
    public static float DotHalves(Chunk row, Chunk queryLow, Chunk queryHigh, float sum)
    {
        sum = DotPair(row.A, queryLow.A, queryLow.B, sum);
        sum = DotPair(row.B, queryLow.C, queryLow.D, sum);
        sum = DotPair(row.C, queryHigh.A, queryHigh.B, sum);
        return DotPair(row.D, queryHigh.C, queryHigh.D, sum);
    }

    /// <summary>The sum of the products of 16 codes with 16 others.</summary>
    public static int DotCodes(Chunk row, Chunk query, int sum)
    {
        sum = Instructions.DotCodes((int)row.A, (int)query.A, sum);
        sum = Instructions.DotCodes((int)row.B, (int)query.B, sum);
        sum = Instructions.DotCodes((int)row.C, (int)query.C, sum);
        return Instructions.DotCodes((int)row.D, (int)query.D, sum);
    }

    private static float DotPair(uint halves, uint first, uint second, float sum)
    {
        sum = Fused((float)Interop.IntAsFloat((ushort)(halves & 0xffff)), first, sum);
        return Fused((float)Interop.IntAsFloat((ushort)(halves >> 16)), second, sum);
    }

    private static float Fused(float row, uint query, float sum) => Instructions.MultiplyAdd(row, Interop.IntAsFloat(query), sum);
}
