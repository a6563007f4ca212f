using System.CommandLine;
using System.Globalization;
using Sophia.Cli.Memories;
using Sophia.Cli.Terminal;
using Sophia.Client;

namespace Sophia.Cli.Namespaces;

/// <summary><c>sophia namespace</c>: shows how a namespace remembers; with options, makes it, changes that, or removes it.</summary>
internal static class NamespaceCommand
{
    public static Command Create(Surroundings surroundings)
    {
        var name = new Argument<string>("name") { Description = "The namespace." };
        var language = new Option<string?>("--language") { Description = "Its stemming and stop words: en, de, fr, es or none.", HelpName = "code" };
        var model = new Option<string?>("--model") { Description = "The model that makes its vectors; fixed once it is made.", HelpName = "name" };
        var resident = new Option<bool?>("--resident") { Description = "Its content never leaves the company's machines.", HelpName = "true|false" };
        var remove = new Option<bool>("--remove") { Description = "Remove it whole: its records, its settings, its name. Shows what would go first, and asks." };
        var dryRun = new Option<bool>("--dry-run") { Description = "With --remove: only say what would go." };
        var yes = new Option<bool>("--yes", "-y") { Description = "With --remove: do not show and ask." };
        var command = new Command("namespace", "Show a namespace; with options, make it, change it or remove it.") { name, language, model, resident, remove, dryRun, yes };
        command.Validators.Add(result =>
        {
            var removes = result.GetValue(remove);
            if (removes && Settings(result.GetValue(language), result.GetValue(model), result.GetValue(resident)) != new NamespaceSettings())
                result.AddError("What is removed has no settings: leave --language, --model and --resident out, or --remove.");
            if (!removes && (result.GetValue(dryRun) || result.GetValue(yes))) result.AddError("--dry-run and --yes go with --remove.");
        });
        command.SetAction(async (parse, cancellationToken) =>
        {
            var isSure = parse.GetValue(remove) && parse.GetValue(yes) && !parse.GetValue(dryRun);
            // Asked again, the service would no longer know what the first time removed: nobody is shown that before.
            var client = Service.Connect(parse, surroundings, maxRetries: isSure ? 0 : 4, mayTakeHours: parse.GetValue(remove));
            var space = parse.GetRequiredValue(name);
            var output = parse.InvocationConfiguration.Output;
            var asJson = parse.GetValue(Service.Json);
            if (parse.GetValue(remove))
                return await RemoveAsync(client, space, parse.GetValue(dryRun), parse.GetValue(yes), output, asJson, surroundings, cancellationToken);
            var settings = Settings(parse.GetValue(language), parse.GetValue(model), parse.GetValue(resident));
            var answer = settings == new NamespaceSettings()
                ? await client.GetNamespaceAsync(space, cancellationToken)
                : await client.PutNamespaceAsync(space, settings, cancellationToken);
            if (asJson) await output.WriteLineAsync(CliJson.Text(CliJson.Describe(answer, CliJson.Default.NamespaceInfo)));
            else await ShowAsync(output, answer.Value);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static NamespaceSettings Settings(string? language, string? model, bool? resident) => new() { Language = language, Model = model, Resident = resident };

    private static async Task ShowAsync(TextWriter output, NamespaceInfo info)
    {
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"name      {info.Name}\nrecords   {info.Count}"));
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"vectors   {info.Settings?.VectorSource} {info.Settings?.Model ?? info.Settings?.VectorModel} {info.Settings?.Dimensions}"));
        await output.WriteLineAsync($"language  {info.Settings?.Language}\nresident  {(info.Settings?.Resident == true ? "yes" : "no")}");
    }

    private static async Task<int> RemoveAsync(
        SophiaClient client, string space, bool isDryRun, bool isSure, TextWriter output, bool asJson, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var shown = Styles.OneLine(space, 128);
        if (isDryRun || !isSure)
        {
            var preview = await client.RemoveNamespaceAsync(space, dryRun: true, cancellationToken);
            if (isDryRun)
            {
                await Erasure.PrintAsync(output, preview, asJson);
                return ExitCodes.Ok;
            }

            await Erasure.WriteReportAsync(surroundings.Error, preview.Value);
            if (!await Erasure.IsConfirmedAsync(
                $"Remove namespace \"{shown}\" with its settings and {preview.Value.Matched} records for good?", surroundings, cancellationToken))
            {
                await surroundings.Error.WriteLineAsync("Nothing was removed.");
                return ExitCodes.Interrupted;
            }
        }

        var answer = await client.RemoveNamespaceAsync(space, cancellationToken: cancellationToken);
        await Erasure.PrintAsync(output, answer, asJson);
        if (!asJson) await output.WriteLineAsync($"Removed namespace \"{shown}\".");
        return Erasure.CodeOf(answer.Value, areNamed: false);
    }
}
