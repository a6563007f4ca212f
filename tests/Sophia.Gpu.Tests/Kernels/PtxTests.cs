using System.Reflection;
using System.Text.RegularExpressions;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Tests.Kernels;

/// <summary>What the kernels become on a Hopper GPU (sm_90), seen without one.</summary>
public sealed class PtxTests
{
    public static TheoryData<Type, string> Kernels => KernelPtx.Kernels;

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_kernel_becomes_code_for_hopper_without_local_memory_or_calls(Type type, string method)
    {
        var ptx = KernelPtx.Of(type, method);

        // ILGPU 1.5.3 writes this target for every newer architecture; the driver compiles it for the GPU that it finds.
        Assert.Contains(".target sm_80", ptx, StringComparison.Ordinal);
        Assert.DoesNotContain(".local", ptx, StringComparison.Ordinal);
        Assert.DoesNotContain("call", ptx, StringComparison.Ordinal);
        Assert.Matches(@"st\.global|atom\.global|atom\.add|red\.", ptx);
    }

    [Fact]
    public void The_mean_of_rows_reckons_offsets_in_64_bits_and_adds_in_its_inner_loop()
    {
        var ptx = KernelPtx.Of(typeof(TokenMeans), nameof(TokenMeans.Kernel));

        Assert.Contains("ld.global.f32", ptx, StringComparison.Ordinal);
        Assert.Contains("add.f32", ptx, StringComparison.Ordinal);
        Assert.Matches(@"mul\.lo\.s64|mad\.lo\.s64|mul\.wide", ptx);
    }

    /// <summary>Two chunks of each of four rows, 16 bytes a lane each, all before the barrier that keeps products and the query's loads behind them.</summary>
    [Theory]
    [InlineData(nameof(RowScores.Float32), 2, "fma.rn.f32", 32)]
    [InlineData(nameof(RowScores.Float16), 4, "fma.rn.f32", 64)]
    [InlineData(nameof(RowScores.Int8), 4, "dp4a.s32.s32", 64)]
    public void The_inner_loop_of_a_scan_asks_for_eight_chunks_before_it_uses_one(string method, int queryLoads, string instruction, int products)
    {
        var ptx = KernelPtx.Of(typeof(RowScores), method);

        var loop = Assert.Single(KernelPtx.Blocks(ptx), block => block.Contains(instruction, StringComparison.Ordinal)).Split("bar.warp.sync");
        Assert.Equal(2, loop.Length);
        Assert.Equal(8, Regex.Count(loop[0], @"ld\.global\.v4\.b32"));
        Assert.DoesNotContain(instruction, loop[0], StringComparison.Ordinal);
        Assert.Equal(queryLoads, Regex.Count(loop[1], @"ld\.global\.v4\.b32"));
        Assert.Equal(products, Regex.Count(loop[1], Regex.Escape(instruction)));
        Assert.All(loop, part => Assert.DoesNotContain("ld.global.b32", part, StringComparison.Ordinal));
    }

    /// <summary>32 rows with eight groups of eight columns, in two products for each 16 bytes of both, twice: 64 products for 8 loads of rows and 16 of queries.</summary>
    [Theory]
    [InlineData(nameof(TileScores.Float16), "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32")]
    [InlineData(nameof(TileScores.Int8), "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32")]
    public void The_inner_loop_of_a_scan_of_many_queries_is_made_of_tile_products(string method, string instruction)
    {
        var ptx = KernelPtx.Of(typeof(TileScores), method);

        // The rows' chunks first; then four times those of four groups of queries, and their products.
        var loop = Assert.Single(KernelPtx.Blocks(ptx), block => block.Contains("mma.sync", StringComparison.Ordinal)).Split("bar.warp.sync");
        Assert.Equal([8, 4, 4, 4, 4, 0], loop.Select(part => Regex.Count(part, @"ld\.global\.v4\.b32")));
        Assert.Equal([0, 0, 16, 16, 16, 16], loop.Select(part => Regex.Count(part, Regex.Escape(instruction) + @"\s+\{%\w+, %\w+, %\w+, %\w+\}, \{%\w+, %\w+, %\w+, %\w+\}, \{%\w+, %\w+\}, \{%\w+, %\w+, %\w+, %\w+\};")));
    }

