using System.Text;
using Sophia.Cli.Terminal;
using Sophia.Client;

namespace Sophia.Cli.Memories;

/// <summary>What commands that erase have in common: the report of what goes or went, and the question before it.</summary>
internal static class Erasure
{
    private const int KeysShown = 10;

    /// <summary>A deleted record matches nothing that readers see, but its history is still to be erased.</summary>
    public static bool Erases(ForgetReport report) => report.Erased is { } e && e.Records + e.Versions + e.Vectors > 0;

    /// <param name="areNamed">The records were named by their keys.</param>
    public static int CodeOf(ForgetReport erased, bool areNamed) =>
        erased.NotConfirmed.Count > 0 ? ExitCodes.Unavailable
        : areNamed && erased.Matched == 0 && !Erases(erased) ? ExitCodes.NotFound : ExitCodes.Ok;

    /// <exception cref="UsageException">There is no terminal to ask at.</exception>
    public static async Task<bool> IsConfirmedAsync(string question, Surroundings surroundings, CancellationToken cancellationToken)
    {
        if (!surroundings.InputIsTerminal)
            throw new UsageException("Forgetting asks first, and there is no terminal to ask at.", "Look with --dry-run, then add --yes.");
        await surroundings.Error.WriteAsync($"{question} [y/N] ");
        await surroundings.Error.FlushAsync(cancellationToken);
        using var input = new StreamReader(surroundings.Input, Encoding.UTF8, leaveOpen: true);
        // Reading from a terminal ends only when something comes.
        var reply = await input.ReadLineAsync(cancellationToken).AsTask().WaitAsync(cancellationToken);
        return reply?.Trim().ToLowerInvariant() is "y" or "yes";
    }

    public static Task PrintAsync(TextWriter output, Answer<ForgetReport> answer, bool asJson) =>
        asJson ? output.WriteLineAsync(CliJson.Text(CliJson.Describe(answer, CliJson.Default.ForgetReport))) : WriteReportAsync(output, answer.Value);

    public static async Task WriteReportAsync(TextWriter writer, ForgetReport report)
    {
        await writer.WriteLineAsync($"{(report.DryRun ? "Would forget" : "Forgot")} {report.Matched} records.");
        if (report.DryRun && report.Keys is { } keys)
        {
            for (var i = 0; i < Math.Min(keys.Count, KeysShown); i++) await writer.WriteLineAsync($"  {Styles.OneLine(keys[i], 512)}");
            if (report.Matched > Math.Min(keys.Count, KeysShown)) await writer.WriteLineAsync($"  … and {report.Matched - Math.Min(keys.Count, KeysShown)} more");
        }
        if (report.Erased is { } e)
            await writer.WriteLineAsync(
                $"  records {e.Records}, versions {e.Versions}, vectors {e.Vectors}, L1 {e.L1}, near copies {e.Near}, L0 {e.L0}, Snowflake {e.Snowflake}, tombstones left in the log {e.LogTombstones}");
        if (report.DryRun) return;
        foreach (var holder in report.StillHeldBy ?? []) await writer.WriteLineAsync($"  may still be held by: {Styles.OneLine(holder, 500)}");
        foreach (var copy in report.NotConfirmed)
        {
            var shard = copy.Shard is { } number ? $", shard {number}" : "";
            var node = copy.Node is { } name ? $", {Styles.OneLine(name, 128)}" : "";
            await writer.WriteLineAsync($"  not confirmed: {Styles.OneLine(copy.Tier, 8)}{node}{shard}: {Styles.OneLine(copy.Reason, 500)}");
        }
    }
}
