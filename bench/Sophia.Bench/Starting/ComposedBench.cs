using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Npgsql;
using Sophia.Bench.Processes;
using Sophia.Bench.Reporting;
using Sophia.Tests.Infrastructure;

namespace Sophia.Bench.Starting;

/// <summary>
/// The services with the environment that the AppHost gives them (deploy/environment/run.json), against real PostgreSQL and Redis: from
/// the start of each process until it is ready, and from SIGTERM under load to its end. In turns as images hold the services
/// (deploy/images/publish.sh) and as a build leaves them. The files and the database are warm.
/// </summary>
internal static class ComposedBench
{
    private const int Workers = 8;

    public static async Task RunAsync(BenchSettings settings, Report report)
    {
        if ((PostgresServer.Missing ?? RedisServer.Missing) is { } missing)
        {
            Report.Progress(missing);
            return;
        }

        using var recording = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "deploy", "environment", "run.json")));
        using var postgres = PostgresServer.StartNew();
        using var redis = RedisServer.StartNew();
        await using (var connection = new NpgsqlConnection(postgres.ConnectionString()))
        {
            await connection.OpenAsync();
            await using var create = new NpgsqlCommand("CREATE DATABASE sophia", connection);
            await create.ExecuteNonQueryAsync();
        }

        Dictionary<string, string> EnvironmentOf(string service, string folder)
        {
            var environment = recording.RootElement.GetProperty("services").GetProperty(service).EnumerateObject().ToDictionary(v => v.Name, v => v.Value.GetString()!);
            environment["ConnectionStrings__postgres"] = postgres.ConnectionString("sophia");
            if (environment.ContainsKey("ConnectionStrings__redis")) environment["ConnectionStrings__redis"] = redis.ConnectionString;
            environment["Sophia__DataDirectory"] = folder;
            return environment;
        }

        var starts = settings.IsQuick ? 2 : 6;
        var image = await PublishAsync(settings, report);
        Builds built = new("build", Repository.AssemblyOf("Sophia.Api"), Repository.AssemblyOf("Sophia.GpuTier"));
        Builds[] builds = image is null ? [built] : [image, built];
        for (var i = 0; i < starts; i++)
        {
            foreach (var build in i % 2 == 0 ? builds : [.. builds.Reverse()])
            {
                using var node = ServiceProcess.Composed(build.GpuTier, EnvironmentOf("gpu-tier", settings.Folder($"node-{build.Name}-{i}")));
                build.GpuStarts.Add((await node.AnsweredAsync("/health")).TotalSeconds);
                using var service = ServiceProcess.Composed(build.Api, EnvironmentOf("api", settings.Folder($"api-{build.Name}-{i}")));
                build.ApiStarts.Add((await service.AnsweredAsync("/health")).TotalSeconds);
                var (stopped, lost) = await StopUnderLoadAsync(service);
                build.ApiStops.Add(stopped);
                build.Crossed += lost;
                var asked = Stopwatch.GetTimestamp();
                node.Stop();
                build.GpuStops.Add(Stopwatch.GetElapsedTime(asked).TotalSeconds);
                Report.Progress($"{build.Name} {i + 1}: GPU tier {build.GpuStarts[^1]:0.00} s, API {build.ApiStarts[^1]:0.00} s; stop under load {build.ApiStops[^1]:0.00} s, GPU tier {build.GpuStops[^1]:0.00} s");
            }
        }

        foreach (var build in builds)
        {
            string Note(List<double> seconds) => $"the slowest of {starts}; the fastest {seconds.Min():0.00} s";
            report.Add($"{build.Name}, API: process start to the first 200 of /health", build.ApiStarts.Max(), "s", 3, atLeast: false, note: Note(build.ApiStarts));
            report.Add($"{build.Name}, GPU tier: the same", build.GpuStarts.Max(), "s", 3, atLeast: false, note: Note(build.GpuStarts));
            report.Add($"{build.Name}, API: SIGTERM to its end, {Workers} clients writing and reading", build.ApiStops.Max(), "s", 10, atLeast: false, note: $"{Note(build.ApiStops)}; {build.Crossed} requests met a connection as it closed");
            report.Add($"{build.Name}, GPU tier: SIGTERM to its end", build.GpuStops.Max(), "s", 10, atLeast: false, note: Note(build.GpuStops));
        }
    }

    /// <summary>What images hold, for this machine's processor; null, and a row that says why, where the packages for it cannot be had.</summary>
    private static async Task<Builds?> PublishAsync(BenchSettings settings, Report report)
    {
        var assemblies = new List<string>();
        Environment.SetEnvironmentVariable("SOPHIA_PUBLISH_ARTIFACTS", settings.Folder("artifacts"));
        foreach (var project in (string[])["Sophia.Api", "Sophia.GpuTier"])
        {
            var folder = settings.Folder("published-" + project);
            var processor = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
            using var publish = Process.Start(Path.Combine(Repository.Root, "deploy", "images", "publish.sh"), [project, processor, folder]);
            await publish.WaitForExitAsync();
            if (publish.ExitCode != 0)
            {
                report.Skip("image", $"deploy/images/publish.sh {project} ended with {publish.ExitCode}");
                return null;
            }

            assemblies.Add(Path.Combine(folder, project + ".dll"));
        }

        return new Builds("image", assemblies[0], assemblies[1]);
    }

    private sealed record Builds(string Name, string Api, string GpuTier)
    {
        public List<double> ApiStarts { get; } = [];

        public List<double> GpuStarts { get; } = [];

        public List<double> ApiStops { get; } = [];

        public List<double> GpuStops { get; } = [];

        public int Crossed { get; set; }
    }

    /// <summary>
    /// Each client writes and reads until the service no longer takes connections. A request that meets a connection which the service is
    /// just closing is counted: nothing takes the requests away before the signal here, as Kubernetes does (a test has that).
    /// </summary>
    /// <exception cref="InvalidOperationException">A request was answered with an error, or there was no load.</exception>
    private static async Task<(double Seconds, int Crossed)> StopUnderLoadAsync(ServiceProcess service)
    {
        var (answered, crossed) = (0, 0);
        var clients = Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            try
            {
                for (var i = 0; ; i++)
                {
                    var key = new Uri($"/v1/namespaces/composed/memories/{worker}-{i}", UriKind.Relative);
                    using var written = await service.Client.PutAsync(key, new StringContent($"text {i} of {worker}"));
                    using var read = await service.Client.GetAsync(key);
                    if (!written.IsSuccessStatusCode || !read.IsSuccessStatusCode) throw new InvalidOperationException($"{key}: {written.StatusCode}, {read.StatusCode}");
                    Interlocked.Add(ref answered, 2);
                }
            }
            catch (HttpRequestException refused) when (refused.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.ResponseEnded)
            {
                if (refused.HttpRequestError == HttpRequestError.ResponseEnded) Interlocked.Increment(ref crossed);
            }
        })).ToList();
        await Task.Delay(TimeSpan.FromSeconds(2));
        if (answered < 100) throw new InvalidOperationException($"Only {answered} requests were answered: no load.");

        var asked = Stopwatch.GetTimestamp();
        await Task.Run(service.Stop);
        var took = Stopwatch.GetElapsedTime(asked).TotalSeconds;
        await Task.WhenAll(clients);
        return (took, crossed);
    }
}
