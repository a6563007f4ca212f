using System.CommandLine;
using System.Text;
using Sophia.Cli.Terminal;
using Sophia.Client;

namespace Sophia.Cli.Memories;

/// <summary><c>sophia forget</c>: shows what would go, asks, erases.</summary>
internal static class ForgetCommand
{
    private const int KeysShown = 10;

    public static Command Create(Surroundings surroundings)
    {
        var keys = new Argument<string[]>("keys") { Description = "The keys to forget.", Arity = ArgumentArity.ZeroOrMore };
        var space = Service.Namespace();
        var prefix = new Option<string?>("--prefix") { Description = "Forget every key that begins so.", HelpName = "key" };
        var all = new Option<bool>("--all") { Description = "Forget the whole namespace." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would go." };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        var command = new Command("forget", "Erase records with all their versions from every tier. Shows what would go first, and asks.")
        {
            keys, space, prefix, all, dryRun, yes,
        };
        command.Validators.Add(result =>
        {
            var named = result.GetValue(keys) is { Length: > 0 } ? 1 : 0;
            var prefixed = result.GetValue(prefix) is null ? 0 : 1;
            var whole = result.GetValue(all) ? 1 : 0;
            if (named + prefixed + whole != 1) result.AddError("Name what to forget in exactly one way: keys, --prefix or --all.");
        });
        command.SetAction(async (parse, cancellationToken) =>
        {
            var request = new ForgetRequest
            {
                Keys = parse.GetValue(keys) is { Length: > 0 } given ? given : null,
                Prefix = parse.GetValue(prefix),
                All = parse.GetValue(all) ? true : null,
            };
            var name = parse.GetRequiredValue(space);
            var asJson = parse.GetValue(Service.Json);
            var output = parse.InvocationConfiguration.Output;
            var client = Service.Connect(parse, surroundings);
            var preview = await client.ForgetAsync(name, request with { DryRun = true }, cancellationToken);
            if (parse.GetValue(dryRun))
            {
                await PrintAsync(output, preview, asJson);
                return request.Keys is not null && preview.Value.Matched == 0 ? ExitCodes.NotFound : ExitCodes.Ok;
            }
            await WriteReportAsync(surroundings.Error, preview.Value);
            if (preview.Value.Matched == 0 && !Erases(preview.Value))
            {
                if (asJson) await PrintAsync(output, preview, asJson);
                return request.Keys is not null ? ExitCodes.NotFound : ExitCodes.Ok;
            }
            if (!parse.GetValue(yes) && !await IsConfirmedAsync(preview.Value, name, surroundings, cancellationToken))
            {
                await surroundings.Error.WriteLineAsync("Nothing was forgotten.");
                return ExitCodes.Interrupted;
            }
            await PrintAsync(output, await client.ForgetAsync(name, request, cancellationToken), asJson);
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>A deleted record matches nothing that readers see, but its history is still to be erased.</summary>
    private static bool Erases(ForgetReport report) => report.Erased is { } e && e.Records + e.Versions + e.Vectors > 0;

    private static async Task<bool> IsConfirmedAsync(ForgetReport preview, string name, Surroundings surroundings, CancellationToken cancellationToken)
    {
        if (!surroundings.InputIsTerminal)
            throw new UsageException("Forgetting asks first, and there is no terminal to ask at.", "Look with --dry-run, then add --yes.");
        await surroundings.Error.WriteAsync($"Erase {preview.Matched} records of \"{Styles.OneLine(name, 128)}\" for good? [y/N] ");
        await surroundings.Error.FlushAsync(cancellationToken);
        using var input = new StreamReader(surroundings.Input, Encoding.UTF8, leaveOpen: true);
        var reply = await input.ReadLineAsync(cancellationToken);
        return reply?.Trim().ToLowerInvariant() is "y" or "yes";
    }

    private static Task PrintAsync(TextWriter output, Answer<ForgetReport> answer, bool asJson) =>
        asJson ? output.WriteLineAsync(CliJson.Text(CliJson.Describe(answer, CliJson.Default.ForgetReport))) : WriteReportAsync(output, answer.Value);

    private static async Task WriteReportAsync(TextWriter writer, ForgetReport report)
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
