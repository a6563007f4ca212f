using System.Text.Json.Serialization;

namespace Sophia.Bench.Reporting;

/// <summary>A figure, with what it has to reach where something was promised.</summary>
/// <param name="Target">Null: nothing was promised, the figure is there to compare with.</param>
/// <param name="AtLeast">True: the target is a floor; false: a ceiling.</param>
internal sealed record Measure(string Bench, string Name, double Value, string Unit, double? Target = null, bool AtLeast = true, string? Note = null)
{
    /// <summary>Null when there is no target.</summary>
    public bool? IsMet => Target is { } target ? AtLeast ? Value >= target : Value <= target : null;

    [JsonIgnore]
    public string TargetText => Target is { } target ? $"{(AtLeast ? "≥" : "≤")} {Format(target)}" : "";

    [JsonIgnore]
    public string ValueText => Format(Value);

    private static string Format(double value) => Math.Abs(value) switch
    {
        >= 1000 => value.ToString("N0", System.Globalization.CultureInfo.InvariantCulture),
        >= 100 => value.ToString("0", System.Globalization.CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.#", System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToString("0.###", System.Globalization.CultureInfo.InvariantCulture),
    };
}
