using System.CommandLine;
using System.Data.Common;
using Sophia.Cli.Terminal;
using Sophia.Snowflake.Connecting;

namespace Sophia.Cli.Snowflake;

/// <summary>Which Snowflake a command works on: an account, or the file of a local one.</summary>
internal static class Database
{
    public static readonly Option<string?> Connection = new("--connection")
    {
        Description = "The account, as Snowflake.Data reads it: account=…;user=…;authenticator=…;db=SOPHIA;role=SOPHIA_MIGRATIONS. Else SOPHIA_SNOWFLAKE.", HelpName = "string",
    };

    public static readonly Option<string?> File = new("--file") { Description = "The database of a local Snowflake, such as data/snowflake.duckdb; made where it is missing.", HelpName = "path" };

    /// <summary>Runs on the data source, and closes it.</summary>
    /// <exception cref="UsageException">Neither is given, both are, or it cannot be used; the message says why.</exception>
    public static async Task<T> UseAsync<T>(ParseResult parse, Surroundings surroundings, Func<DbDataSource, Task<T>> work)
    {
        var file = parse.GetValue(File);
        var connection = parse.GetValue(Connection) ?? (file is null ? surroundings.Variable("SOPHIA_SNOWFLAKE") : null);
        if ((file is null) == string.IsNullOrWhiteSpace(connection))
        {
            throw new UsageException(
                file is null ? "Nothing says which Snowflake." : "An account and a local file are given.",
                "Give --connection (or SOPHIA_SNOWFLAKE) for an account, or --file for a local Snowflake.");
        }

        try
        {
            await using var source = SnowflakeDataSources.Open(connection, file);
            return await work(source);
        }
        catch (SnowflakeDriverMissingException e)
        {
            throw new UsageException(e.Message, "sophia snowflake plan --sql prints the statements, for a worksheet.");
        }
        catch (DbException e) when (file is not null && e.Message.Contains("lock", StringComparison.OrdinalIgnoreCase))
        {
            throw new UsageException($"{file} is in use by another process.", "Stop the service, or ask it: its own Snowflake is migrated when it starts.");
        }
        catch (DbException e)
        {
            throw new UsageException($"Snowflake refused: {e.Message}", "Look at the connection, the role and its rights (deploy/snowflake/account-administrator.sql).");
        }
    }
}
