using System.Net;
using System.Text.Json;
using Sophia.Snowflake.Connecting;

namespace Sophia.Tests.Cortex;

/// <summary>What the cache in front of models has, in Snowflake, and back.</summary>
public sealed class CortexInSnowflakeTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sophia-lake-").FullName;
    private FakeChatServer _server = null!;

    private string Lake => Path.Combine(_folder, "lake.duckdb");

    public async Task InitializeAsync() => _server = await FakeChatServer.StartAsync();

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private CortexHost Host(params (string, string)[] more) => new(_server, [("Sophia:Snowflake:Mirror", "true"), ("Sophia:Snowflake:File", Lake), .. more]);

    private static string Outcome(JsonElement answer) => answer.GetProperty("receipt").GetProperty("outcome").GetString()!;

    private async Task<List<object?[]>> QueryAsync(string sql)
    {
        await using var source = new LocalSnowflakeDataSource(Lake);
        await using var connection = await source.OpenConnectionAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync();
        List<object?[]> rows = [];
        while (await reader.ReadAsync())
        {
            var row = new object?[reader.FieldCount];
            reader.GetValues(row!);
            rows.Add(row);
        }

        return rows;
    }

    [Fact]
    public async Task Answers_and_the_ledger_are_there_and_a_new_service_begins_with_them()
    {
        using (var host = Host())
        {
            Assert.Equal("called", Outcome(await host.AskAsync("""{"prompt":"What is a tier?"}""")));
            Assert.Equal("hit", Outcome(await host.AskAsync("""{"prompt":"What is a tier?"}""")));
            await host.JsonAsync(HttpMethod.Post, "/v1/cortex/embed", """{"texts":["one","two"]}""");
            await host.JsonAsync(HttpMethod.Post, "/v1/snowflake/flush");
            // What was counted at the flush itself goes with the next.
            await host.JsonAsync(HttpMethod.Post, "/v1/snowflake/flush");
        }

        var cache = await QueryAsync("select cache_value:content.text::string, gpu_processed, ttl, processing_time_ms >= 0 from sophia_ai_memory.cortex_cache_enhanced where cache_value:content is not null");
        Assert.Equal([["WHAT IS A TIER? (1)", false, 86_400L, true]], cache);
        Assert.Empty(await QueryAsync("select * from sophia_ai_memory.memory_log where namespace like '$cortex%'"));
        var ledger = await QueryAsync("select outcome, calls, dollars from sophia_ai_memory.model_ledger where operation = 'complete' order by outcome");
        Assert.Equal(["called", "hit"], ledger.Select(row => row[0]));
        Assert.Equal((1L, 0.003m), ((long)ledger[0][1]!, (decimal)ledger[0][2]!));

        using var anew = Host();
        await anew.JsonAsync(HttpMethod.Get, "/v1/tiers");
        var outcome = "";
        for (var i = 0; i < 1_000 && outcome != "hit"; i++)
        {
            await Task.Delay(50);
            outcome = (await anew.JsonAsync(HttpMethod.Get, "/v1/snowflake")).GetProperty("waiting").GetProperty("mirror").GetInt64() > 0
                ? Outcome(await anew.AskAsync("""{"prompt":"What is a tier?"}""")) : "";
        }

        Assert.Equal("hit", outcome);
        Assert.Equal(1, _server.Calls);
    }

    [Fact]
    public async Task What_a_resident_namespace_asked_a_local_model_stays()
    {
        using (var host = Host())
        {
            await host.JsonAsync(HttpMethod.Put, "/v1/namespaces/home", """{"resident":true}""", HttpStatusCode.Created);
            Assert.Equal("called", Outcome(await host.AskAsync("""{"prompt":"What is at home?","namespace":"home"}""")));
            await host.AskAsync("""{"prompt":"What is outside?"}""");
            await host.JsonAsync(HttpMethod.Post, "/v1/snowflake/flush");
        }

        Assert.Equal([["WHAT IS OUTSIDE?"]], (await QueryAsync("select left(cache_value:content.text::string, 16) from sophia_ai_memory.cortex_cache_enhanced")));
    }

    [Fact]
    public async Task Only_an_admin_stops_the_mirror_and_nonsense_is_refused()
    {
        using var host = Host();
        using var paused = await host.SendAsync(HttpMethod.Post, "/v1/snowflake/mirror", """{"paused":true}""");
        Assert.Equal(HttpStatusCode.OK, paused.StatusCode);
        Assert.True((await host.JsonAsync(HttpMethod.Get, "/v1/snowflake")).GetProperty("mirror").GetProperty("paused").GetBoolean());
        foreach (var body in new[] { "{}", """{"paused":"yes"}""", """{"paused":true,"more":1}""", "[]", "{", "" })
        {
            using var refused = await host.SendAsync(HttpMethod.Post, "/v1/snowflake/mirror", body);
            Assert.InRange((int)refused.StatusCode, 400, 422);
        }

        using var nonsense = await host.SendAsync(HttpMethod.Get, "/v1/snowflake?x=1");
        Assert.Equal(HttpStatusCode.BadRequest, nonsense.StatusCode);
        using var maybe = await host.SendAsync(HttpMethod.Get, "/v1/namespaces/notes/memories/a/history?archive=maybe");
        Assert.InRange((int)maybe.StatusCode, 400, 404);
    }

    [Fact]
    public async Task A_service_without_a_mirror_says_how_to_have_one()
    {
        using var host = new CortexHost(_server);

        Assert.Equal(JsonValueKind.Null, (await host.JsonAsync(HttpMethod.Get, "/v1/snowflake")).GetProperty("mirror").ValueKind);
        var problem = await host.JsonAsync(HttpMethod.Post, "/v1/snowflake/mirror", """{"paused":true}""", HttpStatusCode.Conflict);
        Assert.Equal("mirror-off", problem.GetProperty("code").GetString());
    }
}
