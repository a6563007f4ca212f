using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Tests.Kernels;

/// <summary>What ILGPU makes of the kernels for a Hopper GPU (sm_90), without one.</summary>
internal static class KernelPtx
{
    /// <summary>All kernels that the product launches.</summary>
    public static TheoryData<Type, string> Kernels => new()
    {
        { typeof(TokenMeans), nameof(TokenMeans.Kernel) },
        { typeof(IlgpuDevice), "Mix" },
        { typeof(RowScores), nameof(RowScores.Float32) },
        { typeof(RowScores), nameof(RowScores.Float16) },
        { typeof(RowScores), nameof(RowScores.Int8) },
        { typeof(TileScores), nameof(TileScores.Float16) },
        { typeof(TileScores), nameof(TileScores.Int8) },
        { typeof(BestOfMany), nameof(BestOfMany.Begin) },
        { typeof(BestOfMany), nameof(BestOfMany.Clear) },
        { typeof(BestOfMany), nameof(BestOfMany.Count) },
        { typeof(BestOfMany), nameof(BestOfMany.Narrow) },
        { typeof(BestOfMany), nameof(BestOfMany.Gather) },
        { typeof(BestOfMany), nameof(BestOfMany.Floor) },
        { typeof(BestOfMany), nameof(BestOfMany.Trim) },
        { typeof(PageSums), nameof(PageSums.Kernel) },
    };

    /// <param name="version">Of PTX: 7.8 is what CUDA 11.8 assembles.</param>
    public static string Of(Type type, string method, CudaInstructionSet? version = null)
    {
        var kernel = type.GetMethod(method, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!;
        using var context = Context.Create(builder => builder.ForKernels());
        using var backend = new PTXBackend(context, CudaArchitecture.SM_90, version ?? CudaInstructionSet.ISA_80, null!);
        var entry = kernel.GetParameters()[0].ParameterType == typeof(Index1D)
            ? EntryPointDescription.FromImplicitlyGroupedKernel(kernel) : EntryPointDescription.FromExplicitlyGroupedKernel(kernel);
        return ((PTXCompiledKernel)backend.Compile(entry, default)).PTXAssembly;
    }

    public static string[] Blocks(string ptx) => Regex.Split(ptx, @"(?m)^\s*\$?\w+:\s*$");
}
