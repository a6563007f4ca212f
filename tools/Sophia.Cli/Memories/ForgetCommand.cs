using System.CommandLine;
using Sophia.Cli.Terminal;
using Sophia.Client;

namespace Sophia.Cli.Memories;

/// <summary><c>sophia forget</c>: shows what would go, asks, erases.</summary>
internal static class ForgetCommand
{
    public static Command Create(Surroundings surroundings)
    {
        var keys = new Argument<string[]>("keys") { Description = "The keys to forget.", Arity = ArgumentArity.ZeroOrMore };
        var space = Service.Namespace();
        var prefix = new Option<string?>("--prefix") { Description = "Forget every key that begins so.", HelpName = "key" };
        var all = new Option<bool>("--all") { Description = "Forget the whole namespace." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would go." };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not show and ask: erase." };
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
            var isSure = parse.GetValue(yes) && !parse.GetValue(dryRun);
            // Asked again, the service would count what is left and not what the first time erased: nobody is shown that before.
            var client = Service.Connect(parse, surroundings, maxRetries: isSure ? 0 : 4, mayTakeHours: true);
            if (isSure)
            {
                var erased = await client.ForgetAsync(name, request, cancellationToken);
                await Erasure.PrintAsync(output, erased, asJson);
                return Erasure.CodeOf(erased.Value, request.Keys is not null);
            }
            var preview = await client.ForgetAsync(name, request with { DryRun = true }, cancellationToken);
            if (parse.GetValue(dryRun))
            {
                await Erasure.PrintAsync(output, preview, asJson);
                return request.Keys is not null && preview.Value.Matched == 0 ? ExitCodes.NotFound : ExitCodes.Ok;
            }
            await Erasure.WriteReportAsync(surroundings.Error, preview.Value);
            if (preview.Value.Matched == 0 && !Erasure.Erases(preview.Value))
            {
                if (asJson) await Erasure.PrintAsync(output, preview, asJson);
                await surroundings.Error.WriteLineAsync("Where a forget before this one erased it: --yes asks again whether all copies are gone.");
                return request.Keys is not null ? ExitCodes.NotFound : ExitCodes.Ok;
            }
            if (!await Erasure.IsConfirmedAsync(
                    $"Erase {preview.Value.Matched} records of \"{Styles.OneLine(name, 128)}\" for good?", surroundings, cancellationToken))
            {
                await surroundings.Error.WriteLineAsync("Nothing was forgotten.");
                return ExitCodes.Interrupted;
            }
            var answer = await client.ForgetAsync(name, request, cancellationToken);
            await Erasure.PrintAsync(output, answer, asJson);
            return Erasure.CodeOf(answer.Value, areNamed: false);
        });
        return command;
    }
}
