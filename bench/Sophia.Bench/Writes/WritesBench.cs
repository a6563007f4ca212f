using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Sophia.Bench.Load;
using Sophia.Bench.Processes;
using Sophia.Bench.Reporting;
using Sophia.Tests.Infrastructure;

namespace Sophia.Bench.Writes;

/// <summary>
/// Durable writes over HTTP of 512-byte English texts, embedding and postings on, each acknowledged by its receipt;
/// afterwards how long until a search sees the last of them, and whether all that were acknowledged are there.
/// </summary>
internal static class WritesBench
{
    private const int BatchSize = 100;
    private const int BatchClients = 8;
    private const int SingleClients = 64;
    private const double MostLagSeconds = 2;
    private const string Bare = "bare prototype";

    public static async Task OnSqliteAsync(BenchSettings settings, Report report)
    {
        var text = Text(report);
        foreach (var (name, requests, clients, target) in Loads(text, 25_000, 8_000))
        {
            if (!name.StartsWith(settings.Only, StringComparison.Ordinal))
            {
                continue;
            }

            using var service = ServiceProcess.Sophia(settings.Folder($"writes-{clients}"));
            await MeasureAsync(settings, report, name, requests(), clients, target, 0, [], service);
            service.Stop();
        }

        if (!Bare.StartsWith(settings.Only, StringComparison.Ordinal))
        {
            return;
        }

        var bare = PrototypeOnSqlite.PerSecond(settings.Folder("prototype"), text, BatchSize, settings.Window);
        report.Add($"{Bare} on SQLite, transactions of 100", bare, "records/s", note: "log row, content and current row; no service, no embedding, no postings");
    }

    public static async Task OnPostgresAsync(BenchSettings settings, Report report)
    {
        if (PostgresServer.Missing is { } missing)
        {
            Console.WriteLine($"Skipped: {missing}");
            return;
        }

        var text = Text(report);
        foreach (var (services, nodes, holdShards) in ((int, int, bool)[])[(1, 0, false), (2, 0, false), (2, 0, true), (2, 1, false)])
        {
            foreach (var (load, requests, clients, target) in Loads(text, 20_000, 5_000))
            {
                var name = services == 1 ? load : holdShards ? $"two services that hold each shard once, {load}" : nodes == 0 ? $"two services, {load}" : $"two services and a node of L0, {load}";
                if (!name.StartsWith(settings.Only, StringComparison.Ordinal))
                {
                    continue;
                }

                using var postgres = PostgresServer.StartNew();
                var running = new List<ServiceProcess>();
                try
                {
                    for (var i = 0; i < nodes; i++)
                    {
                        running.Add(ServiceProcess.Node(settings.Folder($"node-{i}"), postgres.ConnectionString()));
                        await running[i].AnsweredAsync("/health");
                    }

                    for (var i = nodes; i < nodes + services; i++)
                    {
                        running.Add(ServiceProcess.Sophia(
                            settings.Folder($"postgres-{i}"), postgres.ConnectionString(), ("Sophia__Cluster__Membership", nodes == 0 && !holdShards ? "off" : "postgres"),
                            ("Sophia__Cluster__HoldsShards", $"{holdShards}"), ("Sophia__Cluster__NodePort", "0"), ("Sophia__Cluster__GatewayPort", "0")));
                        await running[i].AnsweredAsync("/alive");
                        if (nodes > 0 || holdShards)
                        {
                            await ReachesNodesAsync(running[i]);
                        }
                    }

                    var root = int.Parse(File.ReadLines(Path.Combine(postgres.DataFolder, "postmaster.pid")).First(), CultureInfo.InvariantCulture);
                    await MeasureAsync(settings, report, name, requests(), clients, target, root, running[..nodes], [.. running[nodes..]]);
                }
                finally
                {
                    running.ForEach(s => s.Dispose());
                }
            }
        }

        if (!Bare.StartsWith(settings.Only, StringComparison.Ordinal))
        {
            return;
        }

        using var bare = PostgresServer.StartNew();
        var rate = await PrototypeOnPostgres.PerSecondAsync(bare.ConnectionString(), text, BatchSize, BatchClients, settings.Window);
        report.Add($"{Bare} on PostgreSQL, transactions of 100, 8 connections", rate, "records/s", note: "unnest; log row, content and current row under one partition's lock; no service, no embedding, no postings");
    }

