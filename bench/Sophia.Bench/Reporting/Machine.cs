using System.Globalization;
using System.Runtime.InteropServices;

namespace Sophia.Bench.Reporting;

/// <summary>The machine of the run, as it says itself.</summary>
internal static class Machine
{
    public static void Describe(Report report)
    {
        var facts = report.Facts;
        facts["date"] = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
        facts["cpu"] = Line("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString();
        facts["cores"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture);
        facts["memory"] = $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30):0.0} GiB";
        facts["os"] = $"{RuntimeInformation.OSDescription}, Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}";
        facts["dotnet"] = RuntimeInformation.FrameworkDescription;
        facts["load average before"] = File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Trim() : "unknown";
        Console.WriteLine("| machine | |");
        Console.WriteLine("|---|---|");
        foreach (var (name, value) in facts)
        {
            Console.WriteLine($"| {name} | {value} |");
        }
    }

    private static string? Line(string file, string name, char separator = ':') => !File.Exists(file)
        ? null
        : File.ReadLines(file).Where(l => l.StartsWith(name, StringComparison.Ordinal)).Select(l => l[(l.IndexOf(separator, StringComparison.Ordinal) + 1)..].Trim()).FirstOrDefault();
}
