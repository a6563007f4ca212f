using System.Globalization;
using System.Net.Http.Headers;
using Sophia.Bench.Load;
using Sophia.Bench.Processes;
using Sophia.Bench.Reporting;
using Sophia.Bench.Writes;

namespace Sophia.Bench.HotGet;

/// <summary>
/// GET of one record of 1 KiB that is in the near copy, against a bare endpoint that returns the same bytes. The services
/// run in processes of their own and are asked in turns, so that what disturbs the machine disturbs each alike.
/// </summary>
internal static class HotGetBench
{
    private const int Connections = 64;
    private const int OpenConnections = 1_000;
    private const string RecordPath = "/v1/namespaces/bench/memories/hot";

    public static async Task RunAsync(BenchSettings settings, Report report)
    {
        var rounds = settings.IsQuick ? 1 : 7;
        var turn = TimeSpan.FromSeconds(settings.IsQuick ? 1 : 5);
        var bodyFile = Path.Combine(settings.Folder("hot-get"), "body");
        using var sophia = ServiceProcess.Sophia(settings.Folder("hot-get-data"));
        await sophia.AnsweredAsync("/alive");
        await PutRecordAsync(sophia);
        await File.WriteAllBytesAsync(bodyFile, await sophia.Client.GetByteArrayAsync(new Uri(RecordPath, UriKind.Relative)));
        using var bare = ServiceProcess.Bare(bodyFile);
        await bare.AnsweredAsync("/direct/hot");
        (string Name, ServiceProcess Service, string Path)[] parties =
            [("Sophia", sophia, RecordPath), ("bare, Results.Bytes", bare, "/result/hot"), ("bare, direct write", bare, "/direct/hot")];

        Report.Progress("warming up");
        foreach (var (_, service, path) in parties)
        {
            ClosedLoad.Run(service, path, Connections, settings.WarmUp + turn);
        }

        var rates = parties.Select(_ => new List<double>()).ToArray();
        var cpu = new CpuShares?[parties.Length];
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < parties.Length; i++)
            {
                (var rate, cpu[i]) = ClosedLoad.Run(parties[i].Service, parties[i].Path, Connections, turn);
                rates[i].Add(rate);
            }

            Report.Progress($"round {round + 1} of {rounds}: " + string.Join(", ", parties.Select((p, i) => string.Create(CultureInfo.InvariantCulture, $"{p.Name} {rates[i][^1]:N0}/s"))));
        }

        var note = $"median of {rounds} × {turn.TotalSeconds:0} s, {Connections} connections, {ClosedLoad.Tool}";
        for (var i = 0; i < parties.Length; i++)
        {
            report.Add($"{parties[i].Name}: hot GET", Statistics.Median(rates[i]), "requests/s", note: (i == 0 ? $"{note}; body {new FileInfo(bodyFile).Length:N0} bytes; " : "") + $"last round's {cpu[i]}");
        }

        // Ratios within a round, since neighbours in time share what else goes on.
        report.Add("Sophia to bare, Results.Bytes", Statistics.Median(rates[0].Zip(rates[1], (a, b) => a / b)), "ratio", 0.75, note: "median of the rounds' ratios");
        report.Add("Sophia to bare, direct write", Statistics.Median(rates[0].Zip(rates[2], (a, b) => a / b)), "ratio", 0.75, note: "the stricter rival");
        Open(settings, report, sophia, RecordPath, "Sophia", Statistics.Median(rates[0]) / 2, 50);
        Open(settings, report, bare, "/direct/hot", "bare, direct write", Statistics.Median(rates[0]) / 2, null);
    }

    private static void Open(BenchSettings settings, Report report, ServiceProcess service, string path, string name, double offered, double? target)
    {
        Report.Progress(string.Create(CultureInfo.InvariantCulture, $"open loop on {name}, {offered:N0}/s over {OpenConnections:N0} connections"));
        using var loop = new LoadLoop(new ConstantRequest(path, service.Port), OpenConnections, service.Port);
        var result = loop.RunOpen(offered, settings.WarmUp, settings.Window, new CpuWatch([service.Id]));
        var note = string.Create(CultureInfo.InvariantCulture, $"{offered:N0}/s offered, {result.PerSecond:N0}/s answered; {result.Cpu}");
        report.Add($"{name}: open loop, {OpenConnections:N0} connections, p50", result.Quantile(0.5), "ms", note: note);
        report.Add($"{name}: open loop, p99", result.Quantile(0.99), "ms", target, atLeast: false);
        report.Add($"{name}: open loop, p99.9", result.Quantile(0.999), "ms");
    }

    private static async Task PutRecordAsync(ServiceProcess sophia)
    {
        // The record's own text is 1 KiB of a licence; the answer is that and the record's other fields.
        using var content = new ByteArrayContent(EnglishText.Load().Bytes.Slice(0, 1024).ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        using var answer = await sophia.Client.PutAsync(new Uri(RecordPath, UriKind.Relative), content);
        answer.EnsureSuccessStatusCode();
    }
}
