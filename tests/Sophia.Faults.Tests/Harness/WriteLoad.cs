using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Sophia.Faults.Tests.Harness;

/// <summary>
/// Clients that write without pause and note what was acknowledged. A single writer puts a new record and then replaces a
/// counter of its own; a batch writer posts several new records at once. Keys are never used twice, contents follow from them.
/// </summary>
internal sealed class WriteLoad : IAsyncDisposable
{
    private const int BatchSize = 25;
    private readonly HttpClient _http;
    private readonly string _namespace;
    private readonly string _name;
    private readonly ConcurrentQueue<string> _acknowledged = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _writers = [];
    private int _broken;

    /// <param name="name">Begins every key, so that loads of one namespace do not share keys.</param>
    public WriteLoad(HttpClient http, string ns, string name, int singles = 3, int batches = 1)
    {
        (_http, _namespace, _name) = (http, ns, name);
        for (var i = 0; i < singles; i++)
        {
            var writer = string.Create(CultureInfo.InvariantCulture, $"{name}-s{i}");
            var counter = new Counter($"counter-{writer}");
            Counters.Add(counter);
            _writers.Add(Task.Run(() => WriteSinglesAsync(writer, counter)));
        }

        for (var i = 0; i < batches; i++)
        {
            var writer = string.Create(CultureInfo.InvariantCulture, $"{name}-b{i}");
            _writers.Add(Task.Run(() => WriteBatchesAsync(writer)));
        }
    }

    /// <summary>Keys of acknowledged records, in the order of the acknowledgements of each writer.</summary>
    public IReadOnlyCollection<string> Acknowledged => _acknowledged;

    /// <summary>Sequence tokens of acknowledged changes, counters included.</summary>
    public ConcurrentQueue<string> Sequences { get; } = new();

    /// <summary>Every batch that was sent, by its keys, acknowledged or not.</summary>
    public ConcurrentQueue<string[]> Batches { get; } = new();

    public List<Counter> Counters { get; } = [];

    /// <summary>Answers that were neither an acknowledgement nor a broken connection.</summary>
    public ConcurrentQueue<Answer> Refusals { get; } = new();

    /// <summary>Requests that got no answer: connection refused, reset or ended.</summary>
    public int Broken => Volatile.Read(ref _broken);

    /// <summary>Waits for so many more acknowledged records from now on.</summary>
    public Task WritesAsync(int more, SophiaProcess process)
    {
        var goal = _acknowledged.Count + more;
        return Eventually.IsTrueAsync(() => _acknowledged.Count >= goal, $"{more} more acknowledged writes", () => Describe() + process.Shown);
    }

    public string Describe() =>
        $"{_name}: {_acknowledged.Count} acknowledged, {Broken} broken, {Refusals.Count} refused: {string.Join("; ", Refusals.Take(3))}{Environment.NewLine}";

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_writers);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task WriteSinglesAsync(string writer, Counter counter)
    {
        for (var n = 1; !_stop.IsCancellationRequested; n++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"{writer}-{n:D6}");
            if (await TryAsync(() => _http.PutTextAsync(_namespace, key, Texts.Of(key))) is { } put)
            {
                Sequences.Enqueue(put.Sequence);
                _acknowledged.Enqueue(key);
            }

            counter.Sent = n;
            if (await TryAsync(() => _http.PutTextAsync(_namespace, counter.Key, Counter.Text(counter.Key, n))) is { } counted)
            {
                Sequences.Enqueue(counted.Sequence);
                counter.Acknowledged = n;
            }
        }
    }

    private async Task WriteBatchesAsync(string writer)
    {
        for (var n = 1; !_stop.IsCancellationRequested; n++)
        {
            var keys = Enumerable.Range(0, BatchSize).Select(i => string.Create(CultureInfo.InvariantCulture, $"{writer}-{n:D6}-{i:D3}")).ToArray();
            Batches.Enqueue(keys);
            var items = new JsonArray([.. keys.Select(key => (JsonNode)new JsonObject { ["key"] = key, ["content"] = Texts.Of(key) })]);
            if (await TryAsync(() => _http.PostJsonAsync($"/v1/namespaces/{_namespace}/memories", new JsonObject { ["items"] = items })) is { } answer)
            {
                foreach (var receipt in answer.Json["receipts"]!.AsArray())
                {
                    Sequences.Enqueue((string)receipt!["sequence"]!);
                    _acknowledged.Enqueue((string)receipt["key"]!);
                }
            }
        }
    }

    /// <returns>The answer when the write was acknowledged, else null.</returns>
    private async Task<Answer?> TryAsync(Func<Task<Answer>> send)
    {
        try
        {
            var answer = await send();
            if (answer.Status is HttpStatusCode.OK or HttpStatusCode.Created)
            {
                return answer;
            }

            Refusals.Enqueue(answer);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException)
        {
            Interlocked.Increment(ref _broken);
        }

        // A service that refuses or is gone is asked again a little later, as a client would.
        await Task.Delay(10);
        return null;
    }
}

/// <summary>A record that one writer replaces again and again.</summary>
internal sealed class Counter(string key)
{
    public string Key { get; } = key;

    /// <summary>The last value that was sent.</summary>
    public int Sent { get; set; }

    /// <summary>The last value whose write was acknowledged.</summary>
    public int Acknowledged { get; set; }

    public static string Text(string key, int value) =>
        string.Create(CultureInfo.InvariantCulture, $"{value} {Texts.Of(string.Create(CultureInfo.InvariantCulture, $"{key} {value}"))}");
}
