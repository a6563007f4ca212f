using Sophia.Memory.Log;

namespace Sophia.Memory.Hierarchy;

/// <summary>The caller asked for something that cannot be done as asked; the code is stable and the suggestion says what to do.</summary>
public class RefusedException(string code, string message, string suggestion) : Exception(message)
{
    /// <summary>One of the codes of docs/api.md.</summary>
    public string Code { get; } = code;

    public string Suggestion { get; } = suggestion;
}

/// <summary>Too many writes wait already; try again after the delay.</summary>
public sealed class TooManyWritesException(TimeSpan retryAfter) : RefusedException(
    "too-many-writes", "The queue of writes is full.", "Try again after the delay, or write in larger batches.")
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}

/// <summary>A read asked for a change that did not become visible in its time.</summary>
public sealed class SequenceNotReachedException(Sequence asked, Sequence seen) : RefusedException(
    "sequence-not-reached",
    $"The change {asked.ToToken()} was not visible in time; the cursor stands at {seen.ToToken()}.",
    "Try again, or allow more time with timeoutMs.");
