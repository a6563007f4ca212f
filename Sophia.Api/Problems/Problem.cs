namespace Sophia.Api.Problems;

/// <summary>One thing wrong in a body, by the place where it is.</summary>
/// <param name="Path">Such as items[3].tags[1].</param>
internal readonly record struct FieldError(string Path, string Message);

/// <summary>An answer that says no (RFC 9457): what was wrong and what to do.</summary>
/// <param name="Code">Stable; one of docs/api.md.</param>
internal sealed record Problem(int Status, string Code, string Detail, string Suggestion)
{
    public IReadOnlyList<FieldError> Errors { get; init; } = [];

    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>Ends a request with a problem. Thrown by the parts that read requests, answered by <see cref="ProblemMiddleware"/>.</summary>
internal sealed class ProblemException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem { get; } = problem;
}
