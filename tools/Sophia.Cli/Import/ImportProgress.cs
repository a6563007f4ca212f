using System.Globalization;
using Sophia.Cli.Terminal;
using Sophia.Client;
using Spectre.Console;

namespace Sophia.Cli.Import;

/// <summary>What the user sees of an import: a bar on a terminal while it runs, a summary at its end. All on stderr.</summary>
internal static class ImportProgress
{
    private const int ProblemsShown = 20;
    private static readonly TimeSpan s_redraw = TimeSpan.FromMilliseconds(200);

    public static async Task ShowAsync(Task import, ImportTally tally, long? totalBytes, Surroundings surroundings)
    {
        if (!surroundings.ErrorIsTerminal)
        {
            await import;
            return;
        }
        var console = Styles.Console(surroundings.Error, isTerminal: true, surroundings.Variable);
        var began = surroundings.Time.GetTimestamp();
        await console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async progress =>
            {
                var bar = progress.AddTask("importing", maxValue: Math.Max(1, totalBytes ?? 1));
                bar.IsIndeterminate = totalBytes is null;
                while (await Task.WhenAny(import, Task.Delay(s_redraw, surroundings.Time)) != import)
                {
                    var seconds = Math.Max(0.001, surroundings.Time.GetElapsedTime(began).TotalSeconds);
                    bar.Description = string.Create(CultureInfo.InvariantCulture, $"{tally.Records:N0} records · {tally.Records / seconds:N0}/s");
                    if (totalBytes is not null) bar.Value = tally.Bytes;
                }
            });
        await import;
    }

    public static void Summarize(ImportTally tally, TimeSpan took, TextWriter writer)
    {
        foreach (var problem in tally.Problems.Take(ProblemsShown)) writer.WriteLine($"  {Styles.OneLine(problem, 500)}");
        if (tally.ProblemCount > ProblemsShown) writer.WriteLine($"  … and {tally.ProblemCount - ProblemsShown} more");
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{tally.Records} records in {took.TotalSeconds:0.0} s ({tally.Records / Math.Max(0.001, took.TotalSeconds):0}/s): "
            + $"{tally.Count(ReceiptStatus.Stored)} stored, {tally.Count(ReceiptStatus.Replaced)} replaced, {tally.Count(ReceiptStatus.Merged)} merged, "
            + $"{tally.Count(ReceiptStatus.Unchanged)} unchanged, {tally.Count(ReceiptStatus.Rejected)} rejected"));
        if (tally.Files + tally.AlreadyDone > 0) writer.WriteLine($"files: {tally.Files} imported, {tally.AlreadyDone} passed over as imported before (--fresh looks at them again)");
        if (tally.Removed > 0) writer.WriteLine($"{tally.Removed} chunks deleted that their files no longer have");
        if (tally.FilesOfUnknownStale > 0) writer.WriteLine($"{tally.FilesOfUnknownStale} files may have chunks beyond their end, which this key may not look for");
        if (tally.InvalidLines > 0) writer.WriteLine($"{tally.InvalidLines} lines were no records");
        if (tally.RefusedBefore > 0) writer.WriteLine($"{tally.RefusedBefore} lines were not taken by earlier runs (--fresh looks at them again)");
        if (tally.Skipped.Count > 0)
            writer.WriteLine("skipped: " + string.Join(", ", tally.Skipped.OrderBy(static s => s.Key, StringComparer.Ordinal).Select(static s => $"{s.Value} {s.Key}")));
    }
}
