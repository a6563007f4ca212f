using System.CommandLine;
using Sophia.Cli.Terminal;

namespace Sophia.Cli.Import;

/// <summary><c>sophia import</c>.</summary>
internal static class ImportCommand
{
    public static Command Create(Surroundings surroundings)
    {
        var source = new Argument<string>("source") { Description = "An .ndjson or .jsonl file (also .gz), a folder, or one text file. - reads NDJSON from standard input." };
        var space = Service.Namespace();
        var keyPrefix = new Option<string>("--key-prefix") { Description = "Put this before every key, such as docs/.", DefaultValueFactory = static _ => "", HelpName = "text" };
        var strict = new Option<bool>("--strict") { Description = "NDJSON: stop at the first line that is no record." };
        var gzip = new Option<bool>("--gzip") { Description = "Read compressed files that are not named .gz, too." };
        var followLinks = new Option<bool>("--follow-links") { Description = "Folder: follow symbolic links." };
        var fresh = new Option<bool>("--fresh") { Description = "Look at everything again, whatever earlier runs have done." };
        var command = new Command("import", "Import NDJSON, or a folder of Markdown and text. Ctrl-C and run again goes on.")
        {
            source, space, keyPrefix, strict, gzip, followLinks, fresh,
        };
        command.SetAction((parse, cancellationToken) => new ImportRun(
            Service.Connect(parse, surroundings, maxRetries: ImportRun.MaxRetries),
            Service.Address(parse, surroundings)!,
            Service.Caller(parse, surroundings),
            new ImportOptions(
                parse.GetRequiredValue(source), parse.GetRequiredValue(space), parse.GetValue(keyPrefix) ?? "", parse.GetValue(strict),
                parse.GetValue(gzip), parse.GetValue(followLinks), parse.GetValue(fresh), parse.GetValue(Service.Json)),
            surroundings).RunAsync(parse.InvocationConfiguration.Output, cancellationToken));
        return command;
    }
}
