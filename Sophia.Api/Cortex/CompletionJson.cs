using System.Text.Json;
using Sophia.Api.Answering;
using Sophia.Memory.Cortex;

namespace Sophia.Api.Cortex;

/// <summary>Writes answers of models, with the receipt that says how they came about.</summary>
internal static class CompletionJson
{
    public static void Write(Utf8JsonWriter json, CompletionAnswer answer)
    {
        json.WriteStartObject();
        json.WriteString("text", answer.Text);
        json.WriteString("finishReason", answer.FinishReason);
        json.WriteString("model", answer.Model.Name);
        WriteUsage(json, answer);
        WriteReceipt(json, answer);
        json.WriteEndObject();
    }

    public static void WriteUsage(Utf8JsonWriter json, CompletionAnswer answer)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("inputTokens", answer.InputTokens);
        json.WriteNumber("outputTokens", answer.OutputTokens);
        json.WriteBoolean("estimated", answer.TokensEstimated);
        json.WriteEndObject();
    }

    public static void WriteReceipt(Utf8JsonWriter json, CompletionAnswer answer)
    {
        json.WriteStartObject("receipt");
        json.WriteString("outcome", WordOf(answer.Outcome));
        json.WriteString("tier", answer.ServedBy is { } tier ? AnswerHeaders.NameOf(tier) : null);
        json.WriteString("key", answer.Key);
        if (answer.Similarity is { } similarity)
        {
            json.WriteNumber("similarity", Math.Round(similarity, 4));
        }

        var isPriced = answer.Model.Price.IsKnown;
        WriteCost(json, "cost", answer.Cost, isPriced);
        WriteCost(json, "avoided", answer.Avoided, isPriced);
        json.WriteTime("answeredAt", answer.AnsweredAt);
        json.WriteTime("expiresAt", answer.ExpiresAt);
        if (answer.Budget is { } budget)
        {
            WriteBudget(json, budget);
        }

        json.WriteEndObject();
    }

    public static void WriteBudget(Utf8JsonWriter json, BudgetState budget)
    {
        json.WriteStartObject("budget");
        json.WriteNumber("dollarsPerMonth", budget.Limit);
        json.WriteNumber("spent", Math.Round(budget.Spent, 9));
        json.WriteString("state", budget.Spent >= budget.Limit ? "exhausted" : budget.IsWarning ? "warning" : "ok");
        json.WriteEndObject();
    }

    /// <param name="isPriced">False: nobody knows the dollars, and null says so.</param>
    public static void WriteCost(Utf8JsonWriter json, string name, Cost cost, bool isPriced)
    {
        json.WriteStartObject(name);
        if (isPriced)
        {
            json.WriteNumber("dollars", cost.NanoDollars / 1e9m);
        }
        else
        {
            json.WriteNull("dollars");
        }

        json.WriteNumber("credits", cost.NanoCredits / 1e9m);
        json.WriteEndObject();
    }

    public static string WordOf(CallOutcome outcome) => outcome switch
    {
        CallOutcome.Called => "called",
        CallOutcome.Hit => "hit",
        CallOutcome.NearHit => "near",
        CallOutcome.Joined => "joined",
        _ => "failed",
    };
}
