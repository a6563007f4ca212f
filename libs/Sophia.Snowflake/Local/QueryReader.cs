using Sophia.Snowflake.Local.Remote;

namespace Sophia.Snowflake.Local;

/// <summary>Reads a query: WITH, SELECT, VALUES, set operations, joins, FLATTEN, GENERATOR, QUALIFY. Clauses that it has no rule for are refused by name.</summary>
internal sealed partial class QueryReader
{
    private readonly SqlCursor _at;

    public QueryReader(SqlCursor at, IReadOnlyDictionary<string, string?> state, FunctionCatalogue functions, bool flattens)
    {
        _at = at;
        Expressions = new(at, state, functions, Read);
        if (flattens) Expressions.Variants.UnionWith(["VALUE", "THIS"]);
    }

    public ExpressionReader Expressions { get; }

    public string Read()
    {
        _at.Enter();
        var sql = "";
        if (_at.Try("WITH"))
        {
            sql = _at.Try("RECURSIVE") ? "WITH RECURSIVE " : "WITH ";
            List<string> parts = [];
            do
            {
                var name = SqlNames.Quoted(SqlNames.Read(_at)) + Columns();
                _at.Expect("AS", "(");
                parts.Add($"{name} AS ({Read()})");
                _at.Expect(")");
            }
            while (_at.Try(","));
            sql += string.Join(", ", parts) + " ";
        }
        // TOP is of its own SELECT, and where that stands alone it counts behind the order.
        var body = Body(out var top, out var selected);
        for (var links = 0; _at.Is("UNION") || _at.Is("EXCEPT") || _at.Is("MINUS") || _at.Is("INTERSECT"); SqlCursor.Link(ref links))
        {
            var word = _at.Take().Text.ToUpperInvariant();
            body = $"{Whole(body, top)} {(word == "MINUS" ? "EXCEPT" : word)}{(word == "UNION" && _at.Try("ALL") ? " ALL" : "")} {Whole(Body(out var next, out _), next)}";
            (top, selected) = ("", null);
        }
        sql += body;
        if (_at.Is("ORDER")) sql += " " + Expressions.OrderBy(selected);
        sql += top;
        if (top.Length > 0 && (_at.Is("LIMIT") || _at.Is("OFFSET"))) throw _at.Unexpected();
        if (_at.Try("LIMIT")) sql += " LIMIT " + Expressions.Read();
        if (_at.Try("OFFSET")) sql += " OFFSET " + Expressions.Read();
        if (_at.Is("FETCH") || _at.Is("FOR")) throw SnowflakeException.Unsupported(_at.Now.Text.ToUpperInvariant());
        _at.Leave();
        return sql;
    }

    private static string Whole(string body, string top) => top.Length > 0 ? $"({body}{top})" : body;

    /// <param name="top">What TOP says, to stand behind the order; empty where it says nothing.</param>
    /// <param name="selected">What the SELECT gives, for an order by place or title, a * without a title; null where it is none.</param>
    private string Body(out string top, out List<(string? Title, Piece Value)>? selected)
    {
        (top, selected) = ("", null);
        if (_at.Try("("))
        {
            var inner = Read();
            _at.Expect(")");
            return $"({inner})";
        }
        if (_at.Is("VALUES")) return $"SELECT * FROM ({Values(out var width)}) AS t({Numbered(width)})";
        _at.Expect("SELECT");
        var sql = "SELECT " + (_at.Try("DISTINCT") ? "DISTINCT " : "");
        _at.Try("ALL");
        if (_at.Try("TOP")) top = $" LIMIT {SqlType.Whole(_at, 0, int.MaxValue, "TOP")}";
        List<string> items = [];
        selected = [];
        do items.Add(Item(selected));
        while (_at.Try(","));
        sql += string.Join(", ", items);
        if (_at.Try("FROM")) sql += " FROM " + From();
        if (_at.Try("WHERE")) sql += " WHERE " + Expressions.Read();
        if (_at.Is("CONNECT") || _at.Is("START")) throw SnowflakeException.Unsupported("CONNECT BY");
        if (_at.Try("GROUP", "BY"))
        {
            if (_at.Try("ALL"))
            {
                sql += " GROUP BY ALL";
                selected = selected.ConvertAll(static s => (s.Title, ExpressionReader.OfGroup(s.Value)));
            }
            else sql += " GROUP BY " + Group();
        }
        if (_at.Try("HAVING")) sql += " HAVING " + Expressions.Read();
        if (_at.Try("QUALIFY")) sql += " QUALIFY " + Expressions.Read();
        return sql;
    }

