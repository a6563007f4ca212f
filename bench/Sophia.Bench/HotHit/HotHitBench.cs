using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;
using Sophia.Bench.Reporting;

namespace Sophia.Bench.HotHit;

/// <summary>Runs <see cref="HitBenchmarks"/> in this process and takes its figures into the report.</summary>
internal static class HotHitBench
{
    private const double MostTimesMemoryCache = 1.7;

    public static Task RunAsync(BenchSettings settings, Report report)
    {
        var job = Job.Default.WithToolchain(InProcessEmitToolchain.Instance)
            .WithIterationTime(TimeInterval.FromMilliseconds(settings.IsQuick ? 50 : 250))
            .WithWarmupCount(settings.IsQuick ? 2 : 6).WithIterationCount(settings.IsQuick ? 3 : 15);
        var config = ManualConfig.CreateEmpty()
            .AddJob(job).AddDiagnoser(MemoryDiagnoser.Default).AddColumnProvider(DefaultColumnProviders.Instance)
            .WithOptions(ConfigOptions.DisableLogFile).WithArtifactsPath(settings.Folder("hot-hit"));
        config.AddLogger(settings.IsQuick ? ConsoleLogger.Default : NullLogger.Instance);
        Environment.SetEnvironmentVariable(HitBenchmarks.FolderVariable, settings.Folder("hot-hit-data"));
        Report.Progress("BenchmarkDotNet, in process; about a minute");
        var summary = BenchmarkRunner.Run<HitBenchmarks>(config);
        double? rival = null;
        foreach (var result in summary.Reports)
        {
            var benchmark = result.BenchmarkCase.Descriptor.WorkloadMethod.Name;
            var statistics = result.ResultStatistics ?? throw new InvalidOperationException($"{benchmark} did not run: {string.Join("; ", summary.ValidationErrors)}");
            rival ??= statistics.Median;
            var bytes = result.GcStats.GetBytesAllocatedPerOperation(result.BenchmarkCase) ?? double.NaN;
            var isOurs = benchmark == nameof(HitBenchmarks.Sophia);
            var name = HitBenchmarks.NameOf(benchmark);
            report.Add($"{name}: hit", statistics.Median, "ns", note: $"median of {statistics.N} iterations; fastest {statistics.Min:0.0} ns");
            report.Add($"{name}: allocated", bytes, "bytes", isOurs ? 0 : null, atLeast: false);
            report.Add($"{name}: times MemoryCache", statistics.Median / rival.Value, "ratio");
        }

        var rounds = settings.IsQuick ? 11 : 101;
        var (sophia, memoryCache, ratio) = Turns.Run(rounds);
        report.Add("in turns: MemoryCache.TryGetValue", memoryCache, "ns", note: $"median of {rounds} rounds of 100,000 hits");
        report.Add("in turns: Sophia, near copy", sophia, "ns");
        report.Add("in turns: Sophia to MemoryCache", ratio, "ratio", MostTimesMemoryCache, atLeast: false, note: "median of the rounds' ratios");
        return Task.CompletedTask;
    }
}
