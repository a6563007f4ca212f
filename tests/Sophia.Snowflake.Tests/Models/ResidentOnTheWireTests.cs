using System.Text;
using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Models;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Snowflake.Connecting;
using Sophia.Snowflake.Local.Remote;
using Sophia.Snowflake.Models;
using Sophia.Snowflake.Tests.Mirror;
using Sophia.Stores.Sqlite;

namespace Sophia.Snowflake.Tests.Models;

/// <summary>Where vectors are made by Cortex, nothing of a resident namespace goes there; the line to the account is listened to.</summary>
public sealed class ResidentOnTheWireTests
{
    [Fact]
    public async Task No_text_and_no_query_of_a_resident_namespace_reaches_cortex()
    {
        var folder = Directory.CreateTempSubdirectory("sophia-resident-");
        await using var lake = new LocalSnowflakeDataSource(services: new LocalServices { Embedder = ModelFactory.Hashed() });
        await using var account = new FaultySnowflake(lake);
        var options = new ModelOptions { Kind = ModelKind.Cortex, Model = "snowflake-arctic-embed-l-v2.0", Dimensions = 1024, Retries = 0 };
        var far = ModelFactory.CreateCortex("far", options, () => new CortexEmbedder("far", account, options.Model, options.Dimensions, options.Timeout), TimeProvider.System);
        try
        {
            var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
            await using var memory = new MemoryHierarchy(
                SqliteRecordStore.Create(folder.FullName, clock), null, new HostShardEngine(), null, new MemoryOptions(), clock, models: new ModelCatalog([far], far));
            await memory.StartAsync(CancellationToken.None);
            await WriteAsync(memory, await memory.NamespaceForWriteAsync("acme", "open", 0, CancellationToken.None), "the open cat");
            Assert.Contains(account.Wire, static sent => sent.Contains("the open cat", StringComparison.Ordinal));

            var refusals = 0;
            try
            {
                var home = await memory.ConfigureNamespaceAsync("acme", "home", memory.DefaultSettings with { Resident = true }, CancellationToken.None);
                foreach (var attempt in new Func<Task>[] { () => WriteAsync(memory, home, "the secret cat"), () => memory.SearchAsync(home, new SearchRequest { Query = "the secret question" }, new Trail(), CancellationToken.None) })
                {
                    refusals += await Record.ExceptionAsync(attempt) is RefusedException { Code: "model-not-resident" } ? 1 : 0;
                }
            }
            catch (RefusedException error) when (error.Code == "model-not-resident")
            {
                refusals++;
            }

            Assert.NotEqual(0, refusals);
            Assert.DoesNotContain(account.Wire, static sent => sent.Contains("secret", StringComparison.Ordinal));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task WriteAsync(MemoryHierarchy memory, NamespaceInfo ns, string text) =>
        await memory.PutAsync(ns, [new PutRequest(new RecordDraft { Key = "a", Content = Encoding.UTF8.GetBytes(text) })], null, new Trail(), CancellationToken.None);
}
