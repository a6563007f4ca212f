using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Sophia.Client;

/// <summary>
/// Sends calls and reads answers. A call that is answered 429 or 503 is sent again, at most
/// <see cref="SophiaClientOptions.MaxRetries"/> times, after the pause that the service asks for. All calls may be:
/// reads change nothing, writes of records and turns carry an idempotency key that makes the service do them once, and
/// what does not read the key (a forget, settings of a namespace, steps of a change of model) does no more when it is
/// done again.
/// </summary>
internal sealed class ApiChannel
{
    private readonly HttpClient _http;
    private readonly Uri _base;

    public ApiChannel(HttpClient http, SophiaClientOptions options)
    {
        if (!options.BaseAddress.IsAbsoluteUri || options.BaseAddress.Scheme is not ("http" or "https"))
            throw new ArgumentException("The base address must be an absolute http or https address.", nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxRetries);
        _http = http;
        Options = options;
        var text = options.BaseAddress.GetLeftPart(UriPartial.Path);
        _base = new Uri(text.EndsWith('/') ? text : text + "/");
    }

    public SophiaClientOptions Options { get; }

    /// <exception cref="SophiaApiException">The service answered with an error.</exception>
    /// <exception cref="HttpRequestException">The service could not be reached, or what it sent is not an answer of this API.</exception>
    public async Task<Answer<T>> SendAsync<T>(
        ApiCall call, JsonTypeInfo<T> type, Func<T, string?>? sequenceOf, CancellationToken cancellationToken)
    {
        using var response = await ExchangeAsync(call, HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
        await ThrowIfErrorAsync(response, cancellationToken).ConfigureAwait(false);
        var value = await ReadAsync(response, type, cancellationToken).ConfigureAwait(false);
        return Describe(response, value, sequenceOf?.Invoke(value));
    }

    /// <summary>The answer itself, after retries, whatever its status. The caller disposes it.</summary>
    public async Task<HttpResponseMessage> ExchangeAsync(
        ApiCall call, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var request = Build(call);
            var response = await _http.SendAsync(request, completion, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
                || attempt >= Options.MaxRetries) return response;
            var pause = RetryAfter(response) ?? Backoff(attempt);
            if (pause > Options.MaxRetryDelay) return response;
            response.Dispose();
            await Task.Delay(pause, Options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The answer to a single attempt: for questions to which 503 is an answer.</summary>
    public async Task<HttpResponseMessage> ExchangeOnceAsync(ApiCall call, CancellationToken cancellationToken)
    {
        using var request = Build(call);
        return await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    public static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            return await JsonSerializer.DeserializeAsync(body, type, cancellationToken).ConfigureAwait(false)
                ?? throw new JsonException("The answer is null.");
        }
        catch (JsonException e)
        {
            throw new HttpRequestException(
                HttpRequestError.InvalidResponse, $"The answer is not one of Sophia's API: {e.Message}", e, response.StatusCode);
        }
    }

    public static Answer<T> Describe<T>(HttpResponseMessage response, T value, string? sequence = null) => new(value)
    {
        Tier = Header(response, "Sophia-Tier"),
        Timings = response.Headers.TryGetValues("Server-Timing", out var timings) ? ServerTiming.Parse(timings) : [],
        Stale = string.Equals(Header(response, "Sophia-Stale"), "true", StringComparison.OrdinalIgnoreCase),
        Sequence = Header(response, "Sophia-Sequence") ?? sequence,
        ETag = Header(response, "ETag"),
        Replayed = string.Equals(Header(response, "Idempotency-Replayed"), "true", StringComparison.OrdinalIgnoreCase),
    };

    public async Task ThrowIfErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode) return;
        Problem? problem = null;
        if (response.Content.Headers.ContentType?.MediaType is { } type && type.EndsWith("json", StringComparison.OrdinalIgnoreCase))
            try
            {
                await using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
                problem = await JsonSerializer.DeserializeAsync(body, WireJson.Default.Problem, cancellationToken).ConfigureAwait(false);
            }
            catch (JsonException)
            {
                // The status alone is the error then: a proxy's page says nothing that a caller could act on.
            }
        throw new SophiaApiException((int)response.StatusCode, problem, RetryAfter(response));
    }

    private HttpRequestMessage Build(ApiCall call)
    {
        var request = new HttpRequestMessage(call.Method, new Uri(_base, call.Path.ToString()));
        var headers = request.Headers;
        if (Options.ApiKey is { } key) headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (Options.Tenant is { } tenant) headers.Add("Sophia-Tenant", tenant);
        if (call.IdempotencyKey is { } idempotencyKey) headers.Add("Idempotency-Key", idempotencyKey);
        if (call.IfMatch is { } ifMatch) headers.TryAddWithoutValidation("If-Match", ifMatch);
        if (call.IfNoneMatch is { } ifNoneMatch) headers.TryAddWithoutValidation("If-None-Match", ifNoneMatch);
        if (call.LastEventId is { } lastEventId) headers.Add("Last-Event-ID", lastEventId);
        if (call.Accept is { } accept) headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        if (call.Body is { } body)
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        return request;
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - Options.TimeProvider.GetUtcNow() is { Ticks: > 0 } wait ? wait : TimeSpan.Zero,
        _ => null,
    };

    /// <summary>Doubles, and half of it is chance, so that clients that failed together do not come back together.</summary>
    public TimeSpan Backoff(int attempt)
    {
        var full = Options.FirstRetryDelay * Math.Pow(2, Math.Min(attempt, 16));
        if (full > Options.MaxRetryDelay) full = Options.MaxRetryDelay;
        return full * (0.5 + 0.5 * Options.Chance());
    }

    public static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;
}
