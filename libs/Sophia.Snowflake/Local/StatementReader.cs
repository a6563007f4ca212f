using System.Globalization;
using System.Text;
using Sophia.Snowflake.Local.Remote;

namespace Sophia.Snowflake.Local;

/// <summary>Reads one statement by its kind and gives the engine's.</summary>
internal sealed partial class StatementReader
{
    private readonly SqlCursor _at;
    private readonly QueryReader _query;
    private readonly IReadOnlyDictionary<string, string?> _state;
    private readonly FunctionCatalogue _functions;
    private string? _doubled;

    private StatementReader(IReadOnlyList<SqlToken> tokens, IReadOnlyDictionary<string, string?> state, FunctionCatalogue functions)
    {
        _at = new(tokens);
        _state = state;
        _functions = functions;
        _query = new(_at, state, functions, tokens.Any(static t => t.Is("FLATTEN")));
    }

    /// <returns>
    /// The engine's statement, how many values must be bound, and for a MERGE that changes rows a query with the same values, whose rows say
    /// that it must fail; otherwise null.
    /// </returns>
    /// <exception cref="SnowflakeException">Wrong, or not known: then it names what.</exception>
    public static (string Sql, int Binds, string? Doubled) Read(IReadOnlyList<SqlToken> tokens, IReadOnlyDictionary<string, string?> state, FunctionCatalogue functions)
    {
        var reader = new StatementReader(tokens, state, functions);
        var sql = reader.Any();
        reader._at.End();
        return (sql, reader._query.Expressions.Binds, reader._doubled);
    }

    private string Any()
    {
        if (_at.Is("SELECT") || _at.Is("WITH") || _at.Is("(") || _at.Is("VALUES")) return _query.Read();
        var schema = _state["CURRENT_SCHEMA"] ?? LocalSnowflake.DefaultSchema;
        if (new AccountReader(_at, schema).Read() is { } account) return account;
        if (new FunctionReader(_at, schema, _functions).Read() is { } function) return function;
        if (_at.Try("INSERT")) return Insert();
        if (_at.Try("UPDATE")) return $"UPDATE {_query.Name()}{_query.Alias(null)} SET {Set()}{(_at.Try("FROM") ? " FROM " + _query.From() : "")}{Where()}";
        if (_at.Try("DELETE", "FROM")) return $"DELETE FROM {_query.Name()}{_query.Alias(null)}{(_at.Try("USING") ? " USING " + _query.From() : "")}{Where()}";
        if (_at.Try("MERGE", "INTO")) return Merge();
        if (_at.Try("TRUNCATE")) { _at.Try("TABLE"); return $"TRUNCATE {_query.Name()}"; }
        if (_at.Try("DROP")) return Drop();
        if (_at.Try("CREATE")) return Create();
        if (_at.Try("ALTER", "TABLE")) return Alter();
        if (_at.Try("COMMENT")) return Comment();
        if (_at.Try("SHOW")) return Catalog.Show(_at, _state);
        if (_at.Try("DESCRIBE") || _at.Try("DESC")) return Catalog.Describe(_at, _state);
        throw SnowflakeException.Unsupported($"{_at.Now.Text} {_at.Peek(1).Text}".ToUpperInvariant());
    }

    private string Where() => _at.Try("WHERE") ? " WHERE " + _query.Expressions.Read() : "";

    private string Insert()
    {
        if (_at.Is("OVERWRITE") || _at.Is("ALL") || _at.Is("FIRST")) throw SnowflakeException.Unsupported("INSERT " + _at.Now.Text.ToUpperInvariant());
        _at.Expect("INTO");
        var head = $"INSERT INTO {_query.Name()}{_query.Columns()} ";
        return head + (_at.Is("VALUES") ? Values() : _query.Read());
    }

    private string Values() => _query.Values(out _);

