using System.Text.Json;

namespace Sophia.Bench.Reporting;

/// <summary>Prints each figure when it is there, as a row of a Markdown table, and keeps all for the file.</summary>
internal sealed class Report
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private readonly List<Measure> _measures = [];
    private string _bench = "machine";

    public Dictionary<string, string> Facts { get; } = [];

    public void Begin(string bench)
    {
        _bench = bench;
        Console.WriteLine();
        Console.WriteLine($"## {bench}");
        Console.WriteLine();
        Console.WriteLine("| measure | measured | unit | target | met | note |");
        Console.WriteLine("|---|---:|---|---|---|---|");
    }

    public void Add(string name, double value, string unit, double? target = null, bool atLeast = true, string? note = null)
    {
        var measure = new Measure(_bench, name, value, unit, target, atLeast, note);
        _measures.Add(measure);
        var met = measure.IsMet switch { true => "yes", false => "**no**", null => "" };
        Console.WriteLine($"| {name} | {measure.ValueText} | {unit} | {measure.TargetText} | {met} | {note} |");
    }

    /// <summary>Says what could not be measured, and why.</summary>
    public void Skip(string name, string why)
    {
        Facts[$"skipped in {_bench}: {name}"] = why;
        Console.WriteLine($"| {name} | skipped | | | | {why} |");
    }

    /// <summary>What goes on, for who watches; no part of the report.</summary>
    public static void Progress(string text) => Console.Error.WriteLine($"   … {text}");

    public Task SaveAsync(string file) =>
        File.WriteAllBytesAsync(file, JsonSerializer.SerializeToUtf8Bytes(new { facts = Facts, measures = _measures }, Json));
}
