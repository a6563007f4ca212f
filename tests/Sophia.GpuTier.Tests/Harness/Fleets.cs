using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Sophia.Faults.Tests.Harness;

namespace Sophia.GpuTier.Tests.Harness;

/// <summary>Namespaces with as many records each, all of which any search for a harbour finds.</summary>
internal sealed class Fleets(SophiaProcess api, int namespaces, int records)
{
    public int Namespaces => namespaces;

    public async Task FillAsync()
    {
        for (var ns = 0; ns < namespaces; ns++)
        {
            await FillAsync(ns, records);
        }
    }

    public async Task FillAsync(int ns, int count)
    {
        var items = Enumerable.Range(0, count).Select(i => new { key = $"k{i}", content = $"Ship {i} of fleet {ns} lies in the harbour, berth {i * 7 % 101}." });
        foreach (var page in items.Chunk(1_000))
        {
            await RunningCluster.JsonAsync(api, HttpMethod.Post, $"/v1/namespaces/fleet-{ns}/memories", JsonSerializer.Serialize(new { items = page }));
        }
    }

    /// <summary>Every namespace is asked once and has all of its records.</summary>
    public async Task AreWholeAsync()
    {
        for (var ns = 0; ns < namespaces; ns++)
        {
            Assert.Equal(records, await CountAsync(ns));
        }
    }

    public async Task<int> CountAsync(int ns) => (await SearchAsync(ns, allowPartial: false)).GetProperty("matching").GetInt32();

    public Task<JsonElement> SearchAsync(int ns, bool allowPartial) => RunningCluster.JsonAsync(
        api, HttpMethod.Post, $"/v1/namespaces/fleet-{ns}/search",
        $$"""{"query":"harbour","mode":"lexical","k":1000,"diversity":"off","highlight":false,"timeoutMs":60000,"allowPartial":{{(allowPartial ? "true" : "false")}}}""");

    public Load Search(bool allowPartial) => new(api, this, allowPartial);

    public static async Task<List<JsonElement>> ServedAsync(SophiaProcess node)
    {
        // Unready where a device is left out, and yet it says what it holds.
        var (_, health) = await RunningCluster.SendAsync(node, HttpMethod.Get, "/health");
        return [.. JsonDocument.Parse(health).RootElement.GetProperty("shards").EnumerateArray().Where(static s => s.GetProperty("isServed").GetBoolean())];
    }

    /// <summary>How many shards the nodes serve, once it has not changed for two seconds: nodes even out their loads each second.</summary>
    public static async Task<int> SettledAsync(IReadOnlyCollection<SophiaProcess> nodes)
    {
        var places = "";
        var since = Stopwatch.StartNew();
        var count = 0;
        await Eventually.IsTrueAsync(
            async () =>
            {
                var served = await Task.WhenAll(nodes.Select(ServedAsync));
                count = served.Sum(static shards => shards.Count);
                var now = string.Join('|', served.Select(static shards => string.Join(',', shards.Select(static shard => shard.GetProperty("address").GetString()).Order(StringComparer.Ordinal))));
                if (now != places)
                {
                    places = now;
                    since.Restart();
                }

                return since.Elapsed > TimeSpan.FromSeconds(2);
            },
            "no shard moves any more", () => Shown(nodes));
        return count;
    }

    public static async Task<long> UsedAsync(SophiaProcess node) =>
        JsonDocument.Parse((await RunningCluster.SendAsync(node, HttpMethod.Get, "/health")).Body).RootElement.GetProperty("shards").EnumerateArray().Sum(static shard => shard.GetProperty("bytes").GetInt64());

    /// <summary>The fullest node has at most 1.25 times the emptiest's bytes, and none is empty.</summary>
    public static async Task<bool> AreEvenAsync(IEnumerable<SophiaProcess> nodes)
    {
        var used = await Task.WhenAll(nodes.Select(UsedAsync));
        return used.Min() > 0 && (double)used.Max() / used.Min() <= 1.25;
    }

    /// <summary>What the nodes printed, for a test that fails.</summary>
    public static string Shown(IEnumerable<SophiaProcess> nodes) => string.Concat(nodes.Select(static node => node.Shown));

    /// <summary>Shards that the node has loaded since it started.</summary>
    public static async Task<long> LoadedAsync(SophiaProcess node) => (await RunningCluster.SendAsync(node, HttpMethod.Get, "/metrics")).Body.Split('\n')
        .Where(static line => line.StartsWith("sophia_tier_promotions", StringComparison.Ordinal) && line.Contains("\"L0\"", StringComparison.Ordinal))
        .Sum(static line => long.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Two callers who search all namespaces in turn; what is not a whole, right answer is kept.</summary>
    internal sealed class Load : IAsyncDisposable
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;
        private int _answered;

        public Load(SophiaProcess api, Fleets fleets, bool allowPartial) => _running = Task.WhenAll(Enumerable.Range(0, 2).Select(caller => Task.Run(async () =>
        {
            for (var i = caller; !_stop.IsCancellationRequested; i++)
            {
                var (status, body) = await RunningCluster.SendAsync(
                    api, HttpMethod.Post, $"/v1/namespaces/fleet-{i % fleets.Namespaces}/search",
                    $$"""{"query":"ships in the harbour","k":10,"timeoutMs":60000,"allowPartial":{{(allowPartial ? "true" : "false")}}}""");
                if (status != HttpStatusCode.OK || JsonDocument.Parse(body).RootElement is var answer &&
                    (answer.TryGetProperty("partial", out _) || answer.TryGetProperty("degraded", out _) || answer.GetProperty("hits").GetArrayLength() != 10))
                {
                    Wrong.Add($"{(int)status} {body}");
                }

                Interlocked.Increment(ref _answered);
                // Load, and yet not all of the processor, which nodes need to start and to load shards.
                await Task.Delay(Pause);
            }
        })));

        public ConcurrentBag<string> Wrong { get; } = [];

        public int Answered => Volatile.Read(ref _answered);

        public Task AnsweredAsync(int more)
        {
            var count = Answered + more;
            return Eventually.IsTrueAsync(() => Answered >= count || _running.IsFaulted, $"{more} more searches are answered");
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
        }
    }
}
