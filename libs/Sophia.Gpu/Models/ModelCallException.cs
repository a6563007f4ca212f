namespace Sophia.Gpu.Models;

/// <summary>One call of a model failed.</summary>
internal sealed class ModelCallException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Another call may succeed.</summary>
    public bool IsPassing { get; init; }

    /// <summary>The status of the answer; 0 when there was none.</summary>
    public int Status { get; init; }

    /// <summary>What the server asked to wait; null when it did not.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
