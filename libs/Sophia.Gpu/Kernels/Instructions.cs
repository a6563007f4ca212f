using System.Reflection;
using ILGPU;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;

namespace Sophia.Gpu.Kernels;

/// <summary>
/// Single instructions of NVIDIA GPUs that ILGPU has no name for, each with its meaning in plain arithmetic, which is what
/// runs on the CPU accelerator. ILGPU's inline assembly would give its results through local memory; these are registers.
/// Source: PTX ISA 8.0, 9.7.1.23 (dp4a) and 9.7.3.6 (fma).
/// </summary>
internal static class Instructions
{
    /// <summary>Both of them as four signed bytes: the sum of their products, and the sum so far. dp4a; compute capability 6.1.</summary>
    [IntrinsicImplementation]
    public static int DotCodes(int a, int b, int sum) =>
        sum + ((sbyte)a * (sbyte)b) + ((sbyte)(a >> 8) * (sbyte)(b >> 8)) + ((sbyte)(a >> 16) * (sbyte)(b >> 16)) + ((a >> 24) * (b >> 24));

    /// <summary>a·b + sum, rounded once on a GPU. fma.rn</summary>
    [IntrinsicImplementation]
    public static float MultiplyAdd(float a, float b, float sum) => (a * b) + sum;

    /// <summary>
    /// Loads that stand before it are asked for before what stands behind it is done, which the assembler would otherwise mix. All lanes
    /// of the warp come to it. On the CPU accelerator, where it would be waited for, nothing. bar.warp.sync; PTX ISA 8.0, 9.7.12.2
    /// </summary>
    [IntrinsicImplementation]
    public static void Fence()
    {
    }

    /// <summary>How all kernels are compiled: with these instructions, optimised, and without calls, which would go through local memory.</summary>
    public static Context.Builder ForKernels(this Context.Builder builder)
    {
        builder.Optimize(OptimizationLevel.O2).Inlining(InliningMode.Aggressive);
        var known = builder.GetIntrinsicManager();
        Register(known, nameof(DotCodes), "dp4a.s32.s32");
        Register(known, nameof(MultiplyAdd), "fma.rn.f32");
        Register(known, nameof(Fence), "bar.warp.sync");
        TensorCores.Register(known);
        return builder;
    }

    /// <summary>Target register, then the arguments in their order.</summary>
    private static void Register(IntrinsicImplementationManager known, string method, string instruction) =>
        known.RegisterMethod(
            typeof(Instructions).GetMethod(method, BindingFlags.Public | BindingFlags.Static)!,
            new PTXIntrinsic(Generators[instruction].Method, IntrinsicImplementationMode.GenerateCode));

    private static readonly Dictionary<string, PTXIntrinsic.Handler> Generators = new(StringComparer.Ordinal)
    {
        ["dp4a.s32.s32"] = EmitDotCodes,
        ["fma.rn.f32"] = EmitMultiplyAdd,
        ["bar.warp.sync"] = EmitFence,
    };

    private static void EmitDotCodes(PTXBackend backend, PTXCodeGenerator code, Value value) => Emit(code, value, "dp4a.s32.s32");

    private static void EmitMultiplyAdd(PTXBackend backend, PTXCodeGenerator code, Value value) => Emit(code, value, "fma.rn.f32");

    private static void EmitFence(PTXBackend backend, PTXCodeGenerator code, Value value)
    {
        using var command = code.BeginCommand("bar.warp.sync");
        command.AppendConstant(uint.MaxValue);
    }

    private static void Emit(PTXCodeGenerator code, Value value, string instruction)
    {
        var arguments = new ILGPU.Backends.PTX.PTXCodeGenerator.PrimitiveRegister[value.Count];
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i] = code.LoadPrimitive(value[i]);
        }

        var target = code.AllocateHardware(value);
        using var command = code.BeginCommand(instruction);
        command.AppendArgument(target);
        foreach (var argument in arguments)
        {
            command.AppendArgument(argument);
        }
    }
}
