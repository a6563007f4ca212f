using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ILGPU.Runtime.Cuda;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Tests.Kernels;

/// <summary>
/// What NVIDIA's assembler makes of the kernels for Hopper, which needs no GPU: registers, memory that they would be spilled to, and
/// the order of loads and products, which it is free to change. The driver assembles by itself, with an assembler of its own age.
/// </summary>
public sealed class SassTests : IDisposable
{
    /// <summary>Of a multiprocessor; a warp is given them 256 at a time.</summary>
    private const int Registers = 65_536;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sass");

    public static TheoryData<Type, string> Kernels => KernelPtx.Kernels;

    public void Dispose() => _folder.Delete(recursive: true);

    [SkippableTheory]
    [MemberData(nameof(Kernels))]
    public void Every_kernel_is_assembled_for_hopper_and_nothing_is_spilled(Type type, string method)
    {
        var (facts, _) = Assemble(type, method);

        Assert.Contains("0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads", facts, StringComparison.Ordinal);
    }

    /// <summary>What a multiprocessor has under way must cover the time that memory takes to answer: 4.8 TB/s and a microsecond are 36 KB of each.</summary>
    [SkippableTheory]
    [InlineData(typeof(RowScores), nameof(RowScores.Float32), 100)]
    [InlineData(typeof(RowScores), nameof(RowScores.Float16), 100)]
    [InlineData(typeof(RowScores), nameof(RowScores.Int8), 100)]
    [InlineData(typeof(TileScores), nameof(TileScores.Float16), 45)]
    [InlineData(typeof(TileScores), nameof(TileScores.Int8), 22)]
    public void A_scan_has_its_eight_chunks_under_way_at_once_in_warps_enough(Type type, string method, int kilobytes)
    {
        var (facts, sass) = Assemble(type, method);

        // Two warps beside each other take the same rows with codes of 64 queries: half of what they have under way comes from memory.
        var shared = type == typeof(TileScores) && method == nameof(TileScores.Int8) ? 2 : 1;
        var product = sass.FindIndex(line => Regex.IsMatch(line, @"\b(IDP|FFMA|IMMA|HMMA)\b"));
        var loads = sass.Take(sass.FindLastIndex(product, line => line.Contains("WARPSYNC.ALL", StringComparison.Ordinal))).ToList();
        var first = loads.FindLastIndex(line => Regex.IsMatch(line, @"\b(IDP|FFMA|SHFL|IMMA|HMMA)\b|\bBRA `"));
        Assert.InRange(loads.Skip(first + 1).Count(line => line.Contains("LDG.E.128", StringComparison.Ordinal)), 8, 24);
        var registers = int.Parse(Regex.Match(facts, @"Used (\d+) registers").Groups[1].Value, CultureInfo.InvariantCulture);
        var warps = Registers / ((registers + 7) / 8 * 8 * 32) / 4 * 4;
        Assert.True(warps * 8 * 32 * Chunk.Bytes / shared >= kilobytes << 10, $"{warps} warps of {registers} registers have {warps * 8 * 32 * Chunk.Bytes / shared:N0} bytes under way.");
    }

    private static string? Find(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:{Environment.GetEnvironmentVariable("CUDA_HOME")}/bin:/usr/local/cuda/bin"
            .Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <returns>What ptxas says, and the instructions.</returns>
    private (string Facts, List<string> Sass) Assemble(Type type, string method)
    {
        var (ptxas, nvdisasm) = (Find("ptxas"), Find("nvdisasm"));
        Skip.If(ptxas is null || nvdisasm is null, "needs ptxas and nvdisasm (Debian: nvidia-cuda-toolkit, non-free) in PATH or CUDA_HOME");
        var (source, cubin) = (Path.Combine(_folder.FullName, "kernel.ptx"), Path.Combine(_folder.FullName, "kernel.cubin"));
        File.WriteAllText(source, KernelPtx.Of(type, method, CudaInstructionSet.ISA_78));
        var facts = Run(ptxas!, "-v", "-arch=sm_90", "-o", cubin, source);
        return (facts, [.. Run(nvdisasm!, "-c", cubin).Split('\n')]);
    }

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output + errors.Result;
    }
}
