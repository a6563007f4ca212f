using System.Text;

namespace Sophia.Snowflake.Local;

/// <summary>Names and texts as Snowflake reads them and as the engine takes them.</summary>
internal static class SqlNames
{
    // What cannot stand as a name without quotes; docs.snowflake.com, "Reserved and limited keywords".
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "ALL", "ALTER", "AND", "ANY", "AS", "BETWEEN", "BY", "CASE", "CAST", "CHECK", "CONNECT", "CONSTRAINT", "CREATE", "CROSS", "CURRENT", "DELETE", "DISTINCT", "DROP",
        "ELSE", "EXISTS", "FALSE", "FOLLOWING", "FOR", "FROM", "FULL", "GRANT", "GROUP", "HAVING", "ILIKE", "IN", "INCREMENT", "INNER", "INSERT", "INTERSECT", "INTO", "IS",
        "JOIN", "LATERAL", "LEFT", "LIKE", "LIMIT", "MINUS", "NATURAL", "NOT", "NULL", "OF", "OFFSET", "FETCH", "ON", "OR", "ORDER", "QUALIFY", "REGEXP", "REVOKE", "RIGHT", "RLIKE", "ROW", "ROWS",
        "SAMPLE", "SELECT", "SET", "SOME", "START", "TABLE", "TABLESAMPLE", "THEN", "TO", "TRIGGER", "TRUE", "TRY_CAST", "UNION", "UNIQUE", "UPDATE", "USING", "VALUES", "WHEN", "WHENEVER", "WHERE", "WITH", "EXCEPT",
    };

    public static bool IsName(SqlToken token) => token.Kind == SqlTokenKind.QuotedName || (token.Kind == SqlTokenKind.Word && !Reserved.Contains(token.Text));

    /// <summary>One name: upper case, or as it stands between its quotes.</summary>
    public static string Read(SqlCursor at)
    {
        if (!IsName(at.Now)) throw at.Unexpected();
        return Of(at.Take());
    }

    public static string Of(SqlToken token)
    {
        var name = Plain(token);
        // The engine takes names in any case; what the account has stands there, and no statement may read or write it.
        if (name.Equals(AccountObjects.Schema, StringComparison.OrdinalIgnoreCase)) throw new SnowflakeException("002003", "02000", $"SQL compilation error:\nSchema '{name}' does not exist or not authorized.");
        return name.Length is > 0 and <= 255 && !name.Contains('\0', StringComparison.Ordinal) ? name : throw SnowflakeException.Syntax("A name has 1 to 255 characters.");
    }

    /// <summary>A name as <see cref="Of"/> has it, whatever it names.</summary>
    public static string Plain(SqlToken token) =>
        token.Kind == SqlTokenKind.QuotedName ? token.Text[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : token.Text.ToUpperInvariant();

    /// <summary>The parts of a name with points.</summary>
    public static List<string> Dotted(SqlCursor at)
    {
        List<string> parts = [Read(at)];
        while (at.Try("."))
        {
            // After a point a reserved word is a name too.
            var token = at.Take();
            parts.Add(token.Kind is SqlTokenKind.Word or SqlTokenKind.QuotedName ? Of(token) : throw SnowflakeException.Syntax($"syntax error: unexpected '{token.Text}' behind a point."));
        }
        return parts;
    }

    public static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public static string Quoted(IEnumerable<string> parts) => string.Join('.', parts.Select(Quoted));

    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>The value of a 'text' or a $$text$$.</summary>
    public static string Text(SqlToken token)
    {
        var text = token.Text;
        if (token.Kind != SqlTokenKind.Literal) throw SnowflakeException.Syntax($"syntax error: '{text}' stands where a text is needed.");
        if (text[0] == '$') return text[2..^2];
        var plain = new StringBuilder(text.Length);
        for (var i = 1; i < text.Length - 1; i++)
        {
            if (text[i] == '\'') i++;
            if (text[i] != '\\') { plain.Append(text[i]); continue; }
            plain.Append(text[++i] switch
            {
                'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f',
                '0' or 'u' or 'x' => throw SnowflakeException.Unsupported("an escape by number in a text"),
                var other => other,
            });
        }
        return plain.ToString();
    }
}
