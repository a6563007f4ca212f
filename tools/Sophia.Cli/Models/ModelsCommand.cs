using System.CommandLine;
using System.Globalization;
using Sophia.Cli.Terminal;
using Sophia.Client;
using Spectre.Console;

namespace Sophia.Cli.Models;

/// <summary><c>sophia models</c>: the models that make vectors, and how each does.</summary>
internal static class ModelsCommand
{
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command("models", "List the models that make vectors: kind, dimensions, state.");
        command.SetAction(async (parse, cancellationToken) =>
        {
            var answer = await Service.Connect(parse, surroundings).ListModelsAsync(cancellationToken);
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(Service.Json)) await output.WriteLineAsync(CliJson.Text(CliJson.Describe(answer, CliJson.Default.ModelList)));
            else Print(answer.Value, Styles.Console(output, surroundings.OutputIsTerminal, surroundings.Variable));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void Print(ModelList models, IAnsiConsole console)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("model", "kind", "runs at", "dimensions", "default", "state", "texts", "failures");
        foreach (var model in models.Items)
            table.AddRow(
                new Text(model.Name), new Text(model.Kind), new Text(model.Local ? $"{model.Source} (local)".Trim() : model.Source ?? ""),
                new Text(model.Dimensions.ToString(CultureInfo.InvariantCulture)), new Text(model.Default ? "yes" : ""),
                new Text(model.Reason is { Length: > 0 } reason ? $"{model.State}: {Styles.OneLine(reason, 60)}" : model.State),
                new Text(model.Texts.ToString(CultureInfo.InvariantCulture)), new Text(model.Failures.ToString(CultureInfo.InvariantCulture)));
        console.Write(table);
    }
}
