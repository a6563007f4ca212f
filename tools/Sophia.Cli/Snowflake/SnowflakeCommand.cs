using System.CommandLine;
using Sophia.Cli.Terminal;

namespace Sophia.Cli.Snowflake;

/// <summary><c>sophia snowflake</c></summary>
internal static class SnowflakeCommand
{
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command("snowflake", "What Sophia needs in Snowflake.") { FunctionsCommand.Create(), MirrorCommand.Create(surroundings) };
        foreach (var schema in SchemaCommands.Create(surroundings))
        {
            command.Subcommands.Add(schema);
        }

        return command;
    }
}
