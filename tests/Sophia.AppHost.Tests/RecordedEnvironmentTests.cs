using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Sophia.Tests.Infrastructure;

namespace Sophia.AppHost.Tests;

/// <summary>The services understand the environment that the AppHost gives them: real processes with exactly those variables.</summary>
public sealed class RecordedEnvironmentTests
{
    [Fact]
    public void The_recording_is_of_the_sources_as_they_are()
    {
        Assert.True(Recording.HashOfSources() == Recording.Read().Hash,
            "The AppHost, its integration, a launch profile or a deploy script changed since deploy/environment/run.json was recorded. "
            + "Where Aspire's packages are: SOPHIA_RECORD=1 dotnet test tests/Sophia.AppHost.Tests -c Release --filter Recording, then look at the difference and commit it.");
    }

    [SkippableFact]
    public async Task The_api_and_the_gpu_tier_serve_with_the_recorded_environment()
    {
        Skip.IfNot(PostgresServer.Missing is null, PostgresServer.Missing);
        Skip.IfNot(RedisServer.Missing is null, RedisServer.Missing);
        using var postgres = PostgresServer.StartNew();
        using var redis = RedisServer.StartNew(Recording.RedisPassword);
        await CreateAsync(postgres);
        var recording = Recording.Read();

        await using var gpu = ServiceProcess.Start("Sophia.GpuTier", recording.Services["gpu-tier"], redis.Port, postgres.Port);
        await gpu.IsHealthyAsync();
        await using var api = ServiceProcess.Start("Sophia.Api", recording.Services["api"], redis.Port, postgres.Port);
        await api.IsHealthyAsync();

        using var written = await api.Http.PutAsync(new Uri("/v1/namespaces/notes/memories/cat", UriKind.Relative), new StringContent("The cat sleeps on the server."));
        Assert.Equal(HttpStatusCode.Created, written.StatusCode);
        using var search = await api.Http.PostAsJsonAsync("/v1/namespaces/notes/search", new { query = "sleeping cats" });
        Assert.Equal(HttpStatusCode.OK, search.StatusCode);
        Assert.Contains("\"cat\"", await search.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        // As the emulator calls it for a statement.
        using var call = new HttpRequestMessage(HttpMethod.Post, "/v1/snowflake/functions/sophia_vector_search") { Content = new StringContent("""{"data":[[0,"notes","sleeping cats",1]]}""") };
        call.Headers.Add("Sophia-Integration-Secret", Recording.FunctionsSecret);
        call.Headers.Add("sf-external-function-query-batch-id", "one");
        using var called = await api.Http.SendAsync(call);
        Assert.Contains("\"cat\"", await called.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using var tiers = (await api.Http.GetFromJsonAsync<JsonDocument>("/v1/tiers"))!;
        var engines = tiers.RootElement.GetProperty("tiers").EnumerateArray().ToDictionary(t => t.GetProperty("tier").GetString()!, t => t);
        Assert.Contains("PostgreSQL", engines["L3"].GetProperty("engine").GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Redis", engines["L1"].GetProperty("engine").GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.All(engines.Values, tier => Assert.NotEqual("unhealthy", tier.GetProperty("state").GetString()));

        using var flushed = await api.Http.PostAsync(new Uri("/v1/snowflake/flush", UriKind.Relative), content: null);
        Assert.True(flushed.IsSuccessStatusCode, await flushed.Content.ReadAsStringAsync());
        using var snowflake = (await api.Http.GetFromJsonAsync<JsonDocument>("/v1/snowflake"))!;
        Assert.Equal(JsonValueKind.Null, snowflake.RootElement.GetProperty("lastError").ValueKind);
        Assert.NotEqual(0, snowflake.RootElement.GetProperty("mirror").GetProperty("mirrored").GetInt64());
        Assert.Equal(0, await api.StopAsync());
        Assert.Equal(0, await gpu.StopAsync());
    }

    private static async Task CreateAsync(PostgresServer server)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        foreach (var statement in new[] { "CREATE ROLE postgres SUPERUSER LOGIN PASSWORD '" + Recording.PostgresPassword + "'", "CREATE DATABASE sophia OWNER postgres" })
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
