using ILGPU;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;

namespace Sophia.Gpu.Kernels;

/// <summary>
/// Tile products of a warp's 32 lanes on the tensor cores (mma.sync; compute capability 8.0), of 16 rows with 8 queries. Lane
/// 4·g + t holds of the rows the words a0 (row g), a1 (row g + 8), a2 (row g) and a3 (row g + 8), of query g the words b0 and b1;
/// the places in a row that a0 and a1 hold go with b0, those of a2 and a3 with b1, word for word of the lanes with the same t.
/// Its four sums are of row g with the queries 2t and 2t + 1, then of row g + 8 with the same. Source: PTX ISA 8.0, 9.7.13.4,
/// m16n8k16 (float16) and m16n8k32 (8-bit). Which places they are is free, as long as rows and queries agree.
/// In plain arithmetic, the lanes' words are exchanged one by one; that is for the CPU accelerator and shows the kernels right.
/// </summary>
internal static class TensorCores
{
    public struct FloatSums
    {
        public float S0;
        public float S1;
        public float S2;
        public float S3;
    }

    public struct WholeSums
    {
        public int S0;
        public int S1;
        public int S2;
        public int S3;
    }

    /// <summary>Words of two halves; products are exact, sums are of single precision and may be cut off instead of rounded.</summary>
    [IntrinsicImplementation]
    public static FloatSums Halves(float s0, float s1, float s2, float s3, uint a0, uint a1, uint a2, uint a3, uint b0, uint b1)
    {
        var (g, t) = (Warp.LaneIdx / 4, Warp.LaneIdx % 4);
        for (var lane = 0; lane < 4; lane++)
        {
            var (r0, r1, r2, r3) = (From(a0, (g * 4) + lane), From(a1, (g * 4) + lane), From(a2, (g * 4) + lane), From(a3, (g * 4) + lane));
            var (q0, q1) = (From(b0, (t * 8) + lane), From(b1, (t * 8) + lane));
            var (p0, p1) = (From(b0, (t * 8) + 4 + lane), From(b1, (t * 8) + 4 + lane));
            s0 += Pair(r0, q0) + Pair(r2, q1);
            s1 += Pair(r0, p0) + Pair(r2, p1);
            s2 += Pair(r1, q0) + Pair(r3, q1);
            s3 += Pair(r1, p0) + Pair(r3, p1);
        }

        return new FloatSums { S0 = s0, S1 = s1, S2 = s2, S3 = s3 };
    }

    /// <summary>Words of four signed bytes; exact in 32 bits.</summary>
    [IntrinsicImplementation]
    public static WholeSums Codes(int s0, int s1, int s2, int s3, uint a0, uint a1, uint a2, uint a3, uint b0, uint b1)
    {
        var (g, t) = (Warp.LaneIdx / 4, Warp.LaneIdx % 4);
        for (var lane = 0; lane < 4; lane++)
        {
            var (r0, r1, r2, r3) = (From(a0, (g * 4) + lane), From(a1, (g * 4) + lane), From(a2, (g * 4) + lane), From(a3, (g * 4) + lane));
            var (q0, q1) = (From(b0, (t * 8) + lane), From(b1, (t * 8) + lane));
            var (p0, p1) = (From(b0, (t * 8) + 4 + lane), From(b1, (t * 8) + 4 + lane));
            s0 = Bytes(r2, q1, Bytes(r0, q0, s0));
            s1 = Bytes(r2, p1, Bytes(r0, p0, s1));
            s2 = Bytes(r3, q1, Bytes(r1, q0, s2));
            s3 = Bytes(r3, p1, Bytes(r1, p0, s3));
        }

        return new WholeSums { S0 = s0, S1 = s1, S2 = s2, S3 = s3 };
    }

    /// <summary>Makes them known to a context before it compiles kernels.</summary>
    internal static void Register(IntrinsicImplementationManager known)
    {
        known.RegisterMethod(typeof(TensorCores).GetMethod(nameof(Halves))!, new PTXIntrinsic(((PTXIntrinsic.Handler)EmitHalves).Method, IntrinsicImplementationMode.GenerateCode));
        known.RegisterMethod(typeof(TensorCores).GetMethod(nameof(Codes))!, new PTXIntrinsic(((PTXIntrinsic.Handler)EmitCodes).Method, IntrinsicImplementationMode.GenerateCode));
    }

    private static void EmitHalves(PTXBackend backend, PTXCodeGenerator code, Value value) => Emit(code, value, "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32");

    private static void EmitCodes(PTXBackend backend, PTXCodeGenerator code, Value value) => Emit(code, value, "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32");

    private static void Emit(PTXCodeGenerator code, Value value, string instruction)
    {
        // Constants are no operands of it.
        PTXCodeGenerator.PrimitiveRegister Argument(int i) => code.EnsureHardwareRegister(code.LoadPrimitive(value[i]));
        PTXCodeGenerator.PrimitiveRegister[] sums = [Argument(0), Argument(1), Argument(2), Argument(3)];
        PTXCodeGenerator.PrimitiveRegister[] rows = [Argument(4), Argument(5), Argument(6), Argument(7)];
        PTXCodeGenerator.PrimitiveRegister[] queries = [Argument(8), Argument(9)];
        var target = ((PTXCodeGenerator.CompoundRegister)code.Allocate(value)).SliceAs<PTXCodeGenerator.PrimitiveRegister>(0, 4);
        using var command = code.BeginCommand(instruction);
        command.AppendVectorArgument(target);
        command.AppendVectorArgument(rows);
        command.AppendVectorArgument(queries);
        command.AppendVectorArgument(sums);
    }

    private static uint From(uint word, int lane) => Warp.Shuffle(word, lane);

    private static float Pair(uint a, uint b) =>
        ((float)Interop.IntAsFloat((ushort)(a & 0xffff)) * (float)Interop.IntAsFloat((ushort)(b & 0xffff))) +
        ((float)Interop.IntAsFloat((ushort)(a >> 16)) * (float)Interop.IntAsFloat((ushort)(b >> 16)));

    private static int Bytes(uint a, uint b, int sum) => Instructions.DotCodes((int)a, (int)b, sum);
}
