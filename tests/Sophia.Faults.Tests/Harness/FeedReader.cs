namespace Sophia.Faults.Tests.Harness;

/// <summary>One change as the feed sent it.</summary>
internal sealed record FeedEvent(string Id, string Kind, string Data);

/// <summary>Follows a namespace's change feed from its beginning and keeps every event.</summary>
internal sealed class FeedReader : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<FeedEvent> _events = [];
    private readonly Task _reading;

    public FeedReader(Uri address, string ns) => _reading = Task.Run(() => ReadAsync(address, ns));

    /// <exception cref="Exception">The feed ended with an error.</exception>
    public FeedEvent[] Events
    {
        get
        {
            if (_reading.IsFaulted)
            {
                _reading.GetAwaiter().GetResult();
            }

            lock (_events)
            {
                return [.. _events];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading.ContinueWith(static _ => { }, TaskScheduler.Default);
        _stop.Dispose();
    }

    private async Task ReadAsync(Uri address, string ns)
    {
        using var http = SophiaProcess.Connect(address);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/namespaces/{ns}/changes?from=beginning");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _stop.Token);
        response.EnsureSuccessStatusCode();
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(_stop.Token));
        var (id, kind, data) = ("", "", "");
        while (await lines.ReadLineAsync(_stop.Token) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                id = line[4..];
            }
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                kind = line[7..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                data += line[6..];
            }
            else if (line.Length == 0 && data.Length > 0)
            {
                lock (_events)
                {
                    _events.Add(new FeedEvent(id, kind, data));
                }

                (id, kind, data) = ("", "", "");
            }
        }
    }
}
