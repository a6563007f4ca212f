using System.Text.RegularExpressions;
using DuckDB.NET.Data;

namespace Sophia.Snowflake.Local;

/// <summary>DuckDB's errors with Snowflake's numbers.</summary>
internal static partial class EngineErrors
{
    public static SnowflakeException From(DuckDBException error)
    {
        var text = error.Message;
        if (text.StartsWith("INTERRUPT", StringComparison.OrdinalIgnoreCase)) return SnowflakeException.Cancelled();
        if (text.IndexOf(AccountObjects.Raised, StringComparison.Ordinal) is >= 0 and var at && text.Length > at + 14) return new(text[(at + 3)..(at + 9)], text[(at + 9)..(at + 14)], text[(at + 14)..], error);
        if (text.StartsWith("Parser", StringComparison.Ordinal)) return SnowflakeException.Syntax(text);
        if (text.StartsWith("Catalog", StringComparison.Ordinal))
        {
            var name = Named().Match(text) is { Success: true } m ? m.Groups[2].Value : "";
            if (text.Contains("already exists", StringComparison.Ordinal)) return new("002002", "42710", $"SQL compilation error:\nObject '{name}' already exists.", error);
            return text.Contains("Function", StringComparison.Ordinal)
                ? new("002140", "42601", $"SQL compilation error:\nUnknown function {name}.", error)
                : new("002003", "42S02", $"SQL compilation error:\nObject '{name}' does not exist or not authorized.", error);
        }
        if (text.StartsWith("Binder", StringComparison.Ordinal)) return new("000904", "42000", $"SQL compilation error:\n{text}", error);
        if (text.Contains("Division by zero", StringComparison.Ordinal)) return new("100051", "22012", "Division by zero", error);
        if (text.Contains("Malformed JSON", StringComparison.Ordinal)) return new("100069", "22P02", "Error parsing JSON: " + text, error);
        if (text.StartsWith("Conversion", StringComparison.Ordinal)) return new("100038", "22018", text, error);
        if (text.StartsWith("Out of Range", StringComparison.Ordinal)) return new("100039", "22003", text, error);
        if (TooLong().Match(text) is { Success: true } limit) return new("100078", "22000", $"A text is longer than the {limit.Groups[2].Value} characters of {limit.Groups[1].Value} and would be truncated.", error);
        if (text.StartsWith("Constraint", StringComparison.Ordinal)) return new("100072", "22000", text, error);
        return new("000603", "XX000", text, error);
    }

    [GeneratedRegex(@"\AConstraint Error: CHECK constraint failed on table .* with expression CHECK\(\(length\((.+)\) <= ([0-9]+)\)\)")]
    private static partial Regex TooLong();

    [GeneratedRegex("(Table|View|Schema|Function|Sequence|Type|Macro)[^\"]*?with name \"?([^\" ]+)\"?")]
    private static partial Regex Named();
}
