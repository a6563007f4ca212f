using Microsoft.Extensions.AI;
using Sophia.Memory.Models;

namespace Sophia.Memory.Cortex;

/// <summary>What a model's tokens cost; null where the configuration does not say.</summary>
/// <param name="InputDollars">Dollars per million tokens read.</param>
/// <param name="OutputDollars">Dollars per million tokens written.</param>
/// <param name="Credits">AI credits of Snowflake per million tokens; 0 for other models.</param>
public readonly record struct ModelPrice(double? InputDollars, double? OutputDollars, double Credits)
{
    private const double NanosPerUnit = 1e9;
    private const double Million = 1e6;

    public bool IsKnown => InputDollars is not null && OutputDollars is not null;

    /// <summary>What a call cost; 0 dollars for a model without a price.</summary>
    public Cost Of(long inputTokens, long outputTokens) => new(
        (long)Math.Round((((InputDollars ?? 0) * inputTokens) + ((OutputDollars ?? 0) * outputTokens)) / Million * NanosPerUnit),
        (long)Math.Round(Credits * (inputTokens + outputTokens) / Million * NanosPerUnit));
}

/// <param name="NanoDollars">Billionths of a dollar.</param>
/// <param name="NanoCredits">Billionths of an AI credit.</param>
public readonly record struct Cost(long NanoDollars, long NanoCredits)
{
    public double Dollars => NanoDollars / 1e9;

    public double Credits => NanoCredits / 1e9;
}

/// <summary>A model that completes texts, under the name that the configuration gives it.</summary>
/// <param name="Name">[a-z][a-z0-9._-]{0,63}</param>
/// <param name="Identity">Changes with whatever changes the answers; part of every cache key.</param>
/// <param name="Kind">For people: openai or cortex.</param>
/// <param name="Source">Where it runs, for people.</param>
/// <param name="IsLocal">True when texts do not leave the company's machines; only then may resident namespaces use it.</param>
/// <param name="TimeToLive">How long its answers are kept.</param>
public sealed record ChatModel(
    string Name, string Identity, string Kind, string Source, bool IsLocal, ModelPrice Price, TimeSpan TimeToLive, IChatClient Client)
{
    public ModelState State => Client is IReportsModelState reporting ? reporting.State : new ModelState(ModelHealth.Ready, null, 0, 0, 0, 0);
}
