using System.Text.Json.Serialization;

namespace Sophia.Client;

/// <param name="Role"><c>system</c>, <c>user</c> or <c>assistant</c>.</param>
public sealed record PromptMessage(string Role, string Content);

/// <summary>A prompt, or messages that end with the user's, and what changes the answer.</summary>
public sealed record CompletionRequest
{
    public string? Prompt { get; init; }

    public string? System { get; init; }

    public IReadOnlyList<PromptMessage>? Messages { get; init; }

    /// <summary>Null: as the service routes.</summary>
    public string? Model { get; init; }

    /// <summary>Whose text it is: that of a resident namespace goes to local models only.</summary>
    public string? Namespace { get; init; }

    /// <summary>0–2.</summary>
    public double? Temperature { get; init; }

    /// <summary>0–1.</summary>
    public double? TopP { get; init; }

    public int? MaxTokens { get; init; }

    public long? Seed { get; init; }

    public IReadOnlyList<string>? Stop { get; init; }

    /// <summary><c>near</c> (also when null), <c>exact</c>, <c>refresh</c> or <c>off</c>.</summary>
    public string? Cache { get; init; }
}

/// <param name="Dollars">Null for a model without a price.</param>
/// <param name="Credits">AI credits of Snowflake.</param>
public sealed record ModelCost(double? Dollars, double Credits);

/// <param name="Estimated">The model's server counted none; three characters were taken for one.</param>
public sealed record TokenUsage(long InputTokens, long OutputTokens, bool Estimated);

/// <param name="State"><c>ok</c>, <c>warning</c> or <c>exhausted</c>.</param>
public sealed record ModelBudget(double DollarsPerMonth, double Spent, string State);

/// <summary>How an answer came about.</summary>
/// <param name="Outcome"><c>called</c>, <c>hit</c>, <c>near</c> or <c>joined</c>.</param>
/// <param name="Tier">The tier that had the answer; null when the model was called.</param>
/// <param name="Similarity">Of a near hit, the cosine of the two prompts.</param>
/// <param name="Avoided">What the call cost that was not made.</param>
/// <param name="ExpiresAt">Null when the answer is not kept.</param>
public sealed record CompletionReceipt(
    string Outcome, string? Tier, string Key, double? Similarity, ModelCost Cost, ModelCost Avoided, DateTimeOffset AnsweredAt, DateTimeOffset? ExpiresAt,
    ModelBudget? Budget);

public sealed record Completion([property: JsonRequired] string Text, string? FinishReason, string Model, TokenUsage Usage, [property: JsonRequired] CompletionReceipt Receipt);
