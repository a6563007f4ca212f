using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Sophia.Bench.Load;
using Sophia.Bench.Processes;

namespace Sophia.Bench.HotGet;

/// <summary>Requests a second that a path gives to connections that ask again at once: wrk where it is installed, else the load loop.</summary>
internal static partial class ClosedLoad
{
    private const string Wrk = "/usr/bin/wrk";

    public static string Tool => File.Exists(Wrk) ? "wrk -t1" : "the load loop of bench/";

    /// <returns>The rate, and who had which part of the machine: a client that took a whole core would be the limit itself.</returns>
    public static (double PerSecond, CpuShares Cpu) Run(ServiceProcess service, string path, int connections, TimeSpan duration)
    {
        var cpu = new CpuWatch([service.Id]);
        if (!File.Exists(Wrk))
        {
            using var loop = new LoadLoop(new ConstantRequest(path, service.Port), connections, service.Port);
            var result = loop.RunClosed(TimeSpan.Zero, duration, cpu);
            return (result.PerSecond, result.Cpu);
        }

        var start = new ProcessStartInfo(Wrk) { RedirectStandardOutput = true };
        foreach (var argument in (string[])["-t1", $"-c{connections}", $"-d{(int)Math.Ceiling(duration.TotalSeconds)}s", $"http://127.0.0.1:{service.Port}{path}"])
        {
            start.ArgumentList.Add(argument);
        }

        cpu.Start();
        using var wrk = Process.Start(start)!;
        var output = wrk.StandardOutput.ReadToEnd();
        wrk.WaitForExit();
        cpu.Stop();
        if (wrk.ExitCode != 0 || output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"wrk met errors: {output}");
        }

        return (double.Parse(Rate().Match(output).Groups[1].ValueSpan, CultureInfo.InvariantCulture), cpu.Shares(duration));
    }

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex Rate();
}
