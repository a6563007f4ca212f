using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU;
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
        using var context = Context.Create(builder => builder.ForKernels());
        using var backend = new PTXBackend(context, CudaArchitecture.SM_90, CudaInstructionSet.ISA_80, null!);
        var entry = kernel.GetParameters()[0].ParameterType == typeof(Index1D)
            ? EntryPointDescription.FromImplicitlyGroupedKernel(kernel) : EntryPointDescription.FromExplicitlyGroupedKernel(kernel);
        return ((PTXCompiledKernel)backend.Compile(entry, default)).PTXAssembly;
    }

    [Theory]
    [InlineData(typeof(TokenMeans), nameof(TokenMeans.Kernel))]
    [InlineData(typeof(IlgpuDevice), "Mix")]
    [InlineData(typeof(RowScores), nameof(RowScores.Float32))]
    [InlineData(typeof(RowScores), nameof(RowScores.Float16))]
    [InlineData(typeof(RowScores), nameof(RowScores.Int8))]
    [InlineData(typeof(TileScores), nameof(TileScores.Float16))]
    [InlineData(typeof(TileScores), nameof(TileScores.Int8))]
    [InlineData(typeof(BestOfMany), nameof(BestOfMany.Begin))]
    [InlineData(typeof(BestOfMany), nameof(BestOfMany.Clear))]
    [InlineData(typeof(BestOfMany), nameof(BestOfMany.Count))]
    [InlineData(typeof(BestOfMany), nameof(BestOfMany.Narrow))]
    [InlineData(typeof(BestOfMany), nameof(BestOfMany.Gather))]
    [InlineData(typeof(PageSums), nameof(PageSums.Kernel))]
    public void Every_kernel_becomes_code_for_hopper_without_local_memory_or_calls(Type type, string method)
    {
        var ptx = PtxOf(type, method);

        // ILGPU 1.5.3 writes this target for every newer architecture; the driver compiles it for the GPU that it finds.
        Assert.Contains(".target sm_80", ptx, StringComparison.Ordinal);
        Assert.DoesNotContain(".local", ptx, StringComparison.Ordinal);
        Assert.DoesNotContain("call", ptx, StringComparison.Ordinal);
        Assert.Matches(@"st\.global|atom\.global|atom\.add|red\.", ptx);
    }

    [Fact]
    public void The_mean_of_rows_reckons_offsets_in_64_bits_and_adds_in_its_inner_loop()
    {
        var ptx = PtxOf(typeof(TokenMeans), nameof(TokenMeans.Kernel));

        Assert.Contains("ld.global.f32", ptx, StringComparison.Ordinal);
        Assert.Contains("add.f32", ptx, StringComparison.Ordinal);
        Assert.Matches(@"mul\.lo\.s64|mad\.lo\.s64|mul\.wide", ptx);
    }

    /// <summary>Four rows and the query, 16 bytes a lane each, all before the first product; then nothing but products.</summary>
    [Theory]
    [InlineData(nameof(RowScores.Float32), 5, "fma.rn.f32", 16)]
    [InlineData(nameof(RowScores.Float16), 6, "fma.rn.f32", 32)]
    [InlineData(nameof(RowScores.Int8), 6, "dp4a.s32.s32", 32)]
    public void The_inner_loop_of_a_scan_loads_four_rows_at_once_16_bytes_a_lane(string method, int loads, string instruction, int products)
    {
        var ptx = PtxOf(typeof(RowScores), method);

        var loop = Assert.Single(Regex.Split(ptx, @"(?m)^\s*\$?\w+:\s*$"), block => block.Contains(instruction, StringComparison.Ordinal));
        Assert.Equal(loads, Regex.Count(loop, @"ld\.global\.v4\.b32"));
        Assert.Equal(products, Regex.Count(loop, Regex.Escape(instruction)));
        Assert.True(loop.LastIndexOf("ld.global.v4", StringComparison.Ordinal) < loop.IndexOf(instruction, StringComparison.Ordinal), "A product stands between the loads.");
        Assert.DoesNotContain("ld.global.b32", loop, StringComparison.Ordinal);
    }

    /// <summary>32 rows with four groups of eight queries (or of halves of them), in two products each: 16 products for 8 loads of 16 bytes.</summary>
    [Theory]
    [InlineData(nameof(TileScores.Float16), "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32")]
    [InlineData(nameof(TileScores.Int8), "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32")]
    public void The_inner_loop_of_a_scan_of_many_queries_is_made_of_tile_products(string method, string instruction)
    {
        var ptx = PtxOf(typeof(TileScores), method);

        Assert.Contains("bar.warp.sync", ptx, StringComparison.Ordinal);
        var loop = Assert.Single(Regex.Split(ptx, @"(?m)^\s*\$?\w+:\s*$"), block => block.Contains("mma.sync", StringComparison.Ordinal));
        Assert.Equal(16, Regex.Count(loop, Regex.Escape(instruction) + @"\s+\{%\w+, %\w+, %\w+, %\w+\}, \{%\w+, %\w+, %\w+, %\w+\}, \{%\w+, %\w+\}, \{%\w+, %\w+, %\w+, %\w+\};"));
        Assert.Equal(8, Regex.Count(loop, @"ld\.global\.v4\.b32"));
    }

    /// <summary>It is the measure of the others.</summary>
    [Fact]
    public void The_read_sum_kernel_has_four_loads_of_16_bytes_under_way()
    {
        var ptx = PtxOf(Assembly.LoadFrom(Bench.GpuBenchTests.Program).GetType("Sophia.Bench.Gpu.ReadSum", throwOnError: true)!, "Kernel");

        Assert.DoesNotContain(".local", ptx, StringComparison.Ordinal);
        Assert.Contains(Regex.Split(ptx, @"(?m)^\s*\$?\w+:\s*$"), block => Regex.Count(block, @"ld\.global\.v4\.b32") == 4);
    }

    [Fact]
    public void Random_rows_for_the_bench_are_made_without_local_memory_or_calls()
    {
        var ptx = PtxOf(Assembly.LoadFrom(Bench.GpuBenchTests.Program).GetType("Sophia.Bench.Gpu.RandomRows", throwOnError: true)!, "Kernel");

        Assert.DoesNotContain(".local", ptx, StringComparison.Ordinal);
        Assert.DoesNotContain("call", ptx, StringComparison.Ordinal);
        Assert.Contains("st.global.v4", ptx, StringComparison.Ordinal);
    }

    /// <summary>Lanes that come to a branch by what an atomic returned may part: a branch that says that they do not is undefined then.</summary>
    [Fact]
    public void No_branch_by_what_an_atomic_returned_is_said_to_be_the_same_in_all_lanes()
    {
        var ptx = PtxOf(typeof(BestOfMany), nameof(BestOfMany.Gather));

        var blocks = Regex.Split(ptx, @"(?m)^\s*\$?\w+:\s*$").Where(block => block.Contains("atom.", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, blocks.Count);
        Assert.All(blocks, block => Assert.DoesNotMatch(@"@!?%p\d+\s+bra\.uni", block));
    }

    [Fact]
    public void The_sums_of_pages_are_read_16_bytes_a_lane_and_mixed_in_64_bits()
    {
        var ptx = PtxOf(typeof(PageSums), nameof(PageSums.Kernel));

        var loop = Assert.Single(Regex.Split(ptx, @"(?m)^\s*\$?\w+:\s*$"), block => block.Contains("ld.global.v4.b32", StringComparison.Ordinal));
        Assert.DoesNotContain("ld.global.b32", loop, StringComparison.Ordinal);
        Assert.True(Regex.Count(loop, @"mul\.lo\.[sub]64") >= 4, "Two products of each of two words.");
        Assert.Matches(@"(atom|red)\S*\.add\S*64", ptx);
    }

    [Theory]
    [InlineData(nameof(RowScores.Float32))]
    [InlineData(nameof(RowScores.Int8))]
    public void The_filter_and_the_owners_are_read_before_the_rows(string method)
    {
        var ptx = PtxOf(typeof(RowScores), method);

        // One word of the filter, four owners: the only 32-bit loads before the rows.
        Assert.Equal(5, Regex.Count(ptx[..ptx.IndexOf("ld.global.v4", StringComparison.Ordinal)], @"ld\.global\.b32"));
    }
}
