using System.CommandLine;
using System.Globalization;
using Sophia.Cli.Terminal;
using Sophia.Client;

namespace Sophia.Cli.Snowflake;

/// <summary><c>sophia snowflake mirror</c>: how the service's writing to Snowflake stands; pause, resume and flush.</summary>
internal static class MirrorCommand
{
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command("mirror", "Show what waits for Snowflake, the mirror's lag and its cost.");
        command.SetAction((parse, stop) => RunAsync(parse, surroundings, static (client, token) => client.GetSnowflakeAsync(token), stop));
        Add(command, surroundings, "pause", "Stop the mirror, in every process of the service.", static (client, token) => client.PauseMirrorAsync(true, token));
        Add(command, surroundings, "resume", "Let the mirror go on.", static (client, token) => client.PauseMirrorAsync(false, token));
        Add(command, surroundings, "flush", "Write now what waits, and wait for it.", static (client, token) => client.FlushSnowflakeAsync(token));
        return command;
    }

    private static void Add(Command mirror, Surroundings surroundings, string name, string description, Func<SophiaClient, CancellationToken, Task<Answer<SnowflakeStatus>>> call)
    {
        var command = new Command(name, description);
        command.SetAction((parse, stop) => RunAsync(parse, surroundings, call, stop));
        mirror.Subcommands.Add(command);
    }

    private static async Task<int> RunAsync(
        ParseResult parse, Surroundings surroundings, Func<SophiaClient, CancellationToken, Task<Answer<SnowflakeStatus>>> call, CancellationToken cancellationToken)
    {
        var answer = await call(Service.Connect(parse, surroundings, mayTakeHours: parse.CommandResult.Command.Name == "flush"), cancellationToken);
        var output = parse.InvocationConfiguration.Output;
        if (parse.GetValue(Service.Json))
        {
            await output.WriteLineAsync(CliJson.Text(CliJson.Describe(answer, CliJson.Default.SnowflakeStatus)));
            return ExitCodes.Ok;
        }

        var status = answer.Value;
        await output.WriteLineAsync($"engine   {status.Engine}");
        await output.WriteLineAsync(status.Mirror is { } mirror
            ? string.Create(CultureInfo.InvariantCulture, $"mirror   {(mirror.Paused ? "paused, " : "")}{mirror.LagRows} rows and {mirror.LagSeconds:0.#} s behind the log{(mirror.Stripped > 0 ? $", {mirror.Stripped} rows without their content" : "")}")
            : "mirror   off (Sophia:Snowflake:Mirror)");
        await output.WriteLineAsync("waiting  " + string.Join(", ", status.Waiting.Select(static w => $"{w.Key} {w.Value}")));
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"flushes  {status.FlushesLastDay} in the last day, about {status.CreditsLastDay:0.##} credits; at most {status.CreditsPerDayAtMost:0.##} a day"));
        if (status.LastError is { } error)
        {
            await output.WriteLineAsync($"failed   {Styles.OneLine(error, 500)}");
        }

        return ExitCodes.Ok;
    }
}
