using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Tests.Devices;

namespace Sophia.Gpu.Tests;

/// <summary>The stand-in by itself, and a whole program on it.</summary>
public sealed class StandInTests
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    /// <summary>A management library with two GPUs, of which the second is the stand-in's, and has no sensor of power.</summary>
    private const string Nvml = """
        #include <string.h>
        static char gpus[2];
        #define SECOND(d) if ((d) != (void*)&gpus[1]) return 15
        int nvmlInit_v2(void) { return 0; }
        int nvmlShutdown(void) { return 0; }
        int nvmlDeviceGetCount_v2(unsigned* n) { *n = 2; return 0; }
        int nvmlDeviceGetHandleByIndex_v2(unsigned i, void** d) { *d = &gpus[i]; return 0; }
        int nvmlDeviceGetUUID(void* d, char* t, unsigned n) { strncpy(t, d == &gpus[1] ? "UUID" : "GPU-other", n); return 0; }
        int nvmlDeviceGetTemperature(void* d, int sensor, unsigned* t) { SECOND(d); *t = sensor == 0 ? 61 : 0; return 0; }
        int nvmlDeviceGetPowerUsage(void* d, unsigned* p) { return 3; }
        int nvmlDeviceGetClockInfo(void* d, int type, unsigned* c) { SECOND(d); *c = type == 1 ? 1980 : type == 2 ? 2619 : 0; return 0; }
        int nvmlDeviceGetCurrentClocksThrottleReasons(void* d, unsigned long long* r) { SECOND(d); *r = 0x24; return 0; }
        """;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task It_does_what_the_ptx_isa_and_the_driver_api_say()
    {
        var (code, said) = await RunAsync(Path.Combine(StandIn.Folder, "selftest"), [], []);

        Assert.True(code == 0, said);
        Assert.Matches("([0-9]{4}) of \\1 sentences hold", said);
    }

    [Fact]
    public void The_process_finds_it_as_a_gpu()
    {
        using var device = Assert.Single(IlgpuDevice.Cuda());

        Assert.Equal(("NVIDIA H200", new Version(9, 0)), (device.Facts.Model, device.Facts.ComputeCapability));
        Assert.StartsWith("GPU-", device.Facts.Uuid, StringComparison.Ordinal);
        Assert.Null(device.Check().Failure);
    }

    /// <summary>Work that is done as early as may be; blocks, warps and lanes in an order of their own; memory that begins with other bytes.</summary>
    [Fact]
    public async Task The_benchmark_finds_every_result_right()
    {
        var file = Path.GetTempFileName();
        try
        {
            var (code, said) = await BenchAsync("STANDIN_CUDA_TIMING=eager STANDIN_CUDA_SEED=7 STANDIN_CUDA_GARBAGE=7F", "--json", file);

            Assert.True(code == 0, said);
            using var json = JsonDocument.Parse(await File.ReadAllBytesAsync(file));
            AssertAllRight(json);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [SkippableFact]
    public async Task The_benchmark_finds_every_result_right_where_work_is_done_as_late_as_may_be_and_says_what_the_management_library_says_of_its_GPU()
    {
        using var device = Assert.Single(IlgpuDevice.Cuda());
        using var library = new CompiledLibrary("libnvidia-ml.so.1", Nvml.Replace("UUID\"", $"{device.Facts.Uuid}\"", StringComparison.Ordinal));
        var file = Path.Combine(library.Folder, "gpu.json");

        var (code, said) = await BenchAsync($"STANDIN_CUDA_TIMING=late LD_LIBRARY_PATH={StandIn.Folder}:{library.Folder}", "--json", file);

        Assert.True(code == 0, said);
        Assert.Contains("| read-sum | 1980 → 1980 | 2619 → 2619 |  →  | 61 → 61 | PowerCap, Thermal → PowerCap, Thermal |", said, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(await File.ReadAllBytesAsync(file));
        AssertAllRight(json);
        var timed = json.RootElement.GetProperty("measures").EnumerateArray().Where(m => m.GetProperty("medianMs").ValueKind == JsonValueKind.Number).ToList();
        Assert.NotEmpty(timed);
        Assert.All(timed, m => Assert.Equal(1980, m.GetProperty("sensorsAfter").GetProperty("smClockMhz").GetInt32()));
        Assert.All(timed, m => Assert.Equal(JsonValueKind.Null, m.GetProperty("sensorsAfter").GetProperty("powerWatts").ValueKind));
    }

    /// <summary>In a process of its own: nothing can be asked of the driver after it.</summary>
    [Fact]
    public async Task A_kernel_that_fails_ends_the_benchmark_with_what_the_driver_said()
    {
        var (code, said) = await BenchAsync("STANDIN_CUDA_FAULT=cuLaunchKernel:719@60");

        Assert.Equal(1, code);
        Assert.Contains("unspecified launch failure", said, StringComparison.Ordinal);
    }

    /// <summary>From a query's text to its hits, through a node with the GPU; the program looks whether each finds its record.</summary>
    [Fact]
    public async Task The_whole_search_is_right_and_the_devices_own()
    {
        var (code, said) = await RunAsync(
            "dotnet",
            [Program("whole", "Whole"), "--records", "17000", "--dimensions", "256", "--searches", "20", "--vector-bytes", "67108864", "--models-bytes", "67108864", "--buffer-bytes", "67108864"],
            ["STANDIN_CUDA_DEVICES=NVIDIA GH200 480GB:6GiB", $"LD_LIBRARY_PATH={StandIn.Folder}"]);

        Assert.True(code == 0, said);
        Assert.Matches("\\| the whole search, p99 \\|.*≤ 10", said);
        // Where others keep the machine so busy that the device shows no progress for a second, the host answers instead, and the program says so.
        var byDevice = int.Parse(Regex.Match(said, "scans device ([0-9]+)").Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(byDevice, 1, 40);
        Assert.True(byDevice == 40 || said.Contains("NOT ALL BY DEVICES", StringComparison.Ordinal), said);
    }

    private static void AssertAllRight(JsonDocument json)
    {
        var measures = json.RootElement.GetProperty("measures").EnumerateArray().ToList();
        var names = measures.ConvertAll(m => m.GetProperty("name").GetString()!);
        Assert.All(
            (string[])[
                "64 queries, int8", "64 queries, float16", "one query, int8, a filter of 1 %", "one query, float16, a filter of 50 %", "64 queries, int8, filters of 1 %",
                "64 queries, float16, filters of 1 %", "64 queries, every other with a filter, int8, rows removed and units missing",
                "64 queries, every other with a filter, float16, rows removed and units missing", "means of 64 texts", "means of 1024 texts"],
            expected => Assert.Contains(expected, names));
        Assert.All(measures, m => Assert.True(m.GetProperty("right").GetBoolean(), m.GetRawText()));
    }

    private static string Program(string folder, string name) => Path.Combine(Root(), "bench", folder, "bin", Configuration, "net10.0", $"Sophia.Bench.{name}.dll");

    private static Task<(int Code, string Said)> BenchAsync(string settings, params string[] more) => RunAsync(
        "dotnet",
        [Program("gpu", "Gpu"), "--rows", "1500", "--dimensions", "96", "--repeats", "1", "--pool-bytes", "2097152", .. more],
        [$"LD_LIBRARY_PATH={StandIn.Folder}", .. settings.Split(' ')]);

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Sophia.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }

    private static async Task<(int Code, string Said)> RunAsync(string program, string[] arguments, string[] settings)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var setting in settings)
        {
            var parts = setting.Split('=', 2);
            start.Environment[parts[0]] = parts[1];
        }

        using var process = Process.Start(start)!;
        using var end = new CancellationTokenSource(s_patience);
        await using var kill = end.Token.Register(process.Kill);
        var errors = process.StandardError.ReadToEndAsync();
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, said + await errors);
    }
}
