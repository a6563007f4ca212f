using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Sophia.Faults.Tests.Harness;

namespace Sophia.GpuTier.Tests.Harness;

/// <summary>
/// Callers who search some namespaces in turn and take partial answers. Each answer is compared with the exact one, which a service
/// gave that has all shards in its own process; what is neither that nor partial is kept as wrong.
/// </summary>
internal sealed class WatchedSearches : IAsyncDisposable
{
    private const int Callers = 2;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _wrong = new();
    private readonly ConcurrentQueue<string> _partial = new();
    private readonly Task _running;
    private int _answered;

    /// <param name="exact">By namespace, what a search of it finds (<see cref="FoundAsync"/>).</param>
    /// <param name="isRight">Of a namespace and a partial answer of it: it has what the shards that are there have.</param>
    public WatchedSearches(SophiaProcess api, IReadOnlyDictionary<string, string> exact, Func<string, JsonElement, bool> isRight)
    {
        var names = exact.Keys.ToArray();
        _running = Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            for (var i = caller; !_stop.IsCancellationRequested; i++)
            {
                var name = names[i % names.Length];
                var (status, body) = await AskAsync(api, name, allowPartial: true);
                var answer = status == HttpStatusCode.OK ? JsonDocument.Parse(body).RootElement : default;
                if (status == HttpStatusCode.OK && answer.TryGetProperty("partial", out var partial))
                {
                    _partial.Enqueue($"{name}: {partial.GetRawText()}");
                    if (!isRight(name, answer))
                    {
                        _wrong.Enqueue($"{name}: partial, and not what the shards that are there have: {body}");
                    }
                }
                else if (status != HttpStatusCode.OK || answer.TryGetProperty("degraded", out _) || Found(answer) != exact[name])
                {
                    _wrong.Enqueue($"{name}: {(int)status} {body}");
                }

                Interlocked.Increment(ref _answered);
                await Task.Delay(Pause);
            }
        })));
    }

    public IReadOnlyCollection<string> Wrong => _wrong;

    /// <summary>Answers that were partial so far, with what they lacked.</summary>
    public IReadOnlyCollection<string> Partial => _partial;

    public int Answered => Volatile.Read(ref _answered);

    /// <summary>Keys and scores of the hits, and how many records match.</summary>
    public static async Task<string> FoundAsync(SophiaProcess api, string name)
    {
        var (status, body) = await AskAsync(api, name, allowPartial: false);
        Assert.True(status == HttpStatusCode.OK, body);
        return Found(JsonDocument.Parse(body).RootElement);
    }

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

    private static Task<(HttpStatusCode Status, string Body)> AskAsync(SophiaProcess api, string name, bool allowPartial) => RunningCluster.SendAsync(
        api, HttpMethod.Post, $"/v1/namespaces/{name}/search",
        $$"""{"query":"ships in the harbour, berth 7","k":20,"timeoutMs":60000,"allowPartial":{{(allowPartial ? "true" : "false")}},"highlight":false}""");

    private static string Found(JsonElement answer) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{answer.GetProperty("matching").GetInt32()}: {string.Join(' ', answer.GetProperty("hits").EnumerateArray().Select(static hit => $"{hit.GetProperty("key").GetString()}={Math.Round(hit.GetProperty("score").GetDouble(), 9)}"))}");
}
