using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sophia.Faults.Tests.Harness;
using Sophia.GpuTier.Tests.Harness;

namespace Sophia.GpuTier.Tests;

/// <summary>Whether shards are searched in the process that is asked or by nodes of L0, a search finds the same.</summary>
[Collection(ClusterTests.Name)]
public sealed partial class SameAnswersTests(Database database)
{
    private static readonly string[] Searches =
    [
        """{"query":"sleeping cats"}""",
        """{"query":"sleeping cats","mode":"lexical","k":50}""",
        """{"query":"a cat on a machine","mode":"vector","k":25}""",
        """{"query":"\"sleeps on\" server","k":20}""",
        """{"query":"databse of invioces"}""",
        """{"query":"what did Ann say about the harbour","context":3,"k":5}""",
        """{"query":"report","filter":{"allTags":["even"],"attributes":{"priority":{"ge":3}}},"k":30}""",
        """{"query":"report of last year","recency":{"weight":0.4,"halfLifeDays":30},"importance":0.5}""",
        """{"query":"the same words","diversity":"fold","k":40}""",
        """{"query":"zzzzqqqq"}""",
    ];

    [SkippableTheory]
    [InlineData(1, 1_000_000)]
    [InlineData(2, 100)]
    public async Task A_search_by_nodes_of_other_processes_finds_what_a_search_in_the_process_finds(int nodes, int shardRecords)
    {
        await using var cluster = new RunningCluster(database.New());
        var started = await cluster.StartNodesAsync(nodes, ("Sophia__Cluster__ShardRecords", shardRecords.ToString(CultureInfo.InvariantCulture)));
        var (alone, clustered) = await cluster.StartBothApisAsync();
        var compared = 0;

        // Shards fill while records come, change and go.
        for (var round = 0; round < 4; round++)
        {
            await RunningCluster.JsonAsync(alone, HttpMethod.Post, "/v1/namespaces/notes/memories", Notes(round * 300, 600));
            await RunningCluster.JsonAsync(clustered, HttpMethod.Post, "/v1/namespaces/notes/search", """{"query":"harbour"}""");
        }

        // Records that are there as they were have the sequence of before, so the removal is the last to be waited for.
        await RunningCluster.JsonAsync(alone, HttpMethod.Post, "/v1/namespaces/notes/memories", Notes(40, 20));
        var removed = await RunningCluster.JsonAsync(alone, HttpMethod.Delete, "/v1/namespaces/notes/memories/note-0003");
        var sequence = removed.GetProperty("sequence").GetString();
        foreach (var search in Searches)
        {
            var asked = search[..^1] + $",\"minSequence\":\"{sequence}\"}}";
            var here = await RunningCluster.JsonAsync(alone, HttpMethod.Post, "/v1/namespaces/notes/search", asked);
            var there = await RunningCluster.JsonAsync(clustered, HttpMethod.Post, "/v1/namespaces/notes/search", asked);

            // Ages are counted from each search's own moment.
            AreSame(Comparable(here), Comparable(there), search.Contains("recency", StringComparison.Ordinal) ? 1e-5 : 1e-9);
            Assert.False(there.TryGetProperty("degraded", out var degraded), degraded.ToString());
            compared += here.GetProperty("hits").GetArrayLength();
        }

        Assert.True(compared > 50, $"Only {compared} hits were compared.");
        await Eventually.IsTrueAsync(
            async () => (await Task.WhenAll(started.Select(ServedAsync))).Sum() is var shards && (nodes == 1 ? shards == 1 : shards >= 3), "each shard is served", () => Fleets.Shown(started));
    }

