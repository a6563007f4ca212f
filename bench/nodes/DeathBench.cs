using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Sophia.Bench.Reporting;
using Sophia.Faults.Tests.Harness;
using Sophia.Tests.Infrastructure;

namespace Sophia.Bench.Nodes;

/// <summary>
/// A node killed (SIGKILL) under load: the time until every search that waits is answered whole again, of namespaces whose shard was on
/// that node and of the others. Three nodes and a service, each a process of its own, with the defaults of their settings.
/// </summary>
internal static class DeathBench
{
    private const int Namespaces = 12;
    private const int Records = 2_000;

    public static async Task RunAsync(BenchSettings settings, Report report, string postgres)
    {
        var processes = new List<SophiaProcess>();
        try
        {
            var nodes = new List<SophiaProcess>();
            for (var i = 0; i < 3; i++)
            {
                nodes.Add(await StartAsync("Sophia.GpuTier", settings.Folder($"node-{i}"), postgres));
            }

            var api = await StartAsync("Sophia.Api", settings.Folder("api"), postgres, ("Sophia__Cluster__Membership", "postgres"));
            processes.AddRange([.. nodes, api]);
            await FillAsync(api);
            var (lost, kept, partial) = (new List<double>(), new List<double>(), new List<double>());
            for (var round = 0; round < (settings.IsQuick ? 1 : 5); round++)
            {
                await Task.WhenAll(Enumerable.Range(0, Namespaces).Select(ns => WholeAsync(api, ns)));
                await Task.Delay(TimeSpan.FromSeconds(3));
                var held = await Task.WhenAll(nodes.Select(HeldAsync));
                var victim = Enumerable.Range(0, nodes.Count).MaxBy(i => held[i].Count);
                using var stop = new CancellationTokenSource();
                var load = Task.Run(async () =>
                {
                    for (var i = 0; !stop.IsCancellationRequested; i++)
                    {
                        await WholeAsync(api, i % Namespaces);
                    }
                });
                await Task.Delay(TimeSpan.FromSeconds(1));
                var killed = Stopwatch.GetTimestamp();
                nodes[victim].Kill();
                var asked = Enumerable.Range(0, Namespaces).Select(async ns =>
                {
                    await WholeAsync(api, ns);
                    return (ns, Seconds: Stopwatch.GetElapsedTime(killed).TotalSeconds);
                }).ToArray();
                var first = await PartialAsync(api, held[victim].Min());
                partial.Add(first);
                foreach (var (ns, seconds) in await Task.WhenAll(asked))
                {
                    (held[victim].Contains(ns) ? lost : kept).Add(seconds);
                }

                await stop.CancelAsync();
                await load;
                Report.Progress(string.Create(CultureInfo.InvariantCulture, $"{held[victim].Count} shards lost: back within {lost.TakeLast(held[victim].Count).Max():0.0} s; a search that may be partial {first:0.00} s"));
                nodes[victim] = await StartAsync("Sophia.GpuTier", settings.Folder($"node-{round}-{victim}"), postgres);
                processes.Add(nodes[victim]);
            }

            report.Begin("nodes: one of three is killed under load, 12 namespaces of 2,000 records");
            report.Add("until its shards answer elsewhere", Statistics.Median(lost), "s", note: string.Create(CultureInfo.InvariantCulture, $"median of {lost.Count} searches that waited; longest {lost.Max():0.00} s"));
            report.Add("a search of the others' shards meanwhile", Statistics.Median(kept), "s", note: string.Create(CultureInfo.InvariantCulture, $"median of {kept.Count}; longest {kept.Max():0.00} s"));
            report.Add("a search that may be partial says what is missing", Statistics.Median(partial), "s", note: string.Create(CultureInfo.InvariantCulture, $"longest {partial.Max():0.00} s"));
        }
        finally
        {
            foreach (var process in processes)
            {
                await process.DisposeAsync();
            }
        }
    }

    private static Task<SophiaProcess> StartAsync(string service, string folder, string postgres, params (string Name, string Value)[] settings)
    {
        var environment = new Dictionary<string, string> { ["Sophia__Cluster__NodePort"] = "0", ["Sophia__Cluster__GatewayPort"] = "0" };
        foreach (var (name, value) in settings)
        {
            environment[name] = value;
        }

        return SophiaProcess.StartAsync(new SophiaSettings { Service = service, DataDirectory = folder, Postgres = postgres, Environment = environment, IsBrief = false });
    }

    private static async Task FillAsync(SophiaProcess api)
    {
        for (var ns = 0; ns < Namespaces; ns++)
        {
            var items = Enumerable.Range(0, Records).Select(i => new { key = $"k{i}", content = $"Ship {i} of fleet {ns} lies in the harbour, berth {i * 7 % 101}." });
            foreach (var page in items.Chunk(1_000))
            {
                await SendAsync(api, $"/v1/namespaces/fleet-{ns}/memories", JsonSerializer.Serialize(new { items = page }));
            }
        }
    }

    private static async Task WholeAsync(SophiaProcess api, int ns)
    {
        var answer = await SendAsync(api, $"/v1/namespaces/fleet-{ns}/search", """{"query":"ships in the harbour","k":10,"timeoutMs":60000}""");
        if (answer.GetProperty("hits").GetArrayLength() != 10 || answer.GetProperty("matching").GetInt64() != Records || answer.TryGetProperty("partial", out _))
        {
            throw new InvalidOperationException($"An answer was not whole: {answer}");
        }
    }

    /// <returns>Seconds until it was answered, whole or not.</returns>
    private static async Task<double> PartialAsync(SophiaProcess api, int ns)
    {
        var started = Stopwatch.GetTimestamp();
        await SendAsync(api, $"/v1/namespaces/fleet-{ns}/search", """{"query":"ships in the harbour","k":10,"timeoutMs":60000,"allowPartial":true}""");
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<HashSet<int>> HeldAsync(SophiaProcess node)
    {
        using var answer = await node.Http.GetAsync(new Uri("/health", UriKind.Relative));
        var shards = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("shards").EnumerateArray();
        // Namespaces are numbered in the order in which they were made.
        return [.. shards.Where(static shard => shard.GetProperty("isServed").GetBoolean()).Select(static shard => int.Parse(shard.GetProperty("address").GetString()!.Split('.')[0], CultureInfo.InvariantCulture) - 1)];
    }

    private static async Task<JsonElement> SendAsync(SophiaProcess process, string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await process.Http.PostAsync(new Uri(path, UriKind.Relative), content);
        var body = await response.Content.ReadAsStringAsync();
        return response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created ? JsonDocument.Parse(body).RootElement : throw new InvalidOperationException($"{path}: {(int)response.StatusCode} {body}");
    }
}
