using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Sophia.Gpu.Tests.Bench;

/// <summary>bench/gpu as a process, as it is run on a bare machine.</summary>
public sealed class GpuBenchTests
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    internal static string Program { get; } = Path.Combine(Root(), "bench", "gpu", "bin", Configuration, "net10.0", "Sophia.Bench.Gpu.dll");

    [Fact]
    public async Task On_the_cpu_accelerator_every_result_agrees_with_the_reference()
    {
        var file = Path.GetTempFileName();
        try
        {
            var (code, table, _) = await Run("--cpu", "--rows", "500", "--dimensions", "40", "--json", file);

            Assert.Equal(0, code);
            Assert.Contains("| read-sum |", table, StringComparison.Ordinal);
            using var json = JsonDocument.Parse(await File.ReadAllBytesAsync(file));
            var measures = json.RootElement.GetProperty("measures").EnumerateArray().ToList();
            var names = measures.ConvertAll(m => m.GetProperty("name").GetString()!);
            Assert.All(
                (string[])[
                    "read-sum", "one query, int8", "one query, float16", "one query, float32", "one query, whole pool, int8", "3 queries, int8", "3 queries, float16", "one query, int8, twice the pool: ",
                    .. from kind in (string[])["int8", "float16"]
                       from name in (string[])[
                           $"one query, {kind}, no filter", $"one query, {kind}, a filter of 1 %", $"one query, {kind}, a filter of 50 %", $"3 queries, {kind}, no filter", $"3 queries, {kind}, filters of 1 %",
                           $"one query, {kind}, rows removed and units missing", $"3 queries, every other with a filter, {kind}, rows removed and units missing"]
                       select name,
                    "means of 16 texts"],
                expected => Assert.Single(names, name => name == expected || (expected.EndsWith(' ') && name.StartsWith(expected, StringComparison.Ordinal))));
            Assert.All(measures, m => Assert.True(m.GetProperty("right").GetBoolean(), m.GetRawText()));
            Assert.All(measures, m => Assert.True(m.GetProperty("bytes").GetInt64() > 0));
            Assert.True(BytesOf("one query, int8, a filter of 1 %") < BytesOf("one query, int8, a filter of 50 %"));
            Assert.True(BytesOf("one query, int8, a filter of 50 %") < BytesOf("one query, int8, no filter"));
            Assert.All(measures, m => Assert.False(m.TryGetProperty("sensorsAfter", out _)));

            long BytesOf(string name) => measures[names.IndexOf(name)].GetProperty("bytes").GetInt64();
        }
        finally
        {
            File.Delete(file);
        }
    }

    [SkippableFact]
    public async Task Without_a_gpu_it_says_what_to_do()
    {
        Skip.If(File.Exists("/dev/nvidiactl"), "There is a GPU.");
        var (code, table, error) = await Run();

        Assert.Equal(3, code);
        Assert.Empty(table);
        Assert.Contains("Install the driver", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--rows", "x")]
    [InlineData("--rows")]
    [InlineData("--cpu", "--dimensions", "5000")]
    [InlineData("--what", "1")]
    public async Task What_it_does_not_understand_is_answered_with_how_it_is_used(params string[] arguments)
    {
        var (code, _, error) = await Run(arguments);

        Assert.Equal(2, code);
        Assert.Contains("usage:", error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    private static string Root([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));
}
