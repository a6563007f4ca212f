using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Sophia.Client;

public sealed partial class SophiaClient
{
    /// <summary>
    /// The changes of a namespace as they happen, without end. A connection that broke, that was silent for
    /// <see cref="SophiaClientOptions.FeedPatience"/>, or that was answered 5xx is made again and goes on after the last
    /// change seen, or where it began; it is given up after <see cref="SophiaClientOptions.MaxRetries"/> attempts in a row
    /// in which nothing came, not even a heartbeat.
    /// </summary>
    /// <param name="from">A sequence token, <c>beginning</c> or <c>now</c>.</param>
    /// <exception cref="SophiaApiException"><c>log-trimmed</c> (410): the log no longer holds that place.</exception>
    /// <exception cref="HttpRequestException">A change came that cannot be read (<see cref="HttpRequestError.InvalidResponse"/>), or the feed was given up.</exception>
    public async IAsyncEnumerable<ChangeEvent> ChangesAsync(
        string @namespace, string from = "now", [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? lastSeen = null;
        var failures = 0;
        var pause = _channel.Options.FirstRetryDelay;
        while (true)
        {
            Exception? broken = null;
            var connection = new FeedConnection();
            await using (var stream = ConnectAsync(@namespace, from, lastSeen, connection, cancellationToken).GetAsyncEnumerator(cancellationToken))
                while (true)
                {
                    ChangeEvent change;
                    try
                    {
                        if (!await stream.MoveNextAsync().ConfigureAwait(false)) break;
                        change = stream.Current.Change;
                        if (stream.Current.Reconnect is { } asked) pause = asked;
                    }
                    catch (Exception e) when (IsBreak(e) && !cancellationToken.IsCancellationRequested)
                    {
                        broken = e;
                        break;
                    }
                    lastSeen = change.Token;
                    yield return change;
                }

            lastSeen ??= connection.Begin;
            failures = connection.Body is { HasHeard: true } ? 1 : failures + 1;
            if (failures > _channel.Options.MaxRetries)
                throw broken ?? new HttpRequestException(HttpRequestError.ResponseEnded, "The change feed ended again and again and brought nothing.");
            var longer = failures > 1 ? _channel.Backoff(failures - 1) : TimeSpan.Zero;
            await Task.Delay(longer > pause ? longer : pause, _channel.Options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    private sealed class FeedConnection
    {
        /// <summary>The token of the place that it began at; a change's own is the place behind it.</summary>
        public string? Begin { get; set; }

        public HeardStream? Body { get; set; }
    }

    // A proxy says 502 or 504 while the service starts anew; a cancellation that is not the caller's is a time-out. What cannot be
    // read would come again with every new connection.
    private static bool IsBreak(Exception e) =>
        e is HttpRequestException { HttpRequestError: not HttpRequestError.InvalidResponse } or IOException or OperationCanceledException or SophiaApiException { Status: >= 500 };

    private async IAsyncEnumerable<(ChangeEvent Change, TimeSpan? Reconnect)> ConnectAsync(
        string @namespace, string from, string? lastSeen, FeedConnection connection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = InNamespace(@namespace).Literal("changes").Query("from", lastSeen ?? from);
        var call = ApiCall.Read(path) with { LastEventId = lastSeen, Accept = "text/event-stream" };
        using var response = await _channel.ExchangeAsync(call, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        await _channel.ThrowIfErrorAsync(response, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NoContent) yield break;
        connection.Begin = ApiChannel.Header(response, "Sophia-Sequence");
        await using var body = new HeardStream(
            await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), _channel.Options.FeedPatience, _channel.Options.TimeProvider);
        connection.Body = body;
        var parser = SseParser.Create(body, static (kind, data) => kind is "put" or "delete" or "expire" or "forget" ? Read(data) : null);
        await foreach (var item in parser.EnumerateAsync(cancellationToken).ConfigureAwait(false))
        {
            // An event of a kind that this version does not know is passed over: the feed may grow.
            if (item.Data is not { } data) continue;
            var token = item.EventId ?? data.Sequence
                ?? throw new HttpRequestException(HttpRequestError.InvalidResponse, "A change came without its sequence token.");
            var change = new ChangeEvent(item.EventType, token, data.RecordId, data.Key, data.Version, data.RecordedAt, data.Record);
            yield return (change, item.ReconnectionInterval);
        }
    }

    private static ChangeData Read(ReadOnlySpan<byte> data)
    {
        try
        {
            return JsonSerializer.Deserialize(data, WireJson.Default.ChangeData) ?? throw new JsonException("The change is null.");
        }
        catch (JsonException e)
        {
            throw new HttpRequestException(HttpRequestError.InvalidResponse, $"A change is not JSON of this API: {e.Message}", e);
        }
    }
}
