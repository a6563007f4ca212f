using System.Net;
using System.Text;
using System.Text.Json;
using Npgsql;
using Sophia.Faults.Tests.Harness;
using Sophia.Tests.Infrastructure;

namespace Sophia.GpuTier.Tests.Harness;

/// <summary>One PostgreSQL for all tests; each test has a database, and so a cluster, of its own, but those that are content with the small one.</summary>
public sealed class Database : IAsyncLifetime
{
    /// <summary>What shards may take on the small cluster's node.</summary>
    internal const long SmallBytes = 104_857_600;

    private PostgresServer? _postgres;
    private int _databases;
    private (RunningCluster Cluster, SophiaProcess Node, SophiaProcess Api)? _small;

    /// <summary>Makes an empty database. Skips the test where PostgreSQL is missing.</summary>
    public string New()
    {
        Skip.IfNot(PostgresServer.Missing is null, PostgresServer.Missing);
        _postgres ??= PostgresServer.StartNew();
        var name = $"tier{++_databases}";
        using var connection = new NpgsqlConnection(_postgres.ConnectionString() + ";Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"CREATE DATABASE {name}";
        command.ExecuteNonQuery();
        return _postgres.ConnectionString(name);
    }

    /// <summary>One node and a service, for tests that look at namespaces of their own and change nothing else.</summary>
    internal async Task<(SophiaProcess Node, SophiaProcess Api)> SmallAsync()
    {
        if (_small is null)
        {
            var cluster = new RunningCluster(New());
            var node = cluster.StartNodeAsync(("Sophia__Cluster__NodeBytes", $"{SmallBytes}"));
            _small = (cluster, await node, await cluster.StartApiAsync(isClustered: true));
            await RunningCluster.ReachesNodesAsync(_small.Value.Api);
        }

        return (_small.Value.Node, _small.Value.Api);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_small is { } small)
        {
            await small.Cluster.DisposeAsync();
        }

        _postgres?.Dispose();
    }
}

/// <summary>One after another: each has processes of its own and the machine's cores to itself.</summary>
[CollectionDefinition(Name)]
public sealed class ClusterTests : ICollectionFixture<Database>
{
    public const string Name = "Cluster";
}

/// <summary>Nodes of L0 and services that ask them, each a process of its own, over one PostgreSQL.</summary>
internal sealed class RunningCluster(string postgres) : IAsyncDisposable
{
    /// <summary>
    /// For tests that kill: the others know of it after a second and a half. Elsewhere nodes are probed at a pace at which one that stands still
    /// for some seconds, on a busy machine, is not taken for dead.
    /// </summary>
    public static readonly (string Name, string Value) DiesFast = ("Sophia__Cluster__ProbeTimeout", "00:00:00.5");

    private readonly List<SophiaProcess> _processes = [];
    private readonly List<TestFolder> _folders = [];

    public Task<SophiaProcess> StartNodeAsync(params (string Name, string Value)[] settings) => StartAsync("Sophia.GpuTier", settings);

    /// <summary>Several at the same time.</summary>
    public Task<SophiaProcess[]> StartNodesAsync(int count, params (string Name, string Value)[] settings) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(_ => StartNodeAsync(settings)));

    /// <param name="isClustered">False: it searches in its own process.</param>
    public Task<SophiaProcess> StartApiAsync(bool isClustered, params (string Name, string Value)[] settings) =>
        StartAsync("Sophia.Api", [("Sophia__Cluster__Membership", isClustered ? "postgres" : "off"), .. settings]);

    /// <summary>A service that searches in its own process, and one that asks the nodes and reaches them.</summary>
    public async Task<(SophiaProcess Alone, SophiaProcess Clustered)> StartBothApisAsync()
    {
        var alone = StartApiAsync(isClustered: false);
        var clustered = await StartApiAsync(isClustered: true);
        await ReachesNodesAsync(clustered);
        return (await alone, clustered);
    }

    /// <summary>Waits until the service asks the nodes.</summary>
    public static Task ReachesNodesAsync(SophiaProcess api) => Eventually.IsTrueAsync(
        async () => (await JsonAsync(api, HttpMethod.Get, "/v1/tiers")).GetProperty("tiers").EnumerateArray()
            .Any(t => t.GetProperty("tier").GetString() == "L0" && t.GetProperty("state").GetString() == "healthy"),
        "the service reaches the nodes of L0", () => api.Shown);

    public static async Task<(HttpStatusCode Status, string Body)> SendAsync(SophiaProcess process, HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await process.Http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public static async Task<JsonElement> JsonAsync(SophiaProcess process, HttpMethod method, string path, string? json = null)
    {
        var (status, body) = await SendAsync(process, method, path, json);
        Assert.True(status is HttpStatusCode.OK or HttpStatusCode.Created, $"{method} {path}: {(int)status} {body}{Environment.NewLine}{process.Shown}");
        return JsonDocument.Parse(body).RootElement;
    }

    /// <summary>For a setting of a node's.</summary>
    public static string TakePort() => FreePort.Take().ToString(System.Globalization.CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _folders.ForEach(static folder => folder.Dispose());
    }

    private async Task<SophiaProcess> StartAsync(string service, (string Name, string Value)[] settings)
    {
        var folder = new TestFolder();
        lock (_folders)
        {
            _folders.Add(folder);
        }

        var environment = new Dictionary<string, string> { ["Sophia__Cluster__NodePort"] = TakePort(), ["Sophia__Cluster__GatewayPort"] = TakePort(), ["Sophia__Cluster__ProbeTimeout"] = "00:00:05" };
        foreach (var (name, value) in settings)
        {
            environment[name] = value;
        }

        var process = await SophiaProcess.StartAsync(new SophiaSettings
        {
            Service = service, DataDirectory = folder.Path, Postgres = postgres, Environment = environment,
        });
        lock (_processes)
        {
            _processes.Add(process);
        }

        return process;
    }
}
