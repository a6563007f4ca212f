using System.Globalization;
using System.Text.Json.Nodes;
using Sophia.Client;

namespace Sophia.Cli.Cortex;

/// <summary>Adds up what became of replayed prompts. Any thread may add.</summary>
internal sealed class ReplayTally
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _outcomes = new(StringComparer.Ordinal) { ["called"] = 0, ["hit"] = 0, ["near"] = 0, ["joined"] = 0 };
    private readonly List<double> _calledMs = [];
    private readonly List<double> _avoidedMs = [];
    private double _spent;
    private double _saved;
    private bool _isPriced = true;

    /// <summary>Prompts that were refused or whose model failed.</summary>
    public int Failed { get; private set; }

    public void Add(Completion completion, TimeSpan took)
    {
        var receipt = completion.Receipt;
        lock (_lock)
        {
            _outcomes[receipt.Outcome] = _outcomes.GetValueOrDefault(receipt.Outcome) + 1;
            (receipt.Outcome == "called" ? _calledMs : _avoidedMs).Add(took.TotalMilliseconds);
            _isPriced &= receipt.Cost.Dollars is not null;
            _spent += receipt.Cost.Dollars ?? 0;
            _saved += receipt.Avoided.Dollars ?? 0;
        }
    }

    public void Fail()
    {
        lock (_lock)
        {
            Failed++;
        }
    }

    /// <summary>Shares are null where there is nothing to divide by.</summary>
    public JsonObject ToJson()
    {
        var called = _outcomes["called"];
        var avoided = _outcomes.Values.Sum() - called;
        return new JsonObject
        {
            ["asked"] = called + avoided + Failed, ["called"] = called, ["hit"] = _outcomes["hit"], ["near"] = _outcomes["near"], ["joined"] = _outcomes["joined"],
            ["failed"] = Failed, ["callsAvoidedShare"] = Share(avoided, called + avoided + Failed), ["spentDollars"] = _isPriced ? Math.Round(_spent, 9) : null,
            ["avoidedDollars"] = _isPriced ? Math.Round(_saved, 9) : null, ["costAvoidedShare"] = _isPriced ? Share(_saved, _spent + _saved) : null,
            ["calledMedianMs"] = Median(_calledMs), ["avoidedMedianMs"] = Median(_avoidedMs),
        };
    }

    public string ToText()
    {
        var json = ToJson();
        return string.Create(CultureInfo.InvariantCulture, $"""
            asked      {json["asked"]}
            called     {json["called"]} (median {Or(json["calledMedianMs"])} ms)
            avoided    {(int)json["hit"]! + (int)json["near"]! + (int)json["joined"]!}: {json["hit"]} hit, {json["near"]} near, {json["joined"]} joined (median {Or(json["avoidedMedianMs"])} ms)
            failed     {json["failed"]}
            calls      {Percent(json["callsAvoidedShare"])} avoided; the goal is 60 %
            cost       {Percent(json["costAvoidedShare"])} avoided; the goal is 40 %: {Or(json["spentDollars"])} dollars spent, {Or(json["avoidedDollars"])} avoided
            """);
    }

    private static string Or(JsonNode? node) => node is null ? "-" : ((double)node).ToString("0.######", CultureInfo.InvariantCulture);

    private static string Percent(JsonNode? share) => share is null ? "unknown share" : ((double)share * 100).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    private static double? Share(double part, double whole) => whole == 0 ? null : Math.Round(part / whole, 4);

    private static double? Median(List<double> values)
    {
        if (values.Count == 0) return null;
        values.Sort();
        return Math.Round(values.Count % 2 == 1 ? values[values.Count / 2] : (values[(values.Count / 2) - 1] + values[values.Count / 2]) / 2, 3);
    }
}
