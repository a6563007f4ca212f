using System.CommandLine;
using System.Globalization;
using Sophia.Cli.Terminal;
using Sophia.Client;
using Spectre.Console;

namespace Sophia.Cli.Tiers;

/// <summary><c>sophia tiers</c>: each tier, its engine, its state and its counts.</summary>
internal static class TiersCommand
{
    private static readonly string[] s_units = ["B", "KiB", "MiB", "GiB", "TiB"];

    public static Command Create(Surroundings surroundings)
    {
        var command = new Command("tiers", "Show the tiers: engine, state, hits, latency, size.");
        command.SetAction(async (parse, cancellationToken) =>
        {
            var answer = await Service.Connect(parse, surroundings).GetTiersAsync(cancellationToken);
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(Service.Json)) await output.WriteLineAsync(CliJson.Text(CliJson.Describe(answer, CliJson.Default.TierReport)));
            else Print(answer.Value, Styles.Console(output, surroundings.OutputIsTerminal, surroundings.Variable));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void Print(TierReport report, IAnsiConsole console)
    {
        var table = new Table().Border(TableBorder.Simple)
            .AddColumns("tier", "name", "engine", "state", "hits", "misses", "ratio", "p50 ms", "p99 ms", "budget ms", "used", "limit");
        foreach (var tier in report.Tiers)
            table.AddRow(
                new Text(tier.Tier), new Text(tier.Name ?? ""), new Text(tier.Engine ?? ""), new Text(State(tier), Colour(tier.State)),
                Number(tier.Hits), Number(tier.Misses), Number(tier.HitRatio, "0.00"), Number(tier.Latency?.P50Ms, "0.##"),
                Number(tier.Latency?.P99Ms, "0.##"), Number(tier.BudgetMs, "0.##"), new Text(Size(tier.UsedBytes)), new Text(Size(tier.LimitBytes is 0 ? null : tier.LimitBytes)));
        console.Write(table);
        if (report.Log is { } log)
            console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"log: {log.Entries} entries, cursor lag {log.LagMs:0.##} ms"));
    }

    private static string State(TierStatus tier) =>
        tier.Reason is { Length: > 0 } reason ? $"{tier.State}: {Styles.OneLine(reason, 80)}" : tier.State;

    private static Style Colour(string state) => state switch
    {
        "healthy" => new Style(Color.Green),
        "degraded" => new Style(Color.Yellow),
        "down" => new Style(Color.Red),
        _ => new Style(Color.Grey),
    };

    private static Text Number(long value) => new(value.ToString(CultureInfo.InvariantCulture));

    private static Text Number(double? value, string format) => new(value?.ToString(format, CultureInfo.InvariantCulture) ?? "–");

    private static string Size(long? bytes)
    {
        if (bytes is not { } left) return "–";
        double size = left;
        var unit = 0;
        for (; size >= 1024 && unit < s_units.Length - 1; unit++) size /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{size:0.#} {s_units[unit]}");
    }
}
