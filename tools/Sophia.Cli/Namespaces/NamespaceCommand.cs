using System.CommandLine;
using System.Globalization;
using Sophia.Cli.Terminal;
using Sophia.Client;

namespace Sophia.Cli.Namespaces;

/// <summary><c>sophia namespace</c>: shows how a namespace remembers; with options, makes it or changes that.</summary>
internal static class NamespaceCommand
{
    public static Command Create(Surroundings surroundings)
    {
        var name = new Argument<string>("name") { Description = "The namespace." };
        var language = new Option<string?>("--language") { Description = "Its stemming and stop words: en, de, fr, es or none.", HelpName = "code" };
        var model = new Option<string?>("--model") { Description = "The model that makes its vectors; fixed once it is made.", HelpName = "name" };
        var resident = new Option<bool?>("--resident") { Description = "Its content never leaves the company's machines.", HelpName = "true|false" };
        var command = new Command("namespace", "Show a namespace; with options, make it or change it.") { name, language, model, resident };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var client = Service.Connect(parse, surroundings);
            var settings = new NamespaceSettings { Language = parse.GetValue(language), Model = parse.GetValue(model), Resident = parse.GetValue(resident) };
            var space = parse.GetRequiredValue(name);
            var answer = settings == new NamespaceSettings()
                ? await client.GetNamespaceAsync(space, cancellationToken)
                : await client.PutNamespaceAsync(space, settings, cancellationToken);
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(Service.Json))
            {
                await output.WriteLineAsync(CliJson.Text(CliJson.Describe(answer, CliJson.Default.NamespaceInfo)));
                return ExitCodes.Ok;
            }

            var info = answer.Value;
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"name      {info.Name}\nrecords   {info.Count}"));
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"vectors   {info.Settings?.VectorSource} {info.Settings?.Model ?? info.Settings?.VectorModel} {info.Settings?.Dimensions}"));
            await output.WriteLineAsync($"language  {info.Settings?.Language}\nresident  {(info.Settings?.Resident == true ? "yes" : "no")}");
            return ExitCodes.Ok;
        });
        return command;
    }
}