    // The engine wants no table's name before a column that is set.
    private string Set()
    {
        _at.Expect("SET");
        List<string> parts = [];
        do
        {
            var name = SqlNames.Dotted(_at)[^1];
            _at.Expect("=");
            parts.Add($"{SqlNames.Quoted(name)} = {_query.Expressions.Read()}");
        }
        while (_at.Try(","));
        return string.Join(", ", parts);
    }

    private string Merge()
    {
        var parts = _query.Parts();
        var (table, alias) = (SqlNames.Quoted(parts), _query.Alias(null));
        _at.Expect("USING");
        var source = _query.From();
        _at.Expect("ON");
        var on = _query.Expressions.Read();
        if (!_at.Is("WHEN")) throw _at.Unexpected();
        var sql = new StringBuilder($"MERGE INTO {table}{alias} USING {source} ON {on}");
        var changes = new StringBuilder();
        while (_at.Try("WHEN"))
        {
            var not = _at.Try("NOT");
            _at.Expect("MATCHED");
            sql.Append(not ? " WHEN NOT MATCHED" : " WHEN MATCHED");
            var condition = _at.Try("AND") ? _query.Expressions.Read().Sql : null;
            if (condition is not null) sql.Append(" AND ").Append(condition);
            _at.Expect("THEN");
            if (!not) changes.Append(CultureInfo.InvariantCulture, $" WHEN {condition ?? "TRUE"} THEN {(_at.Is("DELETE") ? 0 : 1)}");
            if (not)
            {
                _at.Expect("INSERT");
                sql.Append(" THEN INSERT ").Append(Names()).Append(' ').Append(Values());
            }
            else if (_at.Try("DELETE")) sql.Append(" THEN DELETE");
            else
            {
                _at.Expect("UPDATE");
                sql.Append(" THEN UPDATE SET ").Append(Set());
            }
        }
        var row = alias.Length > 0 ? alias[" AS ".Length..] : SqlNames.Quoted(parts[^1]);
        // The driver wants a place for each value that it binds.
        var bound = string.Concat(Enumerable.Range(1, _query.Expressions.Binds).Select(static i => $", CAST(${i} AS VARCHAR) AS b{i}"));
        if (changes.Length > 0) _doubled = Doubled($"SELECT {row}.rowid AS r, CASE{changes} END AS updates{bound} FROM {source} JOIN {table}{alias} ON {on}");
        return sql.ToString();
    }

    // One row that several would update, or one update and another delete (docs.snowflake.com, MERGE, "Nondeterministic results"); the engine takes any of them.
    private static string Doubled(string pairs) => $"SELECT 1 FROM ({pairs}) WHERE updates IS NOT NULL GROUP BY r HAVING sum(updates) > 1 OR (sum(updates) = 1 AND count(*) > 1) LIMIT 1";

    private string Names()
    {
        if (!_at.Try("(")) return "";
        List<string> names = [];
        do names.Add(SqlNames.Quoted(SqlNames.Dotted(_at)[^1]));
        while (_at.Try(","));
        _at.Expect(")");
        return $"({string.Join(", ", names)})";
    }

    private string Drop()
    {
        var kind = _at.Is("TABLE") || _at.Is("VIEW") || _at.Is("SCHEMA") || _at.Is("SEQUENCE") ? _at.Take().Text.ToUpperInvariant() : throw SnowflakeException.Unsupported($"DROP {_at.Now.Text.ToUpperInvariant()}");
        var sql = $"DROP {kind} {(_at.Try("IF", "EXISTS") ? "IF EXISTS " : "")}{_query.Name()}";
        if (_at.Try("CASCADE") || (!_at.Try("RESTRICT") && kind == "SCHEMA")) sql += " CASCADE";
        return sql;
    }

