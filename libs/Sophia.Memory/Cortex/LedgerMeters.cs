using System.Diagnostics.Metrics;

namespace Sophia.Memory.Cortex;

/// <summary>
/// The ledger for OpenTelemetry: what this process counted since it started, by model, operation and outcome. Who asked is not among
/// them, since a service may have many tenants; it is in /v1/costs/cortex. They are read when somebody asks: counting costs nothing more.
/// </summary>
internal sealed class LedgerMeters : IDisposable
{
    private readonly Meter _meter = new("Sophia");

    public LedgerMeters(Func<IReadOnlyCollection<KeyValuePair<LedgerSeries, LedgerSum>>> sums)
    {
        _meter.CreateObservableCounter("sophia.cortex.calls", () => sums().Select(static s => new Measurement<long>(s.Value.Calls, Tags(s.Key))), "{call}", "Calls of models, by outcome: called and failed ones were made; hit, near_hit and joined ones avoided.");
        _meter.CreateObservableCounter("sophia.cortex.tokens", () => sums().SelectMany(Tokens), "{token}", "Tokens of calls of models, made and avoided.");
        _meter.CreateObservableCounter("sophia.cortex.dollars", () => sums().Select(static s => new Measurement<double>(s.Value.NanoDollars / 1e9, Tags(s.Key))), "{dollar}", "Dollars: spent where the outcome is called or failed, avoided otherwise.");
        _meter.CreateObservableCounter("sophia.cortex.credits", () => sums().Select(static s => new Measurement<double>(s.Value.NanoCredits / 1e9, Tags(s.Key))), "{credit}", "Snowflake credits: spent where the outcome is called or failed, avoided otherwise.");
    }

    public void Dispose() => _meter.Dispose();

    private static Measurement<long>[] Tokens(KeyValuePair<LedgerSeries, LedgerSum> series) =>
    [
        new(series.Value.InputTokens, [.. Tags(series.Key), new("direction", "input")]),
        new(series.Value.OutputTokens, [.. Tags(series.Key), new("direction", "output")]),
    ];

    private static KeyValuePair<string, object?>[] Tags(LedgerSeries series) => [new("model", series.Model), new("operation", series.Operation), new("outcome", NameOf(series.Outcome))];

    private static string NameOf(CallOutcome outcome) => outcome switch
    {
        CallOutcome.Called => "called",
        CallOutcome.Hit => "hit",
        CallOutcome.NearHit => "near_hit",
        CallOutcome.Joined => "joined",
        _ => "failed",
    };
}

/// <summary>What a sum is of.</summary>
internal readonly record struct LedgerSeries(string Model, string Operation, CallOutcome Outcome);

/// <summary>Calls with their tokens and cost.</summary>
internal readonly record struct LedgerSum(long Calls, long InputTokens, long OutputTokens, long NanoDollars, long NanoCredits)
{
    public static LedgerSum operator +(LedgerSum a, LedgerSum b) =>
        new(a.Calls + b.Calls, a.InputTokens + b.InputTokens, a.OutputTokens + b.OutputTokens, a.NanoDollars + b.NanoDollars, a.NanoCredits + b.NanoCredits);
}
