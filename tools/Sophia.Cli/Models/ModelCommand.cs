using System.CommandLine;
using System.Globalization;
using Sophia.Cli.Terminal;
using Sophia.Client;

namespace Sophia.Cli.Models;

/// <summary><c>sophia model change|status|cut-over|undo|finish</c>: the model of a namespace, changed online.</summary>
internal static class ModelCommand
{
    public static Command Create(Surroundings surroundings) => new("model", "Change the model of a namespace while it is written and searched.")
    {
        Change(surroundings),
        Step(surroundings, "status", "Show how far the change is.", static (client, ns, token) => client.GetModelChangeAsync(ns, token)),
        Step(surroundings, "cut-over", "Make the new model current although the check held it.", static (client, ns, token) => client.CutOverModelChangeAsync(ns, token)),
        Step(surroundings, "undo", "Go back to the old model.", static (client, ns, token) => client.UndoModelChangeAsync(ns, token)),
        Step(surroundings, "finish", "Drop the old model's vectors; there is no undo after this.", static (client, ns, token) => client.FinishModelChangeAsync(ns, token)),
    };

    private static Command Change(Surroundings surroundings)
    {
        var model = new Argument<string>("model") { Description = "The new model; sophia models lists them." };
        var space = Service.Namespace();
        var recall = new Option<double?>("--min-recall") { Description = "The new model must find this share of what the old one finds. Default: 0.9.", HelpName = "share" };
        var samples = new Option<int?>("--samples") { Description = "Records that the check asks for. Default: 100.", HelpName = "n" };
        var manual = new Option<bool>("--manual") { Description = "Wait for sophia model cut-over after the check." };
        var command = new Command("change", "Begin to make the new model's vectors; the cut-over follows a passed check.") { model, space, recall, samples, manual };
        command.SetAction(async (parse, cancellationToken) => await PrintAsync(
            parse,
            await Service.Connect(parse, surroundings).StartModelChangeAsync(
                parse.GetRequiredValue(space),
                new ModelChangeRequest(parse.GetRequiredValue(model), parse.GetValue(recall), parse.GetValue(samples), parse.GetValue(manual) ? "manual" : null),
                cancellationToken)));
        return command;
    }

    private static Command Step(
        Surroundings surroundings, string name, string description, Func<SophiaClient, string, CancellationToken, Task<Answer<ModelChangeStatus>>> ask)
    {
        var space = Service.Namespace();
        var command = new Command(name, description) { space };
        command.SetAction(async (parse, cancellationToken) =>
            await PrintAsync(parse, await ask(Service.Connect(parse, surroundings), parse.GetRequiredValue(space), cancellationToken)));
        return command;
    }

    private static async Task<int> PrintAsync(ParseResult parse, Answer<ModelChangeStatus> answer)
    {
        var output = parse.InvocationConfiguration.Output;
        if (parse.GetValue(Service.Json))
        {
            await output.WriteLineAsync(CliJson.Text(CliJson.Describe(answer, CliJson.Default.ModelChangeStatus)));
            return ExitCodes.Ok;
        }

        var change = answer.Value;
        await output.WriteLineAsync($"state    {change.State}{(change.Reason is { } reason ? $": {reason}" : "")}");
        await output.WriteLineAsync($"current  {change.Current ?? "none"}");
        if (change is { From: { } from, To: { } to })
        {
            await output.WriteLineAsync($"change   {from.Model ?? from.Identity} → {to.Model ?? to.Identity}");
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"vectors  {change.Made} of {change.Total} made"));
        }

        if (change.Recall is { } recall)
        {
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"check    {recall.Samples} records: found {recall.After:P0}, before {(recall.Before is { } before ? before.ToString("P0", CultureInfo.InvariantCulture) : "not asked")}"));
        }

        await output.WriteLineAsync($"next     {(change.Can.Count == 0 ? "wait" : string.Join(", ", change.Can))}");
        return ExitCodes.Ok;
    }
}