    private string Group()
    {
        List<string> keys = [];
        do
        {
            if (_at.Is("GROUPING")) throw SnowflakeException.Unsupported("GROUPING SETS");
            var around = _at.Is("ROLLUP", "(") || _at.Is("CUBE", "(") ? _at.Take().Text.ToUpperInvariant() : null;
            if (around is not null) _at.Take();
            keys.Add(around is null ? Expressions.Read().Sql : $"{around} ({string.Join(", ", Expressions.List(")"))})");
        }
        while (_at.Try(","));
        return string.Join(", ", keys);
    }

    private string Item(List<(string? Title, Piece Value)> selected)
    {
        var from = _at.At;
        selected.Add(default);
        if (_at.Try("*")) return "*" + Exclude();
        if (SqlNames.IsName(_at.Now) && _at.Peek(1).Is(".") && _at.Peek(2).Is("*"))
        {
            var table = SqlNames.Quoted(SqlNames.Read(_at));
            _at.Expect(".", "*");
            return table + ".*" + Exclude();
        }
        var value = Expressions.Read();
        var title = _at.Title(from);
        var named = _at.Try("AS") ? SqlNames.Of(_at.Take()) : SqlNames.IsName(_at.Now) ? SqlNames.Read(_at) : null;
        title = named ?? title;
        selected[^1] = (title, value);
        // A column alone is titled by its own name.
        if (named is null && value.Sql.EndsWith('"') && value.Sql.StartsWith('"')) return value.Sql;
        return $"{value} AS {SqlNames.Quoted(title.Length > 255 ? title[..255] : title)}";
    }

    private string Exclude()
    {
        if (_at.Is("RENAME") || _at.Is("REPLACE") || _at.Is("ILIKE")) throw SnowflakeException.Unsupported($"* {_at.Now.Text.ToUpperInvariant()}");
        if (!_at.Try("EXCLUDE")) return "";
        if (_at.Is("(")) return $" EXCLUDE {Columns()}";
        return $" EXCLUDE ({SqlNames.Quoted(SqlNames.Read(_at))})";
    }

    /// <summary>Names in parentheses, with them; nothing where none stand here.</summary>
    public string Columns()
    {
        if (!_at.Try("(")) return "";
        List<string> names = [];
        do names.Add(SqlNames.Quoted(SqlNames.Read(_at)));
        while (_at.Try(","));
        _at.Expect(")");
        return $"({string.Join(", ", names)})";
    }

    public string Values(out int width)
    {
        _at.Expect("VALUES");
        List<string> rows = [];
        width = 0;
        do
        {
            _at.Expect("(");
            var row = Expressions.List(")");
            if (row.Count == 0 || (width > 0 && row.Count != width)) throw SnowflakeException.Syntax("Rows of VALUES have one length, from 1.");
            width = row.Count;
            rows.Add($"({string.Join(", ", row)})");
        }
        while (_at.Try(","));
        return "VALUES " + string.Join(", ", rows);
    }

    private static string Numbered(int width) => string.Join(", ", Enumerable.Range(1, width).Select(static i => $"\"COLUMN{i}\""));

    public string From()
    {
        var sql = Table(true);
        for (var links = 0; ; SqlCursor.Link(ref links))
        {
            if (_at.Try(","))
            {
                var lateral = _at.Is("LATERAL") || _at.Is("TABLE");
                sql += Lateral(lateral ? "CROSS JOIN" : ",", Table(false));
                continue;
            }
            var kind = _at.Try("CROSS") ? "CROSS " : _at.Try("NATURAL") ? "NATURAL " : "";
            if (_at.Is("LEFT") || _at.Is("RIGHT") || _at.Is("FULL")) { kind += _at.Take().Text.ToUpperInvariant() + " "; _at.Try("OUTER"); }
            else if (_at.Try("INNER")) kind += "INNER ";
            if (_at.Is("ASOF")) throw SnowflakeException.Unsupported("ASOF JOIN");
            if (kind.Length == 0 && !_at.Is("JOIN")) return sql;
            _at.Expect("JOIN");
            var right = Table(false);
            if (_at.Try("ON")) sql += $" {kind}JOIN {right.TrimStart('+')} ON {Expressions.Read()}";
            else if (_at.Try("USING")) sql += $" {kind}JOIN {right.TrimStart('+')} USING {Columns()}";
            else sql += kind.Length == 0 || kind == "INNER " ? Lateral("CROSS JOIN", right) : $" {kind}JOIN {right.TrimStart('+')}{(kind is "CROSS " || kind.StartsWith('N') ? "" : " ON TRUE")}";
        }
    }

    // A + before it says that a row stays although nothing is flattened.
    private static string Lateral(string join, string table) => table[0] == '+' ? $" LEFT JOIN {table[1..]} ON TRUE" : $" {join} {table}";

    private string Table(bool first)
    {
        if (_at.Is("LATERAL", "FLATTEN") || _at.Is("TABLE", "(", "FLATTEN"))
        {
            var wrapped = _at.Take().Is("TABLE");
            if (wrapped) _at.Take();
            _at.Take();
            var (inner, outer) = Flatten();
            if (wrapped) _at.Expect(")");
            if (first && outer) throw SnowflakeException.Unsupported("OUTER => TRUE of the first table");
            return $"{(outer ? "+" : "")}{(first ? "" : "LATERAL ")}({inner}){Alias("\"F\"")}";
        }
        if (_at.Try("TABLE", "(", "GENERATOR", "(", "ROWCOUNT", "=>"))
        {
            var rows = _at.Take();
            if (rows.Kind != SqlTokenKind.Number || !long.TryParse(rows.Text, out var count)) throw SnowflakeException.Syntax("ROWCOUNT is a whole number.");
            _at.Expect(")", ")");
            return $"range({count}){Alias("\"G\"")}";
        }
        if (_at.Is("TABLE", "(")) throw SnowflakeException.Unsupported($"TABLE({_at.Peek(2).Text})".ToUpperInvariant());
        var lateral = _at.Try("LATERAL") ? "LATERAL " : "";
        if (_at.Is("VALUES"))
        {
            var rows = Values(out var width);
            return $"{lateral}(SELECT * FROM ({rows}) AS t({Numbered(width)})){Alias("\"VALUES\"")}";
        }
        if (_at.Try("("))
        {
            if (!(_at.Is("SELECT") || _at.Is("WITH") || _at.Is("VALUES") || _at.Is("("))) { var joined = From(); _at.Expect(")"); return $"({joined})"; }
            var values = _at.Is("VALUES");
            var inner = Read();
            _at.Expect(")");
            return $"{lateral}({inner}){Alias(values ? "\"VALUES\"" : null)}";
        }
        var name = Name();
        if (_at.Is("(")) throw SnowflakeException.Unsupported($"the table function {name}");
        return name + Alias(null);
    }

    /// <summary>The name of a table or view; INFORMATION_SCHEMA's are views over the engine's.</summary>
    public string Name()
    {
        var parts = Parts();
        if (parts.Count > 1 && parts[^2] == "INFORMATION_SCHEMA")
            return parts[^1] is "TABLES" or "COLUMNS" or "SCHEMATA" ? $"memory.main.\"IS_{parts[^1]}\"" : throw SnowflakeException.Unsupported($"INFORMATION_SCHEMA.{parts[^1]}");
        return SqlNames.Quoted(parts);
    }

    /// <summary>The parts of such a name: database and schema where they are said.</summary>
    public List<string> Parts()
    {
        if (_at.Is("@") || _at.Is("$") || _at.Is("?") || _at.Is(":")) throw SnowflakeException.Unsupported($"'{_at.Now.Text}' as a table");
        if (_at.Is("IDENTIFIER", "(")) throw SnowflakeException.Unsupported("IDENTIFIER()");
        var parts = SqlNames.Dotted(_at);
        return parts.Count <= 3 ? parts : throw SnowflakeException.Syntax("A table's name has one to three parts.");
    }

    public string Alias(string? otherwise)
    {
        if (_at.Is("AT", "(") || _at.Is("BEFORE", "(")) throw SnowflakeException.Unsupported("Time Travel (AT, BEFORE)");
        if (_at.Is("SAMPLE") || _at.Is("TABLESAMPLE") || _at.Is("PIVOT", "(") || _at.Is("UNPIVOT") || _at.Is("MATCH_RECOGNIZE")) throw SnowflakeException.Unsupported(_at.Now.Text.ToUpperInvariant());
        var named = _at.Try("AS") || (SqlNames.IsName(_at.Now) && !_at.Is("ASOF"));
        return named ? $" AS {SqlNames.Quoted(SqlNames.Read(_at))}{Columns()}" : otherwise is null ? "" : " AS " + otherwise;
    }
}
