using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Bench.Load;
using Sophia.Bench.Processes;
using Sophia.Bench.Reporting;
using Sophia.Bench.Writes;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Cortex;
using Sophia.Memory.Cortex.Eviction;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;

namespace Sophia.Bench.Cortex;

/// <summary>
/// The cache in front of models: an exact hit over HTTP beside a plain hot GET of the same service; a near hit among many prompts, the
/// embedding of the prompt included; what the ledger adds to a cached call.
/// </summary>
internal static class CortexBench
{
    private const int Connections = 64;
    private const int TextBytes = 1024;

    public static async Task RunAsync(BenchSettings settings, Report report)
    {
        if (settings.Only.Length == 0 || "exact".StartsWith(settings.Only, StringComparison.Ordinal))
        {
            await ExactAsync(settings, report);
        }

        if (settings.Only.Length == 0 || "ledger".StartsWith(settings.Only, StringComparison.Ordinal))
        {
            await LedgerAsync(settings, report);
        }

        if (settings.Only.Length == 0 || "near".StartsWith(settings.Only, StringComparison.Ordinal))
        {
            await NearAsync(settings, report);
        }
    }

    private static async Task ExactAsync(BenchSettings settings, Report report)
    {
        const string record = "/v1/namespaces/bench/memories/hot";
        const string prompt = """{"prompt":"Which tier serves a record that was read a moment ago, and why?"}""";
        var text = EnglishText.Load().Bytes.Slice(0, TextBytes).ToArray();
        await using var model = await ChatEndpoint.StartAsync(System.Text.Encoding.Latin1.GetString(text));
        using var sophia = ServiceProcess.Sophia(
            settings.Folder("cortex-data"), null, ("Sophia__ChatModels__m__Kind", "OpenAI"), ("Sophia__ChatModels__m__Endpoint", model.Address), ("Sophia__ChatModels__m__Model", "m"));
        await sophia.AnsweredAsync("/alive");
        using (var content = new ByteArrayContent(text) { Headers = { ContentType = new MediaTypeHeaderValue("text/plain") } })
        {
            (await sophia.Client.PutAsync(new Uri(record, UriKind.Relative), content)).EnsureSuccessStatusCode().Dispose();
        }

        IRequests[] requests = [new ConstantRequest(record, sophia.Port), new PostRequest("/v1/cortex/complete", prompt, sophia.Port)];
        var (rounds, turn) = settings.IsQuick ? (1, TimeSpan.FromSeconds(1)) : (7, TimeSpan.FromSeconds(4));
        var rates = new List<double>[] { [], [] };
        for (var round = -1; round < rounds; round++)
        {
            for (var i = 0; i < requests.Length; i++)
            {
                using var loop = new LoadLoop(requests[i], Connections, sophia.Port);
                var result = loop.RunClosed(TimeSpan.Zero, turn, new CpuWatch([sophia.Id]));
                if (round >= 0)
                {
                    rates[i].Add(result.PerSecond);
                }
            }
        }

        var note = string.Create(CultureInfo.InvariantCulture, $"median of {rounds} × {turn.TotalSeconds:0} s in turns, {Connections} connections, the load loop of bench/");
        report.Add("hot GET", Statistics.Median(rates[0]), "requests/s", note: note);
        report.Add("exact hit of POST /v1/cortex/complete", Statistics.Median(rates[1]), "requests/s", note: "an answer of the same 1 KiB");
        report.Add("time of a hit, in hot GETs", Statistics.Median(rates[0].Zip(rates[1], static (get, hit) => get / hit)), "ratio", 1.3, atLeast: false, note: "median of the rounds' ratios");
    }

    private static async Task LedgerAsync(BenchSettings settings, Report report)
    {
        await using var ledger = new ModelLedger(new NoLedger(), TimeSpan.FromHours(1), TimeProvider.System, NullLogger.Instance);
        var calls = settings.IsQuick ? 100_000 : 2_000_000;
        var times = new List<double>();
        var bytes = 0L;
        for (var round = 0; round < 12; round++)
        {
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < calls; i++)
            {
                ledger.Count("tenant", "model", "complete", CallOutcome.Hit, 100, 50, new Cost(3, 0), TimeSpan.FromMicroseconds(7));
            }

            var elapsed = Stopwatch.GetElapsedTime(started);
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            if (round > 1)
            {
                times.Add(elapsed.TotalNanoseconds / calls);
                bytes = Math.Max(bytes, allocated);
            }
        }

