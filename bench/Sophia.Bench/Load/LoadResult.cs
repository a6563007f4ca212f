using Sophia.Bench.Processes;
using Sophia.Bench.Reporting;

namespace Sophia.Bench.Load;

/// <summary>What a load measured.</summary>
/// <param name="Units">Units answered within the window.</param>
/// <param name="AllUnits">Units answered at all, warm-up and last answers included.</param>
/// <param name="LatenciesMs">Of the requests that were due within the window, ascending.</param>
/// <param name="Cpu">Cores busy within the window, by process.</param>
internal sealed record LoadResult(long Units, long AllUnits, TimeSpan Window, double[] LatenciesMs, CpuShares Cpu)
{
    public double PerSecond => Units / Window.TotalSeconds;

    public double Quantile(double quantile) => Statistics.Quantile(LatenciesMs, quantile);

    public string Latencies => $"p50 {Quantile(0.5):0.0} ms, p99 {Quantile(0.99):0.0} ms";
}
