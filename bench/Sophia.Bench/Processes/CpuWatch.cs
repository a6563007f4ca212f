using System.Diagnostics;
using System.Globalization;

namespace Sophia.Bench.Processes;

/// <param name="Others">Cores that anything else on the machine took: what disturbed the figures.</param>
internal sealed record CpuShares(double Server, double Client, double Database, double Others)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"cores busy: service {Server:0.00}, {(Database > 0 ? $"database {Database:0.00}, " : "")}client {Client:0.00}, others {Others:0.00}");
}

/// <summary>CPU time of the parties of a load between its window's two ends, from /proc.</summary>
/// <param name="databaseRoot">The process whose children are the database's; 0 for none.</param>
internal sealed class CpuWatch(IReadOnlyList<int> servers, int databaseRoot = 0)
{
    private static readonly double TicksPerSecond = 100;
    private double[] _before = [];
    private double[] _after = [];

    public void Start() => _before = Read();

    public void Stop() => _after = Read();

    public CpuShares Shares(TimeSpan window)
    {
        double Share(int i) => (_after[i] - _before[i]) / window.TotalSeconds;
        return new CpuShares(Share(0), Share(1), Share(2), Math.Max(0, Share(3) - Share(0) - Share(1) - Share(2)));
    }

    private double[] Read() => [servers.Sum(OfProcess), OfProcess(Environment.ProcessId), OfDatabase(), OfMachine()];

    // Fields 14 to 17 of proc(5) stat: its own user and system time and that of the children that it has waited for.
    private static double OfProcess(int id)
    {
        var fields = Fields(id);
        return fields.Length == 0 ? 0 : fields.AsSpan(11, 4).ToArray().Sum(f => double.Parse(f, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    private double OfDatabase()
    {
        if (databaseRoot == 0)
        {
            return 0;
        }

        var parent = databaseRoot.ToString(CultureInfo.InvariantCulture);
        return OfProcess(databaseRoot) + Process.GetProcesses().Sum(p =>
        {
            using (p)
            {
                return Fields(p.Id) is [_, var ppid, ..] && ppid == parent ? OfProcess(p.Id) : 0;
            }
        });
    }

    private static string[] Fields(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            // It ended since it was listed.
            return [];
        }
    }

    private static double OfMachine()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        double At(int i) => double.Parse(fields[i], CultureInfo.InvariantCulture) / TicksPerSecond;
        return At(1) + At(2) + At(3) + At(6) + At(7) + At(8);
    }
}
