using System.Net.Http.Json;
using Sophia.AppHost.Tests;
using Sophia.Deploy.Tests.Harness;
using Sophia.Tests.Cortex;
using Sophia.Tests.Infrastructure;

namespace Sophia.Deploy.Tests.Observability;

/// <summary>The API and a node of the GPU tier as processes, with the recorded environment, a PostgreSQL, a Redis and a model that costs.</summary>
internal sealed class ObservedServices : IAsyncDisposable
{
    private readonly PostgresServer _postgres;
    private readonly RedisServer _redis;
    private readonly FakeChatServer _model;

    private ObservedServices(PostgresServer postgres, RedisServer redis, FakeChatServer model, ServiceProcess gpu, ServiceProcess api) =>
        (_postgres, _redis, _model, Gpu, Api) = (postgres, redis, model, gpu, api);

    public ServiceProcess Api { get; }

    public ServiceProcess Gpu { get; }

    /// <summary>Starts both; nobody has asked them for anything but their health.</summary>
    public static async Task<ObservedServices> StartAsync()
    {
        var postgres = await Database.StartAsync("postgres");
        var redis = RedisServer.StartNew(Recording.RedisPassword);
        var model = await FakeChatServer.StartAsync();
        var recording = Recording.Read();
        var gpu = ServiceProcess.Start("Sophia.GpuTier", recording.Services["gpu-tier"], redis.Port, postgres.Port);
        await gpu.IsHealthyAsync();
        var api = ServiceProcess.Start("Sophia.Api", WithModel(recording.Services["api"], model), redis.Port, postgres.Port);
        await api.IsHealthyAsync();
        return new(postgres, redis, model, gpu, api);
    }

    /// <summary>Uses what there are metrics of: reads, searches, and calls of a model, of which one is avoided and one fails.</summary>
    public async Task UseAsync()
    {
        var record = new Uri("/v1/namespaces/n/memories/a", UriKind.Relative);
        using (var written = await Api.Http.PutAsync(record, new StringContent("a cat"))) written.EnsureSuccessStatusCode();
        using (var read = await Api.Http.GetAsync(record)) read.EnsureSuccessStatusCode();
        using (var none = await Api.Http.GetAsync(new Uri("/v1/namespaces/n/memories/none", UriKind.Relative))) Assert.Equal(System.Net.HttpStatusCode.NotFound, none.StatusCode);
        using (var search = await Api.Http.PostAsJsonAsync("/v1/namespaces/n/search", new { query = "cat" })) search.EnsureSuccessStatusCode();
        using (var past = await Api.Http.PostAsJsonAsync("/v1/namespaces/n/search", new { query = "cat", asOf = DateTimeOffset.UtcNow })) past.EnsureSuccessStatusCode();
        for (var i = 0; i < 2; i++)
        {
            using var asked = await Api.Http.PostAsJsonAsync("/v1/cortex/complete", new { prompt = "what costs" });
            Assert.True(asked.IsSuccessStatusCode, await asked.Content.ReadAsStringAsync());
        }

        _model.Next(400);
        using var failed = await Api.Http.PostAsJsonAsync("/v1/cortex/complete", new { prompt = "what fails" });
        Assert.False(failed.IsSuccessStatusCode, await failed.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await Gpu.DisposeAsync();
        await _model.DisposeAsync();
        _redis.Dispose();
        _postgres.Dispose();
    }

    /// <summary>With a model, and a budget for it, so that there is something to count.</summary>
    private static Dictionary<string, string> WithModel(IReadOnlyDictionary<string, string> environment, FakeChatServer model) => new(environment)
    {
        ["Sophia__ChatModels__small__Kind"] = "OpenAI", ["Sophia__ChatModels__small__Endpoint"] = model.Endpoint, ["Sophia__ChatModels__small__Model"] = "small",
        ["Sophia__ChatModels__small__ApiKey"] = model.Key, ["Sophia__ChatModels__small__InputDollars"] = "1", ["Sophia__ChatModels__small__OutputDollars"] = "2", ["Sophia__Cortex__Budget__DollarsPerMonth"] = "5",
    };
}
