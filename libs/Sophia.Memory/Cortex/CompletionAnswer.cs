using Sophia.Memory.Tiers;

namespace Sophia.Memory.Cortex;

/// <summary>What became of a call. Stored; values never change.</summary>
public enum CallOutcome : byte
{
    /// <summary>The model was called and answered.</summary>
    Called = 1,

    /// <summary>The same prompt was answered before.</summary>
    Hit = 2,

    /// <summary>A prompt near enough was answered before.</summary>
    NearHit = 3,

    /// <summary>Another caller was asking the same; one call served both.</summary>
    Joined = 4,

    /// <summary>The model was called and failed.</summary>
    Failed = 5,
}

/// <summary>How a tenant stands to its budget.</summary>
/// <param name="Limit">Dollars this month.</param>
/// <param name="Spent">Dollars this month, of all nodes.</param>
public sealed record BudgetState(double Limit, double Spent, bool IsWarning);

/// <summary>An answer and how it came about.</summary>
public sealed record CompletionAnswer
{
    public required string Text { get; init; }

    public string? FinishReason { get; init; }

    public required ChatModel Model { get; init; }

    public long InputTokens { get; init; }

    public long OutputTokens { get; init; }

    /// <summary>The model did not say how many tokens it read and wrote; three characters were taken for one.</summary>
    public bool TokensEstimated { get; init; }

    public required CallOutcome Outcome { get; init; }

    /// <summary>The tier that had it; null when the model was called.</summary>
    public Tier? ServedBy { get; init; }

    /// <summary>Of a near hit: the cosine of the two prompts.</summary>
    public double? Similarity { get; init; }

    /// <summary>What this request cost; nothing unless the model was called for it.</summary>
    public Cost Cost { get; init; }

    /// <summary>What was saved: the cost of the call that was not made.</summary>
    public Cost Avoided { get; init; }

    /// <summary>64 hexadecimal digits.</summary>
    public required string Key { get; init; }

    public DateTimeOffset AnsweredAt { get; init; }

    /// <summary>When the kept answer ends; null when it is not kept.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>How long the model took, in milliseconds; 0 where it was not called.</summary>
    public long ModelMs { get; init; }

    public BudgetState? Budget { get; init; }
}
