using System.Data.Common;

namespace Sophia.Snowflake.Local;

/// <summary>A statement was refused, with the number and SQL state that Snowflake gives for it.</summary>
public sealed class SnowflakeException(string code, string sqlState, string message, Exception? inner = null) : DbException(message, inner)
{
    /// <summary>Six digits, as the drivers show them: 002003 where an object is not there.</summary>
    public string Code { get; } = code;

    /// <summary>Five characters of the SQL standard's states: 42S02.</summary>
    public override string SqlState { get; } = sqlState;

    /// <summary><see cref="Code"/> as a number, as Snowflake.Data gives it.</summary>
    public override int ErrorCode => int.Parse(Code, System.Globalization.CultureInfo.InvariantCulture);

    public static SnowflakeException Unsupported(string construct) =>
        new("000002", "0A000", $"Unsupported feature '{construct}'. The local Snowflake does not know it.");

    internal static SnowflakeException Syntax(string what) => new("001003", "42000", $"SQL compilation error:\n{what}");

    internal static SnowflakeException Cancelled() => new("000604", "57014", "SQL execution canceled");
}
