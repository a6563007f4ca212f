using System.CommandLine;

namespace Sophia.Cli.Snowflake;

/// <summary><c>sophia snowflake</c></summary>
internal static class SnowflakeCommand
{
    public static Command Create() => new("snowflake", "What Sophia needs in Snowflake.") { FunctionsCommand.Create() };
}
