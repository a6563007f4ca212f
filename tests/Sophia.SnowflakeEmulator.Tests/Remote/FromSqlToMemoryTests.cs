using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Sophia.Faults.Tests.Harness;

namespace Sophia.SnowflakeEmulator.Tests.Remote;

/// <summary>From SQL in Snowflake's driver for Node, through the local Snowflake and its gateway, into a running Sophia and its index.</summary>
public sealed class FromSqlToMemoryTests
{
    private const string Secret = "between gateway and service";

    [SkippableFact]
    public async Task Sql_of_the_node_driver_searches_the_memories_of_a_running_sophia()
    {
        var folder = await NodeDriverTests.DriverAsync();
        var data = Directory.CreateTempSubdirectory("sophia-sql-");
        try
        {
            await using var sophia = await SophiaProcess.StartAsync(new SophiaSettings
            {
                DataDirectory = data.FullName,
                Environment = new Dictionary<string, string>
                {
                    ["Sophia__ExternalFunctions__Integrations__0__Name"] = "local", ["Sophia__ExternalFunctions__Integrations__0__Tenant"] = "local",
                    ["Sophia__ExternalFunctions__Integrations__0__SecretHash"] = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Secret))),
                },
            });
            await RememberAsync(sophia.Http);
            await using var snowflake = new RunningEmulator { Settings = [$"--Emulator:Sophia:Url={sophia.Address}", $"--Emulator:Sophia:Secret={Secret}"] };
            await snowflake.InitializeAsync();

            var (code, output, errors) = await NodeDriverTests.RunAsync("node", folder, "", "functions.js", snowflake.Client.BaseAddress!.ToString().TrimEnd('/'), RunningEmulator.Password);

            Assert.True(code == 0, errors + output + sophia.Shown);
            var seen = JsonDocument.Parse(output.Split('\n').Last(static l => l.StartsWith('{'))).RootElement;
            var hits = JsonDocument.Parse(seen.GetProperty("found").ToString()).RootElement;
            Assert.Equal(("cat", "The cat sleeps on the server."), (hits[0].GetProperty("key").GetString(), hits[0].GetProperty("content").GetString()));
            Assert.Equal("""[{"QUESTION":"money owed","KEY":"bill","SCORED":true},{"QUESTION":"sleeping cats","KEY":"cat","SCORED":true}]""", seen.GetProperty("joined").GetRawText());
            Assert.True(seen.GetProperty("alike").GetBoolean());
            Assert.Equal(256, seen.GetProperty("vector").GetProperty("N").GetInt32());
            Assert.Equal(1, seen.GetProperty("vector").GetProperty("SAME").GetDouble(), 5);
            Assert.Equal(1, seen.GetProperty("reranked").GetInt32());
            Assert.Equal(10_000, seen.GetProperty("many").GetProperty("N").GetInt32());
            Assert.Contains("100351/P0000", seen.GetProperty("unknown").GetString(), StringComparison.Ordinal);
            Assert.Contains("namespace-not-found", seen.GetProperty("unknown").GetString(), StringComparison.Ordinal);
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static async Task RememberAsync(HttpClient http)
    {
        var items = new { items = new[] { new { key = "cat", content = "The cat sleeps on the server." }, new { key = "bill", content = "Money is owed for three invoices." } } };
        using var answer = await http.PostAsJsonAsync(new Uri("/v1/namespaces/notes/memories", UriKind.Relative), items);
        answer.EnsureSuccessStatusCode();
    }
}
