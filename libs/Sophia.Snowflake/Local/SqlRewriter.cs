using System.Text;

namespace Sophia.Snowflake.Local;

/// <summary>
/// Snowflake's words in the engine's: unquoted names in upper case, types where a type stands, <c>?</c> and <c>:1</c> as <c>$1</c>, escapes of texts,
/// <c>CURRENT_…()</c>. Where a word may also be a name (a column called NUMBER), it is left alone.
/// </summary>
internal static class SqlRewriter
{
    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        ["NUMBER"] = "DECIMAL", ["NUMERIC"] = "DECIMAL", ["DECIMAL"] = "DECIMAL", ["INT"] = "BIGINT", ["INTEGER"] = "BIGINT", ["SMALLINT"] = "BIGINT", ["TINYINT"] = "BIGINT",
        ["FLOAT"] = "DOUBLE", ["FLOAT4"] = "DOUBLE", ["FLOAT8"] = "DOUBLE", ["REAL"] = "DOUBLE", ["STRING"] = "VARCHAR", ["VARIANT"] = "JSON", ["OBJECT"] = "JSON",
        ["TIMESTAMP_NTZ"] = "TIMESTAMP", ["TIMESTAMP_LTZ"] = "TIMESTAMPTZ", ["TIMESTAMP_TZ"] = "TIMESTAMPTZ", ["DATETIME"] = "TIMESTAMP", ["VARBINARY"] = "BLOB", ["BINARY"] = "BLOB",
    };

    /// <param name="tokens">One statement.</param>
    /// <param name="state">The values of CURRENT_DATABASE and its like.</param>
    public static (string Sql, int Binds) Rewrite(IReadOnlyList<SqlToken> tokens, IReadOnlyDictionary<string, string?> state)
    {
        var code = tokens.Where(static t => t.Kind != SqlTokenKind.Space).ToArray();
        var sql = new StringBuilder();
        var (marks, numbered) = (0, 0);
        var creates = code.Length > 1 && (code[0].Is("CREATE") || code[0].Is("ALTER"));
        var casts = new Stack<bool>();
        for (var i = 0; i < code.Length; i++)
        {
            var token = code[i];
            var before = i > 0 ? code[i - 1] : default;
            var next = i + 1 < code.Length ? code[i + 1] : default;
            if (i > 0) sql.Append(Joined(before, token, next) ? "" : " ");
            if (token.Is("(")) casts.Push(before.Is("CAST") || before.Is("TRY_CAST"));
            else if (token.Is(")")) casts.TryPop(out _);
            if (token.Is("?")) sql.Append('$').Append(++marks);
            else if (token.Is(":") && next.Kind == SqlTokenKind.Number && int.TryParse(next.Text, out var number) && number is > 0 and < 100_000)
            {
                sql.Append('$').Append(number);
                numbered = Math.Max(numbered, number);
                i++;
            }
            else if (token.Is(":")) throw SnowflakeException.Unsupported("a path into a VARIANT (:)");
            else if (token.Kind == SqlTokenKind.Literal) sql.Append(Literal(token.Text));
            else if (token.Kind == SqlTokenKind.Word)
            {
                var word = token.Text.ToUpperInvariant();
                var typed = before.Is("::") || (before.Is("AS") && casts.TryPeek(out var cast) && cast) || (creates && Defines(code, i));
                if (typed && Types.TryGetValue(word, out var type)) sql.Append(type == "DECIMAL" && !next.Is("(") ? "DECIMAL(38,0)" : type);
                else if (typed && word == "VECTOR") sql.Append(Vector(code, ref i));
                else if (next.Is("(") && i + 2 < code.Length && code[i + 2].Is(")") && state.TryGetValue(word, out var value))
                {
                    sql.Append(value is null ? "NULL" : $"'{value.Replace("'", "''", StringComparison.Ordinal)}'");
                    i += 2;
                }
                else if (word is "CURRENT_TIMESTAMP" or "CURRENT_DATE" or "CURRENT_TIME" && next.Is("("))
                {
                    if (i + 2 >= code.Length || !code[i + 2].Is(")")) throw SnowflakeException.Unsupported(word + " with a precision");
                    sql.Append(word);
                    i += 2;
                }
                else sql.Append(word);
            }
            else sql.Append(token.Text);
        }
        return (sql.ToString(), Math.Max(marks, numbered));
    }

    // No space where the engine reads two tokens as one: 1.5, a.b, ::, <=, a[1].
    private static bool Joined(SqlToken before, SqlToken token, SqlToken next) =>
        (before.Kind == SqlTokenKind.Symbol && token.Kind == SqlTokenKind.Symbol && "<>=!|-~*&".Contains(before.Text[0]) && "<>=|~".Contains(token.Text[0]))
        || before.Is(".") || token.Is(".") || token.Is("::") || before.Is("::") || token.Is("(") && next.Is(")");

    // A type stands behind a column's name, and that behind "(" or "," or COLUMN.
    private static bool Defines(SqlToken[] code, int i) =>
        i > 1 && code[i - 1].Kind is SqlTokenKind.Word or SqlTokenKind.QuotedName && (code[i - 2].Is("(") || code[i - 2].Is(",") || code[i - 2].Is("COLUMN") || code[i - 2].Is("ADD"));

    // VECTOR(FLOAT, 3): the engine's FLOAT[3].
    private static string Vector(SqlToken[] code, ref int i)
    {
        if (i + 5 >= code.Length || !code[i + 1].Is("(") || !code[i + 3].Is(",") || !int.TryParse(code[i + 4].Text, out var dimension) || dimension is < 1 or > 4096 || !code[i + 5].Is(")"))
            throw SnowflakeException.Syntax("VECTOR takes an element type and 1 to 4096 elements: VECTOR(FLOAT, 256).");
        var element = code[i + 2].Is("FLOAT") ? "FLOAT" : code[i + 2].Is("INT") ? "INTEGER" : throw SnowflakeException.Syntax("A VECTOR's elements are FLOAT or INT.");
        i += 5;
        return $"{element}[{dimension}]";
    }

    private static string Literal(string text)
    {
        if (text[0] == '$') return $"'{text[2..^2].Replace("'", "''", StringComparison.Ordinal)}'";
        if (!text.Contains('\\', StringComparison.Ordinal)) return text;
        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\') { plain.Append(text[i]); continue; }
            plain.Append(text[++i] switch
            {
                'n' => "\n", 't' => "\t", 'r' => "\r", 'b' => "\b", 'f' => "\f", '\'' => "''",
                '0' or 'u' or 'x' => throw SnowflakeException.Unsupported("an escape by number in a text"),
                var other => other.ToString(),
            });
        }
        return plain.ToString();
    }
}
