namespace Sophia.Memory.Cortex;

public enum ChatRoleName
{
    System,
    User,
    Assistant,
}

public readonly record struct PromptMessage(ChatRoleName Role, string Text);

/// <summary>Which answers of the cache a request takes.</summary>
public enum CacheUse
{
    /// <summary>The same prompt's, or that of one near enough.</summary>
    Near,

    /// <summary>The same prompt's only.</summary>
    Exact,

    /// <summary>None; what the model answers replaces what is there.</summary>
    Refresh,

    /// <summary>None, and nothing is kept.</summary>
    Off,
}

/// <summary>A prompt with whatever changes the answer.</summary>
public sealed record CompletionRequest
{
    /// <summary>Null: as the catalog routes.</summary>
    public string? Model { get; init; }

    /// <summary>At least one; the last is the user's.</summary>
    public required IReadOnlyList<PromptMessage> Messages { get; init; }

    /// <summary>0–2; null: the model's default.</summary>
    public double? Temperature { get; init; }

    /// <summary>0–1; null: the model's default.</summary>
    public double? TopP { get; init; }

    /// <summary>Tokens that the answer may have; null: the model's default.</summary>
    public int? MaxTokens { get; init; }

    public long? Seed { get; init; }

    public IReadOnlyList<string> Stop { get; init; } = [];

    public CacheUse Cache { get; init; }

    /// <summary>False of answers that are not to be kept; null keeps all.</summary>
    internal Func<string, bool>? Accepts { get; init; }
}
