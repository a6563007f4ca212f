using System.Globalization;
using System.Net;

namespace Sophia.Snowflake.Local.Remote;

/// <summary>
/// Calls external functions as Snowflake does (docs.snowflake.com, "External functions: data formats" and "Designing high-performance
/// external functions"): rows in batches with a number each, a batch id that stays the same for repeats and polls, 202 polled with GET, 429
/// and errors of the network or the server repeated with growing waits, Content-MD5 compared, answers checked row by row. What the service
/// refuses is the statement's error 100351, what cannot be reached 100350.
/// </summary>
internal sealed class FunctionCaller : IDisposable
{
    private const int ChosenBatchRows = 4096;
    private const int ShownChars = 500;
    private const int MaxAnswerBytes = 64 << 20;
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan PollWithin = TimeSpan.FromMinutes(10), RepeatWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(100), LongestWait = TimeSpan.FromSeconds(5);

    private readonly LocalServices _services;
    private readonly HttpClient _http;

    public FunctionCaller(LocalServices services)
    {
        _services = services;
        _http = services.Transport is { } transport
            ? new HttpClient(transport, disposeHandler: false)
            : new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5) });
        (_http.Timeout, _http.MaxResponseContentBufferSize) = (Timeout.InfiniteTimeSpan, MaxAnswerBytes);
    }

    /// <summary>The error of a service that refused.</summary>
    public static SnowflakeException Remote(string function, int status, string body) =>
        new("100351", "P0000", string.Create(CultureInfo.InvariantCulture, $"Request failed for external function {function} with remote service error: {status} '{(body.Length > ShownChars ? body[..ShownChars] + "…" : body)}'"));

    /// <summary>Answers rows in order.</summary>
    /// <param name="arguments">A JSON array for each row.</param>
    /// <returns>A JSON value for each row; null for SQL's NULL.</returns>
    /// <exception cref="SnowflakeException"/>
    public IReadOnlyList<string?> Call(ExternalFunction function, IReadOnlyList<string> arguments, StatementCalls calls)
    {
        var target = TargetOf(function);
        var values = new string?[arguments.Count];
        // STRICT: a row with a NULL is not sent.
        int[] rows = [.. Enumerable.Range(0, arguments.Count).Where(i => !function.StrictNull || !FunctionRequest.HasNull(arguments[i]))];
        foreach (var batch in rows.Chunk(function.BatchRows > 0 ? Math.Min(function.BatchRows, ChosenBatchRows) : ChosenBatchRows))
        {
            var request = new FunctionRequest(function, target.Address, target.Gateway, calls.QueryId, [.. batch.Select(i => arguments[i])]);
            var answers = new FunctionAnswer(function).Read(Send(request, calls.Stop), batch.Length);
            for (var i = 0; i < batch.Length; i++)
            {
                values[batch[i]] = answers[i] ?? (function.NotNull ? throw FunctionAnswer.Wrong(function, $"row {i} is null, and the function is declared NOT NULL") : null);
            }
        }

        return values;
    }

    private (Uri Address, LocalGateway Gateway) TargetOf(ExternalFunction function)
    {
        if (!new AllowedAddresses(function.Prefixes, function.Blocked ?? []).Allow(function.Url))
            throw new SnowflakeException("100350", "P0000", $"Request failed for external function {function.Name}. Error: The integration {function.Integration} is disabled, gone or does not allow the address {function.Url}.");
        foreach (var gateway in _services.Gateways)
        {
            if (gateway.TargetOf(function.Url) is { } target) return (target, gateway);
        }

        throw Unreachable(function, $"no gateway of the local Snowflake stands for {function.Url}");
    }

    private static SnowflakeException Unreachable(ExternalFunction function, string why) =>
        new("100350", "P0000", $"Request failed for external function {function.Name}. Error: Remote service cannot be reached. Check the endpoint URL and try again. ({why})");

    private byte[] Send(FunctionRequest request, CancellationToken stop)
    {
        var started = _services.Clock.GetTimestamp();
        var (wait, poll) = (FirstWait, false);
        while (true)
        {
            var (status, body) = Once(request, poll, stop, out var failure);
            if (status is HttpStatusCode.OK) return body;
            poll |= status is HttpStatusCode.Accepted;
            var limit = status is HttpStatusCode.Accepted or HttpStatusCode.TooManyRequests ? PollWithin : RepeatWithin;
            var isRepeated = failure is not null || status is HttpStatusCode.Accepted or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || (int)status >= 500;
            if (!isRepeated || _services.Clock.GetElapsedTime(started) > limit)
            {
                throw failure is not null ? Unreachable(request.Function, failure)
                    : status is HttpStatusCode.Accepted ? Remote(request.Function.Name, 202, "the batch was not ready within ten minutes")
                    : Remote(request.Function.Name, (int)status, System.Text.Encoding.UTF8.GetString(body));
            }

            Pause(wait, stop);
            wait = wait * 2 > LongestWait ? LongestWait : wait * 2;
        }
    }

    private (HttpStatusCode Status, byte[] Body) Once(FunctionRequest request, bool poll, CancellationToken stop, out string? failure)
    {
        failure = null;
        using var late = new CancellationTokenSource(AnswerWithin, _services.Clock);
        using var within = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            using var message = poll ? request.Poll() : request.Post();
            using var response = _http.Send(message, HttpCompletionOption.ResponseContentRead, within.Token);
            using var body = new MemoryStream();
            response.Content.CopyTo(body, null, within.Token);
            var bytes = body.ToArray();
            if (response.StatusCode is HttpStatusCode.OK) FunctionAnswer.CheckMd5(request.Function, response.Content.Headers.ContentMD5, bytes);
            return (response.StatusCode, bytes);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw SnowflakeException.Cancelled();
        }
        catch (OperationCanceledException)
        {
            // The time for an answer or for a connection is over.
            failure = "it did not answer in time";
            return (0, []);
        }
        catch (HttpRequestException error) when (error.HttpRequestError is HttpRequestError.ConfigurationLimitExceeded)
        {
            throw FunctionAnswer.Wrong(request.Function, $"it is longer than {MaxAnswerBytes >> 20} MiB");
        }
        catch (HttpRequestException error)
        {
            failure = error.Message;
            return (0, []);
        }
    }

    // A thread of the engine: there is nobody to give it back to meanwhile.
    private void Pause(TimeSpan time, CancellationToken stop)
    {
        try
        {
            Task.Delay(time, _services.Clock, stop).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            throw SnowflakeException.Cancelled();
        }
    }

    public void Dispose() => _http.Dispose();
}