    [SkippableFact]
    public async Task A_shard_that_is_opened_behind_a_full_one_is_loaded_before_a_search_asks_for_it()
    {
        await using var cluster = new RunningCluster(database.New());
        var nodes = await cluster.StartNodesAsync(2, ("Sophia__Cluster__ShardRecords", "100"));
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/notes/memories", Notes(0, 50));
        await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/notes/search", """{"query":"harbour"}""");

        // The next shard begins some changes behind the end of the log, and holds only what comes then.
        for (var round = 0; round < 3; round++)
        {
            await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/notes/memories", Notes(50 + (round * 300), 300));
        }

        await Eventually.IsTrueAsync(
            async () => await ServedAsync(nodes[0]) + await ServedAsync(nodes[1]) >= 2, "a second shard is served", () => nodes[0].Shown + nodes[1].Shown);
    }

    [SkippableFact]
    public async Task A_namespace_that_is_filled_before_anybody_searches_it_has_several_shards_all_the_same()
    {
        await using var cluster = new RunningCluster(database.New());
        var settings = ("Sophia__Cluster__ShardRecords", "100");
        var nodes = await cluster.StartNodesAsync(2, settings);
        var api = await cluster.StartApiAsync(isClustered: true, settings);
        await RunningCluster.ReachesNodesAsync(api);
        for (var round = 0; ; round++)
        {
            await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/notes/memories", Notes(round * 300, 300));
            await Task.Delay(TimeSpan.FromSeconds(1));
            if (await ServedAsync(nodes[0]) + await ServedAsync(nodes[1]) >= 2)
            {
                return;
            }

            Assert.True(round < 30, $"One shard after {(round + 1) * 300} records: {nodes[0].Shown} {nodes[1].Shown}");
        }
    }

    [SkippableFact]
    public async Task A_record_that_changes_again_and_again_is_never_missed_by_a_search_over_several_shards()
    {
        await using var cluster = new RunningCluster(database.New());
        await cluster.StartNodesAsync(2, ("Sophia__Cluster__ShardRecords", "100"));
        var starting = cluster.StartApiAsync(isClustered: true);
        var reader = await cluster.StartApiAsync(isClustered: true);
        var writer = await starting;
        await RunningCluster.ReachesNodesAsync(reader);
        await RunningCluster.JsonAsync(writer, HttpMethod.Post, "/v1/namespaces/notes/memories", Notes(0, 600));
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await RunningCluster.JsonAsync(writer, HttpMethod.Put, $"/v1/namespaces/notes/memories/walrus-{i % 5}", $$"""{"content":"A walrus, sighted for the {{i}}th time."}""");
            }

            return true;
        });
        await Eventually.IsTrueAsync(async () => await WalrusesAsync() == 5, "all five are there", () => reader.Shown);

        for (var i = 0; i < 150; i++)
        {
            Assert.Equal(5, await WalrusesAsync());
        }

        await stop.CancelAsync();
        Assert.True(await writing);

        async Task<int> WalrusesAsync() => (await RunningCluster.JsonAsync(
            reader, HttpMethod.Post, "/v1/namespaces/notes/search", """{"query":"walrus","mode":"lexical","diversity":"off","k":20}""")).GetProperty("hits").GetArrayLength();
    }

    [SkippableFact]
    public async Task When_a_node_with_some_of_a_namespaces_shards_dies_the_rest_still_answers_and_the_missing_are_named()
    {
        await using var cluster = new RunningCluster(database.New());
        var nodes = await cluster.StartNodesAsync(2, ("Sophia__Cluster__ShardRecords", "100"), RunningCluster.DiesFast);
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        const string Search = """{"query":"harbour","mode":"lexical","diversity":"off","k":1000,"highlight":false,"allowPartial":true}""";
        var waiting = Search.Replace("\"allowPartial\":true", "\"timeoutMs\":30000", StringComparison.Ordinal);
        for (var round = 0; round < 4; round++)
        {
            await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/notes/memories", Notes(round * 300, 300));
            await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/notes/search", waiting);
        }

        var whole = (await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/notes/search", waiting)).GetProperty("hits").GetArrayLength();
        await Eventually.IsTrueAsync(
            async () => await ServedAsync(nodes[0]) > 0 && await ServedAsync(nodes[1]) > 0, "both nodes have shards", () => nodes[0].Shown + nodes[1].Shown);
        nodes[0].Kill();
        await Eventually.IsTrueAsync(
            async () =>
            {
                var answer = await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/notes/search", Search);
                var hits = answer.GetProperty("hits").GetArrayLength();
                if (answer.TryGetProperty("partial", out var missing))
                {
                    // Those that are there answer, whatever way to them was lost with the node.
                    Assert.InRange(hits, 1, whole - 1);
                    Assert.NotEqual(0, missing.GetProperty("missing").GetArrayLength());
                    return false;
                }

                Assert.Equal(whole, hits);
                return true;
            },
            "every shard is back", () => api.Shown);

        Assert.Equal(400, whole);
    }

    private static async Task<int> ServedAsync(SophiaProcess node) => (await RunningCluster.JsonAsync(node, HttpMethod.Get, "/health"))
        .GetProperty("shards").EnumerateArray().Count(static shard => shard.GetProperty("isServed").GetBoolean());

    [SkippableFact]
    public async Task A_write_and_its_removal_are_seen_by_the_search_that_follows_them()
    {
        var (_, api) = await database.SmallAsync();

        for (var i = 0; i < 20; i++)
        {
            // A node that a change does not reach in a fifth of a second answers without it, unless it is asked for.
            var written = await RunningCluster.JsonAsync(api, HttpMethod.Put, $"/v1/namespaces/log/memories/k{i}", """{"content":"A walrus in the harbour."}""");
            var found = await RunningCluster.JsonAsync(
                api, HttpMethod.Post, "/v1/namespaces/log/search", $$"""{"query":"walrus","k":100,"diversity":"off","minSequence":"{{written.GetProperty("sequence").GetString()}}"}""");
            Assert.Equal(i + 1, found.GetProperty("hits").GetArrayLength());
        }

        await RunningCluster.JsonAsync(api, HttpMethod.Delete, "/v1/namespaces/log/memories/k7");
        var left = await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/log/search", """{"query":"walrus","k":100,"diversity":"off"}""");

        Assert.DoesNotContain(left.GetProperty("hits").EnumerateArray(), hit => hit.GetProperty("key").GetString() == "k7");
        Assert.Equal(19, left.GetProperty("hits").GetArrayLength());
    }

    [SkippableFact]
    public async Task Without_a_node_the_service_searches_by_itself_and_says_so_until_one_joins()
    {
        await using var cluster = new RunningCluster(database.New());
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.JsonAsync(api, HttpMethod.Put, "/v1/namespaces/notes/memories/a", """{"content":"A walrus in the harbour."}""");

        var alone = await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/notes/search", """{"query":"walrus"}""");
        await cluster.StartNodeAsync();
        await RunningCluster.ReachesNodesAsync(api);
        var joined = await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/notes/search", """{"query":"walrus"}""");

        Assert.StartsWith("l0-unavailable", alone.GetProperty("degraded").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, alone.GetProperty("hits").GetArrayLength());
        Assert.False(joined.TryGetProperty("degraded", out _));
        Assert.Equal(1, joined.GetProperty("hits").GetArrayLength());
    }

    [SkippableFact]
    public async Task A_node_says_what_it_holds_and_that_it_is_healthy()
    {
        var (node, api) = await database.SmallAsync();
        for (var i = 0; i < 3; i++)
        {
            await RunningCluster.JsonAsync(api, HttpMethod.Put, $"/v1/namespaces/three/memories/{i}", """{"content":"A walrus."}""");
        }

        var before = DateTimeOffset.UtcNow;
        await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/three/search", """{"query":"walrus"}""");

        var health = await RunningCluster.JsonAsync(node, HttpMethod.Get, "/health");
        var (_, metrics) = await RunningCluster.SendAsync(node, HttpMethod.Get, "/metrics");

        Assert.Equal("healthy", health.GetProperty("status").GetString());
        var shard = Assert.Single(health.GetProperty("shards").EnumerateArray(), static shard => shard.GetProperty("records").GetInt64() == 3);
        Assert.InRange(shard.GetProperty("loadedAt").GetDateTimeOffset(), before, DateTimeOffset.UtcNow);
        Assert.Contains("sophia_shard_bytes", metrics, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task One_node_on_this_machine_needs_no_membership_table()
    {
        await using var cluster = new RunningCluster(database.New());
        (string, string)[] settings =
        [
            ("Sophia__Cluster__Membership", "localhost"), ("Sophia__Cluster__NodePort", RunningCluster.TakePort()), ("Sophia__Cluster__GatewayPort", RunningCluster.TakePort()),
        ];
        await cluster.StartNodeAsync(settings);
        var api = await cluster.StartApiAsync(isClustered: true, settings);
        await RunningCluster.ReachesNodesAsync(api);
        await RunningCluster.JsonAsync(api, HttpMethod.Put, "/v1/namespaces/notes/memories/a", """{"content":"A walrus."}""");

        var found = await RunningCluster.JsonAsync(api, HttpMethod.Post, "/v1/namespaces/notes/search", """{"query":"walrus"}""");

        Assert.Equal(1, found.GetProperty("hits").GetArrayLength());
        Assert.False(found.TryGetProperty("degraded", out _));
    }

    [SkippableTheory]
    [InlineData("Sophia__Cluster__Membership", "gossip", "postgres or localhost")]
    [InlineData("Sophia__Cluster__Adress", "127.0.0.1", "Did you mean Sophia:Cluster:Address?")]
    [InlineData("ConnectionStrings__postgres", "", "ConnectionStrings:postgres is not set")]
    [InlineData("Sophia__Cluster__Address", "203.0.113.7", "Sophia:Cluster:Address to an address of this machine")]
    public async Task A_setting_that_cannot_be_stops_the_start_with_the_message_that_fixes_it(string name, string value, string said)
    {
        using var folder = new TestFolder();
        await using var node = SophiaProcess.Launch(new SophiaSettings
        {
            Service = "Sophia.GpuTier", DataDirectory = folder.Path, Postgres = "Host=127.0.0.1;Port=1", Environment = new Dictionary<string, string> { [name] = value },
        });

        var code = await node.WaitForExitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(1, code);
        await Eventually.IsTrueAsync(() => node.Errors.Contains(said, StringComparison.Ordinal), said, () => node.Shown);
    }

    private static string Comparable(JsonElement answer)
    {
        var text = new StringBuilder();
        foreach (var name in (string[])["hits", "understood", "mode", "tier", "scanned", "matching", "filterNotes"])
        {
            text.Append(name).Append(' ').Append(answer.GetProperty(name).GetRawText()).AppendLine();
        }

        return text.ToString();
    }

    /// <summary>The same text, and numbers that differ by no more than so much.</summary>
    private static void AreSame(string here, string there, double tolerance)
    {
        Assert.Equal(Number().Replace(here, "#"), Number().Replace(there, "#"));
        foreach (var (one, other) in Number().Matches(here).Zip(Number().Matches(there)))
        {
            Assert.Equal(double.Parse(one.Value, CultureInfo.InvariantCulture), double.Parse(other.Value, CultureInfo.InvariantCulture), tolerance);
        }
    }

    [GeneratedRegex(@"-?\d+(\.\d+)?(E[-+]?\d+)?")]
    private static partial Regex Number();

    private static string Notes(int from, int count)
    {
        string[] texts =
        [
            "The cat sleeps on the server in rack {0}.", "Report {0}: the database of invoices was moved.", "Ann said the harbour is closed on day {0}.",
            "A kitten naps beside machine number {0}.", "The same words, once more.", "Meeting notes {0} about the harbour and its ships.",
        ];
        var items = Enumerable.Range(from, count).Select(i => new
        {
            key = $"note-{i:0000}",
            content = string.Format(CultureInfo.InvariantCulture, texts[i % texts.Length], i),
            tags = i % 2 == 0 ? new[] { "even" } : [],
            attributes = i % 6 is 2 or 5
                ? new Dictionary<string, object> { ["conversation"] = $"c{i / 60}", ["position"] = i }
                : new Dictionary<string, object> { ["priority"] = i % 7, ["importance"] = (i % 10) / 10.0 },
            validFrom = DateTimeOffset.UnixEpoch.AddDays(20000 + i),
        });
        return JsonSerializer.Serialize(new { items });
    }
}
