using System.Reflection;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Tests.Kernels;

/// <summary>What the kernels become on a Hopper GPU (sm_90), seen without one.</summary>
public sealed class PtxTests
{
    private static string PtxOf(Type type, string method)
    {
        var kernel = type.GetMethod(method, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!;
        using var context = Context.Create(builder => builder.Optimize(OptimizationLevel.O2).Inlining(InliningMode.Aggressive));
        using var backend = new PTXBackend(context, CudaArchitecture.SM_90, CudaInstructionSet.ISA_80, null!);
        return ((PTXCompiledKernel)backend.Compile(EntryPointDescription.FromImplicitlyGroupedKernel(kernel), default)).PTXAssembly;
    }

    [Theory]
    [InlineData(typeof(TokenMeans), nameof(TokenMeans.Kernel))]
    [InlineData(typeof(IlgpuDevice), "Mix")]
    public void Every_kernel_becomes_code_for_hopper_without_local_memory_or_calls(Type type, string method)
    {
        var ptx = PtxOf(type, method);

        // ILGPU 1.5.3 writes this target for every newer architecture; the driver compiles it for the GPU that it finds.
        Assert.Contains(".target sm_80", ptx, StringComparison.Ordinal);
        Assert.DoesNotContain(".local", ptx, StringComparison.Ordinal);
        Assert.DoesNotContain("call", ptx, StringComparison.Ordinal);
        Assert.Contains("st.global", ptx, StringComparison.Ordinal);
    }

    [Fact]
    public void The_mean_of_rows_reckons_offsets_in_64_bits_and_adds_in_its_inner_loop()
    {
        var ptx = PtxOf(typeof(TokenMeans), nameof(TokenMeans.Kernel));

        Assert.Contains("ld.global.f32", ptx, StringComparison.Ordinal);
        Assert.Contains("add.f32", ptx, StringComparison.Ordinal);
        Assert.Matches(@"mul\.lo\.s64|mad\.lo\.s64|mul\.wide", ptx);
    }
}