    // A search before that would load the shard in the service's own process.
    private static async Task ReachesNodesAsync(ServiceProcess service)
    {
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < TimeSpan.FromSeconds(30); await Task.Delay(100))
        {
            var tiers = await service.Client.GetFromJsonAsync<JsonElement>("/v1/tiers");
            if (tiers.GetProperty("tiers").EnumerateArray().Any(t => t.GetProperty("tier").GetString() == "L0" && t.GetProperty("state").GetString() == "healthy"))
            {
                return;
            }
        }

        throw new TimeoutException($"The service reaches no node of L0: {service.Output}");
    }

    private static EnglishText Text(Report report)
    {
        var text = EnglishText.Load();
        report.Add("distinct 512-byte texts", text.Slices, "texts", note: $"from {text.Bytes.Length >> 10:N0} KiB of licences and package documentation");
        return text;
    }

    private static (string Name, Func<WriteRequests> Requests, int Clients, double Target)[] Loads(EnglishText text, double batches, double singles) =>
    [
        ($"batches of {BatchSize}, {BatchClients} clients", () => WriteRequests.Batches(text, BatchSize, BatchClients), BatchClients, batches),
        ($"single PUTs, {SingleClients} connections", () => WriteRequests.Single(text, SingleClients), SingleClients, singles),
    ];

    private static async Task MeasureAsync(
        BenchSettings settings, Report report, string name, WriteRequests requests, int clients, double target, int databaseRoot,
        IReadOnlyList<ServiceProcess> nodes, params ServiceProcess[] services)
    {
        foreach (var service in services)
        {
            await service.AnsweredAsync("/alive");
            await PutOneAsync(service, $"first-{service.Port}");
            await SearchAsync(service, null);
        }

        Report.Progress(name);
        LoadResult result;
        using (var loop = new LoadLoop(requests, clients, [.. services.Select(s => s.Port)]))
        {
            result = loop.RunClosed(settings.WarmUp, settings.Window, new CpuWatch([.. services.Concat(nodes).Select(s => s.Id)], databaseRoot));
        }

        var ended = Stopwatch.GetTimestamp();
        var lag = 0.0;

        // One more write is behind all the others in the log; who can find it has passed them all.
        var last = await PutOneAsync(services[0], "last");
        await Task.WhenAll(services.Select(async service =>
        {
            await SearchAsync(service, last);
            lag = Math.Max(lag, Stopwatch.GetElapsedTime(ended).TotalSeconds);
        }));
        var count = await CountAsync(services[0]);
        var acknowledged = result.AllUnits + services.Length + 1;
        if (count != acknowledged)
        {
            throw new InvalidOperationException($"{acknowledged:N0} records were acknowledged and {count:N0} are there.");
        }

        report.Add(name, result.PerSecond, "records/s", target, note: result.Cpu.ToString());
        report.Add($"{name}: latency p50", result.Quantile(0.5), "ms");
        report.Add($"{name}: latency p99", result.Quantile(0.99), "ms");
        report.Add($"{name}: search sees the last write after", lag, "s", MostLagSeconds, atLeast: false, note: $"{count:N0} acknowledged, all there");
        report.Add($"{name}: resident memory of the service", services.Concat(nodes).Max(s => s.ResidentBytes) / (double)(1 << 20), "MiB");
    }

    private static async Task<string> PutOneAsync(ServiceProcess service, string key)
    {
        using var answer = await service.Client.PutAsJsonAsync($"/v1/namespaces/{WriteRequests.Namespace}/memories/{key}", new { content = $"The {key} note about the licence." });
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("sequence").GetString()!;
    }

    private static async Task SearchAsync(ServiceProcess service, string? minSequence)
    {
        using var answer = await service.Client.PostAsJsonAsync(
            $"/v1/namespaces/{WriteRequests.Namespace}/search", new { query = "note about the licence", minSequence, timeoutMs = 60_000 });
        answer.EnsureSuccessStatusCode();
        if ((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("hits").GetArrayLength() == 0)
        {
            throw new InvalidOperationException("The search found nothing.");
        }
    }

    private static async Task<long> CountAsync(ServiceProcess service) =>
        (await service.Client.GetFromJsonAsync<JsonElement>($"/v1/namespaces/{WriteRequests.Namespace}")).GetProperty("count").GetInt64();
}