    /// <summary>It is the measure of the others.</summary>
    [Fact]
    public void The_read_sum_kernel_has_four_loads_of_16_bytes_under_way()
    {
        var ptx = KernelPtx.Of(Assembly.LoadFrom(Bench.GpuBenchTests.Program).GetType("Sophia.Bench.Gpu.ReadSum", throwOnError: true)!, "Kernel");

        Assert.DoesNotContain(".local", ptx, StringComparison.Ordinal);
        Assert.Contains(KernelPtx.Blocks(ptx), block => Regex.Count(block, @"ld\.global\.v4\.b32") == 4);
    }

    [Fact]
    public void Random_rows_for_the_bench_are_made_without_local_memory_or_calls()
    {
        var ptx = KernelPtx.Of(Assembly.LoadFrom(Bench.GpuBenchTests.Program).GetType("Sophia.Bench.Gpu.RandomRows", throwOnError: true)!, "Kernel");

        Assert.DoesNotContain(".local", ptx, StringComparison.Ordinal);
        Assert.DoesNotContain("call", ptx, StringComparison.Ordinal);
        Assert.Contains("st.global.v4", ptx, StringComparison.Ordinal);
    }

    /// <summary>Lanes that come to a branch by what an atomic returned may part: a branch that says that they do not is undefined then.</summary>
    [Theory]
    [InlineData(typeof(BestOfMany), nameof(BestOfMany.Gather), 2)]
    [InlineData(typeof(RowScores), nameof(RowScores.Float32), 1)]
    [InlineData(typeof(RowScores), nameof(RowScores.Float16), 1)]
    [InlineData(typeof(RowScores), nameof(RowScores.Int8), 1)]
    [InlineData(typeof(TileScores), nameof(TileScores.Float16), 64)]
    [InlineData(typeof(TileScores), nameof(TileScores.Int8), 32)]
    public void No_branch_by_what_an_atomic_returned_is_said_to_be_the_same_in_all_lanes(Type type, string method, int atomics)
    {
        var ptx = KernelPtx.Of(type, method);

        var blocks = KernelPtx.Blocks(ptx).Where(block => block.Contains("atom.", StringComparison.Ordinal)).ToList();
        Assert.Equal(atomics, blocks.Count);
        Assert.All(blocks, block => Assert.DoesNotMatch(@"@!?%p\d+\s+bra\.uni", block));
    }

    [Fact]
    public void The_sums_of_pages_are_read_16_bytes_a_lane_and_mixed_in_64_bits()
    {
        var ptx = KernelPtx.Of(typeof(PageSums), nameof(PageSums.Kernel));

        var loop = Assert.Single(KernelPtx.Blocks(ptx), block => block.Contains("ld.global.v4.b32", StringComparison.Ordinal));
        Assert.DoesNotContain("ld.global.b32", loop, StringComparison.Ordinal);
        Assert.True(Regex.Count(loop, @"mul\.lo\.[sub]64") >= 4, "Two products of each of two words.");
        Assert.Matches(@"(atom|red)\S*\.add\S*64", ptx);
    }

    [Theory]
    [InlineData(nameof(RowScores.Float32))]
    [InlineData(nameof(RowScores.Int8))]
    public void The_filter_is_read_before_the_rows_and_whose_they_are_beside_them(string method)
    {
        var ptx = KernelPtx.Of(typeof(RowScores), method);

        // One word of the filter; after the lanes have agreed that a row is wanted, scale, error and owner. The floor stands behind them.
        var first = ptx.IndexOf("ld.global.v4", StringComparison.Ordinal);
        var filter = ptx.IndexOf("ld.global.b32", StringComparison.Ordinal);
        var agreed = ptx.IndexOf("shfl", StringComparison.Ordinal);
        Assert.True(filter < agreed && agreed < first);
        Assert.Equal(1, Regex.Count(ptx[..agreed], @"ld\.global\.b32"));
        Assert.Equal(4, Regex.Count(ptx[agreed..first], @"ld\.global\.(f|b)32"));
    }
}
