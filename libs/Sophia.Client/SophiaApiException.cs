namespace Sophia.Client;

/// <summary>One field of a request that the service refused.</summary>
/// <param name="Path">Where in the request, such as <c>items[3].key</c>.</param>
/// <param name="Message">What is wrong with it.</param>
public sealed record FieldError(string Path, string Message);

/// <summary>
/// The service answered with an error: problem details (RFC 9457) where it sent some. A service that cannot be
/// reached is an <see cref="HttpRequestException"/> instead.
/// </summary>
public sealed class SophiaApiException : Exception
{
    internal SophiaApiException(int status, Problem? problem, TimeSpan? retryAfter)
        : base(problem?.Detail ?? problem?.Title ?? $"The service answered {status}.")
    {
        Status = status;
        Code = problem?.Code ?? $"http-{status}";
        Detail = problem?.Detail ?? problem?.Title;
        Suggestion = problem?.Suggestion;
        TraceId = problem?.TraceId;
        Errors = problem?.Errors ?? [];
        RetryAfter = retryAfter;
    }

    /// <summary>The stable code, such as <c>not-found</c>; <c>http-502</c> when the answer came from something that is not Sophia.</summary>
    public string Code { get; }

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    public string? Detail { get; }

    /// <summary>What to do about it, in the service's words.</summary>
    public string? Suggestion { get; }

    /// <summary>Finds the request in the service's traces and logs.</summary>
    public string? TraceId { get; }

    /// <summary>How long the service asks to wait; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; }

    public IReadOnlyList<FieldError> Errors { get; }
}

internal sealed record Problem(
    string? Type, string? Title, int? Status, string? Detail, string? Code, string? Suggestion, string? TraceId,
    IReadOnlyList<FieldError>? Errors);
