using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Sophia.Client;

public sealed partial class SophiaClient
{
    /// <summary>
    /// The changes of a namespace as they happen, without end. A broken connection is made again and goes on after the
    /// last change seen; it is given up after <see cref="SophiaClientOptions.MaxRetries"/> attempts in a row that
    /// brought none.
    /// </summary>
    /// <param name="from">A sequence token, <c>beginning</c> or <c>now</c>.</param>
    /// <exception cref="SophiaApiException"><c>log-trimmed</c> (410): the log no longer holds that place.</exception>
    public async IAsyncEnumerable<ChangeEvent> ChangesAsync(
        string @namespace, string from = "now", [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? lastSeen = null;
        var failures = 0;
        var pause = _channel.Options.FirstRetryDelay;
        while (true)
        {
            Exception? broken = null;
            await using (var stream = ConnectAsync(@namespace, from, lastSeen, cancellationToken).GetAsyncEnumerator(cancellationToken))
                while (true)
                {
                    ChangeEvent change;
                    try
                    {
                        if (!await stream.MoveNextAsync().ConfigureAwait(false)) break;
                        change = stream.Current.Change;
                        if (stream.Current.Reconnect is { } asked) pause = asked;
                    }
                    catch (Exception e) when (e is HttpRequestException or IOException && !cancellationToken.IsCancellationRequested)
                    {
                        broken = e;
                        break;
                    }
                    (lastSeen, failures) = (change.Token, 0);
                    yield return change;
                }

            if (++failures > _channel.Options.MaxRetries)
                throw broken ?? new HttpRequestException(HttpRequestError.ResponseEnded, "The change feed ended again and again without a change.");
            await Task.Delay(pause, _channel.Options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    private async IAsyncEnumerable<(ChangeEvent Change, TimeSpan? Reconnect)> ConnectAsync(
        string @namespace, string from, string? lastSeen, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = InNamespace(@namespace).Literal("changes").Query("from", lastSeen ?? from);
        var call = ApiCall.Read(path) with { LastEventId = lastSeen, Accept = "text/event-stream" };
        using var response = await _channel.ExchangeAsync(call, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        await _channel.ThrowIfErrorAsync(response, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NoContent) yield break;
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
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
