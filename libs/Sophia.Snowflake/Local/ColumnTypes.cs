using System.Globalization;

namespace Sophia.Snowflake.Local;

/// <summary>The engine's types by the names that the drivers know.</summary>
internal static class ColumnTypes
{
    /// <exception cref="SnowflakeException">A type that Snowflake has not, such as an interval.</exception>
    public static LocalColumn Of(string name, string type)
    {
        if (type.StartsWith("Decimal", StringComparison.OrdinalIgnoreCase) || type.StartsWith("Numeric", StringComparison.OrdinalIgnoreCase))
        {
            var parts = type[(type.IndexOf('(', StringComparison.Ordinal) + 1)..].TrimEnd(')').Split(',');
            return parts.Length == 2 && int.TryParse(parts[0], CultureInfo.InvariantCulture, out var precision) && int.TryParse(parts[1], CultureInfo.InvariantCulture, out var scale)
                ? new(name, "fixed", precision, scale)
                : new(name, "fixed", 38, 0);
        }
        if (type.EndsWith(']'))
        {
            var open = type.LastIndexOf('[');
            return int.TryParse(type[(open + 1)..^1], CultureInfo.InvariantCulture, out var dimension) ? new(name, "vector", Dimension: dimension) : new(name, "array");
        }
        return type.ToUpperInvariant() switch
        {
            "TINYINT" or "SMALLINT" or "INTEGER" or "BIGINT" or "HUGEINT" or "UTINYINT" or "USMALLINT" or "UINTEGER" or "UBIGINT" or "UHUGEINT"
                or "UNSIGNEDTINYINT" or "UNSIGNEDSMALLINT" or "UNSIGNEDINTEGER" or "UNSIGNEDBIGINT" or "UNSIGNEDHUGEINT" => new(name, "fixed", 38, 0),
            "FLOAT" or "DOUBLE" => new(name, "real"),
            "VARCHAR" or "JSON" or "UUID" or "ENUM" or "SQLNULL" or "NULL" or "\"NULL\"" => new(name, "text"),
            "BOOLEAN" => new(name, "boolean"),
            "DATE" => new(name, "date"),
            "TIME" => new(name, "time", 0, 9),
            "TIMESTAMP" or "TIMESTAMP_S" or "TIMESTAMP_MS" or "TIMESTAMP_NS" or "TIMESTAMPS" or "TIMESTAMPMS" or "TIMESTAMPNS" => new(name, "timestamp_ntz", 0, 9),
            "TIMESTAMPTZ" or "TIMESTAMP WITH TIME ZONE" => new(name, "timestamp_tz", 0, 9),
            // The driver does not say how long; the first value does.
            "ARRAY" => new(name, "vector"),
            "LIST" => new(name, "array"),
            "BLOB" => new(name, "binary"),
            _ => throw SnowflakeException.Unsupported($"a result column of type {type}"),
        };
    }
}