    private string Create()
    {
        var replace = _at.Try("OR", "REPLACE") ? "OR REPLACE " : "";
        var temporary = _at.Try("TEMP") || _at.Try("TEMPORARY");
        if (!temporary) _at.Try("TRANSIENT");
        if (_at.Try("TABLE")) return Table(replace, temporary);
        if (_at.Try("DATABASE")) return Database(replace);
        var kind = _at.Is("VIEW") || _at.Is("SCHEMA") || _at.Is("SEQUENCE") ? _at.Take().Text.ToUpperInvariant() : throw SnowflakeException.Unsupported($"CREATE {_at.Now.Text.ToUpperInvariant()}");
        var exists = _at.Try("IF", "NOT", "EXISTS") ? "IF NOT EXISTS " : "";
        var name = _query.Name();
        var sql = $"CREATE {replace}{kind} {exists}{name}";
        if (kind == "SEQUENCE")
        {
            if (_at.Try("START")) { _ = _at.Try("WITH") || _at.Try("="); sql += $" START {SqlType.Whole(_at, 0, int.MaxValue, "START")}"; }
            if (_at.Try("INCREMENT")) { _ = _at.Try("BY") || _at.Try("="); sql += $" INCREMENT {SqlType.Whole(_at, 1, int.MaxValue, "INCREMENT")}"; }
        }
        if (kind == "VIEW") sql += _query.Columns();
        var comment = Properties();
        if (kind != "VIEW") return sql;
        _at.Expect("AS");
        _functions.InView = true;
        return $"{sql} AS {_query.Read()}{Comment("VIEW", name, comment)}";
    }

    // There is one, and making it again where it is there changes nothing.
    private string Database(string replace)
    {
        var exists = _at.Try("IF", "NOT", "EXISTS");
        var name = SqlNames.Read(_at);
        Properties();
        if (name != LocalSnowflake.Database) throw SnowflakeException.Unsupported($"a database beside {LocalSnowflake.Database}");
        if (replace.Length > 0) throw SnowflakeException.Unsupported("CREATE OR REPLACE DATABASE");
        return exists ? $"CREATE SCHEMA IF NOT EXISTS {LocalSnowflake.Database}.{LocalSnowflake.DefaultSchema}" : throw new SnowflakeException("002002", "42710", $"SQL compilation error:\nObject '{name}' already exists.");
    }

    private (string Database, string Schema) SchemaOf(List<string> name) =>
        (name.Count > 2 ? name[^3] : LocalSnowflake.Database, name.Count > 1 ? name[^2] : _state["CURRENT_SCHEMA"] ?? LocalSnowflake.DefaultSchema);

    private string Alter()
    {
        var exists = _at.Try("IF", "EXISTS") ? "IF EXISTS " : "";
        var parts = _query.Parts();
        var sql = $"ALTER TABLE {exists}{SqlNames.Quoted(parts)} ";
        if (_at.Try("RENAME", "TO"))
        {
            var renamed = SqlNames.Dotted(_at);
            if (SchemaOf(renamed) != SchemaOf(parts)) throw SnowflakeException.Unsupported("ALTER TABLE … RENAME TO another schema");
            return $"{sql}RENAME TO {SqlNames.Quoted(renamed[^1])}";
        }
        if (_at.Try("RENAME", "COLUMN"))
        {
            var old = SqlNames.Read(_at);
            _at.Expect("TO");
            return $"{sql}RENAME COLUMN {SqlNames.Quoted(old)} TO {SqlNames.Quoted(SqlNames.Read(_at))}";
        }
        if (_at.Try("DROP", "COLUMN")) return $"{sql}DROP COLUMN {(_at.Try("IF", "EXISTS") ? "IF EXISTS " : "")}{SqlNames.Quoted(SqlNames.Read(_at))}";
        if (_at.Try("ADD"))
        {
            _at.Try("COLUMN");
            if (_at.Is("PRIMARY") || _at.Is("CONSTRAINT")) throw SnowflakeException.Unsupported("ALTER TABLE … ADD CONSTRAINT");
            return $"{sql}ADD COLUMN {(_at.Try("IF", "NOT", "EXISTS") ? "IF NOT EXISTS " : "")}{Column(null, added: true)}";
        }
        throw SnowflakeException.Unsupported($"ALTER TABLE … {_at.Now.Text.ToUpperInvariant()}");
    }
}
