using Sophia.Memory.Hierarchy;

namespace Sophia.Memory.Cortex;

/// <summary>A model that completes texts does not answer now. Try again after the delay; cached answers are served meanwhile.</summary>
public sealed class ModelUnavailableException(string model, string reason, TimeSpan retryAfter) : RefusedException(
    "model-unavailable", $"Model '{model}' does not answer now: {reason}", "Try again after the delay. Answers in the cache are served meanwhile.")
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}

/// <summary>A model refused, or its answer cannot be used; nothing of it is kept.</summary>
public sealed class ModelAnswerException(string model, string reason, string suggestion) : RefusedException(
    "model-answer-invalid", $"Model '{model}' cannot be used: {reason}", suggestion);
