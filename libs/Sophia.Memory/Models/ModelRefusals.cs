using Sophia.Memory.Hierarchy;

namespace Sophia.Memory.Models;

/// <summary>A model does not answer now; nothing of the request was done. Try again after the delay.</summary>
/// <param name="retryAfter">What the model's server asked for, or how long the circuit stays open.</param>
public sealed class EmbedderUnavailableException(string model, string reason, TimeSpan retryAfter) : RefusedException(
    "embedder-unavailable", $"Model '{model}' does not answer now: {reason}",
    "Try again after the delay. Reads, searches by words and writes without text go on meanwhile.")
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}

/// <summary>A model's answer cannot be used (a wrong length, NaN, too few vectors, a refusal); nothing of it is stored.</summary>
public sealed class EmbedderAnswerException(string model, string reason, string suggestion) : RefusedException(
    "embedder-answer-invalid", $"Model '{model}' cannot be used: {reason}", suggestion);
