using Microsoft.Extensions.Time.Testing;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

/// <summary>A service that asks nodes which may not know all that it knows.</summary>
public sealed class ClusterAnswerTests
{
    [Fact]
    public async Task An_answer_of_a_node_that_lacks_what_was_written_long_ago_says_so()
    {
        var directory = Directory.CreateTempSubdirectory("sophia-test");
        var cluster = new ScriptedCluster();
        await using (var memory = new MemoryHierarchy(
            SqliteRecordStore.Create(directory.FullName, TimeProvider.System), null, new CountingEngine(), null, new MemoryOptions(), new FakeTimeProvider(), cluster: cluster))
        {
            await memory.StartAsync(default);
            var ns = await memory.ConfigureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
            var puts = Enumerable.Range(0, 2_001).Select(static i => new PutRequest(new RecordDraft { Key = $"k{i}", Content = "walrus"u8.ToArray() })).ToArray();
            var last = (await memory.PutAsync(ns, puts, null, new Trail(), default)).Last.Number;

            Assert.Null(await DegradedAsync(last, TimeSpan.Zero));
            Assert.Null(await DegradedAsync(last - 2_000, TimeSpan.Zero));
            Assert.StartsWith("l0-behind: a shard has come to", await DegradedAsync(last - 2_001, TimeSpan.Zero), StringComparison.Ordinal);
            Assert.StartsWith("l0-behind: a node of L0 has not read the log for 60 s", await DegradedAsync(last - 1, TimeSpan.FromMinutes(1)), StringComparison.Ordinal);

            async Task<string?> DegradedAsync(long seen, TimeSpan lag)
            {
                cluster.Answer = (_, _) => new ClusterAnswer(new ShardAnswer([], 0, 0), Sequence.Of(ns.Partition, seen), []) { LogLag = lag };
                var trail = new Trail();
                await memory.SearchAsync(ns, new SearchRequest { Query = "walrus" }, trail, default);
                return trail.Degraded;
            }
        }

        directory.Delete(recursive: true);
    }
}
