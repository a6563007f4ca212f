using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Sophia.AppHost.Tests;
using Sophia.Deploy.Tests.Harness;
using Sophia.Tests.Infrastructure;

namespace Sophia.Deploy.Tests.Running;

/// <summary>The disk with PostgreSQL is lost: what was acknowledged comes back from the base backup and the archived log.</summary>
[Collection(ProcessTests.Name)]
public sealed class RestoreTests
{
    [SkippableFact]
    public async Task After_a_restore_every_record_that_was_archived_is_there()
    {
        Skip.IfNot(PostgresServer.Missing is null, PostgresServer.Missing);
        Skip.IfNot(RedisServer.Missing is null, RedisServer.Missing);
        var (archive, backup) = (PostgresServer.NewFolder(), PostgresServer.NewFolder());
        using var redis = RedisServer.StartNew(Recording.RedisPassword);
        var environment = new Dictionary<string, string>(Recording.Read().Services["api"]);
        environment.Remove("Sophia__Cluster__Membership");
        var original = await Database.StartAsync("postgres");
        await ExecuteAsync(original, "ALTER SYSTEM SET archive_mode = 'on'", $"ALTER SYSTEM SET archive_command = 'cp %p {archive}/%f'");
        original.Stop(immediate: false);
        original.Start();

        await using (var api = ServiceProcess.Start("Sophia.Api", environment, redis.Port, original.Port))
        {
            await api.IsHealthyAsync();
            await WriteAsync(api.Http, 0, 300);
            original.BackUpTo(backup);
            await WriteAsync(api.Http, 300, 300);
            await ArchivedAsync(original);
        }

        original.Dispose();
        using var restored = await PostgresServer.StartFromAsync(backup, archive);
        await using var again = ServiceProcess.Start("Sophia.Api", environment, redis.Port, restored.Port);
        await again.IsHealthyAsync();

        for (var i = 0; i < 600; i += 7)
        {
            Assert.Contains($"text {i} ", await again.Http.GetStringAsync(new Uri($"/v1/namespaces/kept/memories/r{i}", UriKind.Relative)), StringComparison.Ordinal);
        }

        using var space = (await again.Http.GetFromJsonAsync<JsonDocument>("/v1/namespaces/kept"))!;
        Assert.Equal(600, space.RootElement.GetProperty("count").GetInt64());
        using var found = await again.Http.PostAsJsonAsync("/v1/namespaces/kept/search", new { query = "text 599", k = 1 });
        Assert.Contains("\"r599\"", await found.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var written = await again.Http.PutAsync(new Uri("/v1/namespaces/kept/memories/new", UriKind.Relative), new StringContent("after"));
        Assert.True(written.IsSuccessStatusCode);
        Directory.Delete(archive, recursive: true);
    }

    private static async Task WriteAsync(HttpClient http, int from, int count)
    {
        var items = Enumerable.Range(from, count).Select(i => new { key = $"r{i}", content = $"text {i} of the archive" });
        using var answer = await http.PostAsJsonAsync("/v1/namespaces/kept/memories", new { items });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Waits until the segment that was open at the switch is in the archive.</summary>
    private static async Task ArchivedAsync(PostgresServer server)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();

        // Named at the switch: what PostgreSQL writes by itself meanwhile goes into the next segment, which nobody ends.
        await using var switching = new NpgsqlCommand("SELECT pg_walfile_name(pg_switch_wal())", connection);
        var segment = (string)(await switching.ExecuteScalarAsync())!;
        await using var command = new NpgsqlCommand("SELECT last_archived_wal >= @segment FROM pg_stat_archiver", connection) { Parameters = { new("segment", segment) } };
        for (var i = 0; await command.ExecuteScalarAsync() is not true; i++)
        {
            Assert.True(i < 600, "The log was not archived within a minute.");
            await Task.Delay(100);
        }
    }

    private static async Task ExecuteAsync(PostgresServer server, params string[] statements)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