        report.Add("ledger: a counted call", Statistics.Median(times), "ns", 300, atLeast: false, note: $"median of {times.Count} rounds of {calls:N0} calls, one thread");
        EvictionOf(settings, report, calls);
        report.Add("ledger: allocated", (double)bytes / calls, "bytes", 0, atLeast: false, note: "the worst round");
    }

    /// <summary>What a hit adds so that eviction knows of it, and what an eviction among many entries takes.</summary>
    private static void EvictionOf(BenchSettings settings, Report report, int calls)
    {
        var order = new GreedyDualSize();
        var random = new Random(1);
        CachedAnswer NewAnswer(int i) => new(new RecordId((UInt128)(uint)i), 1, default, Sequence.Of(0, i + 1), 500 + random.Next(4000), random.Next(5_000_000), order.Age);
        var answers = new CachedAnswer[settings.IsQuick ? 10_000 : 1_000_000];
        for (var i = 0; i < answers.Length; i++)
        {
            order.Add(answers[i] = NewAnswer(i));
        }

        var (uses, evictions) = (new List<double>(), new List<double>());
        for (var round = 0; round < 10; round++)
        {
            var one = answers[random.Next(answers.Length)];
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < calls; i++)
            {
                one.Use(order.Age);
            }

            uses.Add(Stopwatch.GetElapsedTime(started).TotalNanoseconds / calls);
            for (var i = 0; i < answers.Length; i += 3)
            {
                answers[random.Next(answers.Length)].Use(order.Age);
            }

            var turn = answers.Length / 100;
            started = Stopwatch.GetTimestamp();
            for (var i = 0; i < turn; i++)
            {
                _ = order.Evict();
                order.Add(NewAnswer(i));
            }

            evictions.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds / turn);
        }

        report.Add("eviction: a use that is counted", Statistics.Median(uses), "ns", note: "median of 10 rounds, one thread");
        report.Add($"eviction: one goes and one comes, of {answers.Length:N0}", Statistics.Median(evictions), "µs", note: "a third of them was used since; without the store's part");
    }

    private static async Task NearAsync(BenchSettings settings, Report report)
    {
        var count = settings.IsQuick ? 5_000 : 100_000;
        // The built-in embedder in place of one that knows meaning: then all prompts are in one bucket, and every vector is scanned.
        var embedder = new EmbeddingModel("bench", HashedEmbedder.ModelName, "bench", null, HashedEmbedder.Dimensions, IsLocal: true, new HashedEmbedder());
        await using var memory = new MemoryHierarchy(
            SqliteRecordStore.Create(settings.Folder("cortex-near"), TimeProvider.System), null, new HostShardEngine(), null,
            new MemoryOptions { NearLimitBytes = 512 << 20, NearCapacity = 2 * count }, TimeProvider.System, null, new ModelCatalog([embedder], embedder));
        await memory.StartAsync(CancellationToken.None);
        var model = new ChatModel("echo", "echo#1", "bench", "here", IsLocal: true, new ModelPrice(1, 2, 0), TimeSpan.FromDays(1), new EchoChat());
        await using var cortex = new CortexMemory(memory, new ChatModelCatalog([model], null), new CortexOptions { NearThreshold = 0.9, LedgerInterval = TimeSpan.FromHours(1) });
        var prompts = Prompts(count);
        Report.Progress($"keeping the answers of {count:N0} prompts");
        await Parallel.ForEachAsync(prompts, new ParallelOptions { MaxDegreeOfParallelism = 512 }, async (prompt, ct) => await AskAsync(cortex, prompt, CacheUse.Exact, ct));

        // The first ones find the shard still loading, and are answered by the model.
        for (var i = 0; (await AskAsync(cortex, prompts[1] + new string('!', ++i), CacheUse.Near, CancellationToken.None)).Outcome != CallOutcome.NearHit;)
        {
            Report.Progress("the shard is being loaded");
        }

        var times = new List<double>();
        var near = 0;
        for (var i = 0; i < (settings.IsQuick ? 50 : 1_000); i++)
        {
            var started = Stopwatch.GetTimestamp();
            var answer = await AskAsync(cortex, prompts[i * 97 % count] + " !", CacheUse.Near, CancellationToken.None);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            near += answer.Outcome == CallOutcome.NearHit ? 1 : 0;
        }

        times.Sort();
        var span = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(times);
        report.Add($"near hit among {count:N0} prompts, p50", Statistics.Quantile(span, 0.5), "ms", 5, atLeast: false, note: $"{near:N0} of {times.Count:N0} were near hits; 256 dimensions, one bucket, embedding included");
        report.Add("near hit, p99", Statistics.Quantile(span, 0.99), "ms");
    }

    private static async Task<CompletionAnswer> AskAsync(CortexMemory cortex, string prompt, CacheUse cache, CancellationToken cancellationToken) => await cortex.CompleteAsync(
        "bench", null, new CompletionRequest { Messages = [new PromptMessage(ChatRoleName.User, prompt)], Cache = cache }, new Trail(), cancellationToken);

    // Twelve words of real text each, in small letters: nothing in them that a guard would tell apart.
    private static string[] Prompts(int count)
    {
        var words = System.Text.Encoding.Latin1.GetString(EnglishText.Load().Bytes.Span)
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Where(static word => word.All(char.IsAsciiLetterLower) && word.Length > 3).ToArray();
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(_ => string.Join(' ', Enumerable.Range(0, 12).Select(_ => words[random.Next(words.Length)])))];
    }

    private sealed class NoLedger : ILedgerStore
    {
        public Task AddLedgerAsync(Guid writer, long number, IReadOnlyList<LedgerRow> rows, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<IReadOnlyList<LedgerRow>> ReadLedgerAsync(string tenant, int firstDay, int lastDay, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<LedgerRow>>([]);
    }
}
