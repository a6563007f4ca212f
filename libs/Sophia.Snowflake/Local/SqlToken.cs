namespace Sophia.Snowflake.Local;

internal enum SqlTokenKind { None, Word, QuotedName, Literal, Number, Symbol, Space }

/// <summary>A stretch of a statement; the tokens of a text, joined, are the text.</summary>
internal readonly record struct SqlToken(SqlTokenKind Kind, string Text)
{
    public bool Is(string word) => Kind is SqlTokenKind.Word or SqlTokenKind.Symbol && Text.Equals(word, StringComparison.OrdinalIgnoreCase);
}

/// <summary>
/// Cuts Snowflake's SQL: words, "names" and 'texts' with their doubled quotes, backslash escapes in texts, $$texts$$, three kinds of comments, numbers, symbols.
/// </summary>
internal static class SqlLexer
{
    private static readonly HashSet<string> Pairs = new(StringComparer.Ordinal) { "::", "<=", ">=", "<>", "!=", "||", "=>", "->" };

    /// <exception cref="SnowflakeException">A quote or comment has no end.</exception>
    public static List<SqlToken> Read(string sql)
    {
        var tokens = new List<SqlToken>();
        for (var at = 0; at < sql.Length;)
        {
            var (kind, end) = Next(sql, at);
            tokens.Add(new(kind, sql[at..end]));
            at = end;
        }
        return tokens;
    }

    private static (SqlTokenKind Kind, int End) Next(string sql, int at)
    {
        var c = sql[at];
        var next = at + 1 < sql.Length ? sql[at + 1] : '\0';
        if (char.IsWhiteSpace(c)) return (SqlTokenKind.Space, While(sql, at, char.IsWhiteSpace));
        if ((c == '-' && next == '-') || (c == '/' && next == '/')) return (SqlTokenKind.Space, While(sql, at, static x => x is not '\n'));
        if (c == '/' && next == '*') return (SqlTokenKind.Space, After(sql, at + 2, "*/", "comment"));
        if (c == '$' && next == '$') return (SqlTokenKind.Literal, After(sql, at + 2, "$$", "text"));
        if (c == '\'') return (SqlTokenKind.Literal, Quoted(sql, at, '\'', escapes: true));
        if (c == '"') return (SqlTokenKind.QuotedName, Quoted(sql, at, '"', escapes: false));
        if (char.IsAsciiDigit(c)) return (SqlTokenKind.Number, Number(sql, at));
        if (char.IsLetter(c) || c == '_') return (SqlTokenKind.Word, While(sql, at, static x => char.IsLetterOrDigit(x) || x is '_' or '$'));
        return (SqlTokenKind.Symbol, at + (Pairs.Contains($"{c}{next}") ? 2 : 1));
    }

    private static int While(string sql, int at, Func<char, bool> belongs)
    {
        while (at < sql.Length && belongs(sql[at])) at++;
        return at;
    }

    private static int After(string sql, int from, string end, string what)
    {
        var at = sql.IndexOf(end, from, StringComparison.Ordinal);
        return at < 0 ? throw SnowflakeException.Syntax($"syntax error: the {what} has no end.") : at + end.Length;
    }

    private static int Quoted(string sql, int at, char quote, bool escapes)
    {
        for (var i = at + 1; i < sql.Length; i++)
        {
            if (escapes && sql[i] == '\\') i++;
            else if (sql[i] == quote && i + 1 < sql.Length && sql[i + 1] == quote) i++;
            else if (sql[i] == quote) return i + 1;
        }
        throw SnowflakeException.Syntax($"syntax error: the {(quote == '"' ? "name" : "text")} has no end.");
    }

    private static int Number(string sql, int at)
    {
        at = While(sql, at, static x => char.IsAsciiDigit(x) || x == '.');
        if (at < sql.Length && sql[at] is 'e' or 'E')
        {
            var exponent = at + 1 < sql.Length && sql[at + 1] is '+' or '-' ? at + 2 : at + 1;
            if (exponent < sql.Length && char.IsAsciiDigit(sql[exponent])) at = While(sql, exponent, char.IsAsciiDigit);
        }
        return at;
    }
}
