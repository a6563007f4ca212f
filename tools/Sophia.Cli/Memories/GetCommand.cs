using System.CommandLine;
using System.Text;
using Sophia.Cli.Terminal;
using Sophia.Client;

namespace Sophia.Cli.Memories;

/// <summary><c>sophia get</c>: the content on stdout as it is, what served it on stderr.</summary>
internal static class GetCommand
{
    public static Command Create(Surroundings surroundings)
    {
        var key = new Argument<string>("key") { Description = "The record's key." };
        var space = Service.Namespace();
        var asOf = new Option<DateTimeOffset?>("--as-of") { Description = "The record as it was recorded then.", HelpName = "time" };
        var command = new Command("get", "Read one record: its content on stdout, the tier and the time on stderr.") { key, space, asOf };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var answer = await Service.Connect(parse, surroundings).GetAsync(
                parse.GetRequiredValue(space), parse.GetRequiredValue(key), new ReadOptions { AsOf = parse.GetValue(asOf) }, cancellationToken);
            if (parse.GetValue(Service.Json))
            {
                await parse.InvocationConfiguration.Output.WriteLineAsync(CliJson.Text(CliJson.Describe(answer, CliJson.Default.MemoryRecord)));
                return ExitCodes.Ok;
            }
            var record = answer.Value;
            var bytes = record.Bytes ?? Encoding.UTF8.GetBytes(record.Content?.ToString() ?? "");
            await surroundings.Output.WriteAsync(bytes, cancellationToken);
            // A shell's prompt belongs on a line of its own; a pipe gets the content to the byte.
            if (surroundings.OutputIsTerminal && bytes is not [.., (byte)'\n']) await surroundings.Output.WriteAsync("\n"u8.ToArray(), cancellationToken);
            await surroundings.Output.FlushAsync(cancellationToken);
            await surroundings.Error.WriteLineAsync($"{Served.Line(answer)} · version {record.Version}");
            return ExitCodes.Ok;
        });
        return command;
    }
}
