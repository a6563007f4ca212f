namespace Sophia.Snowflake.Local;

/// <summary>CREATE TABLE: columns, keys, lengths, numbers that count themselves, comments.</summary>
internal sealed partial class StatementReader
{
    /// <summary>Names of the sequences behind AUTOINCREMENT: where they start, their step, and what makes them unique.</summary>
    public const string Counter = "$auto_";

    private readonly List<string> _before = [], _after = [];

    private string Table(string replace, bool temporary)
    {
        var exists = _at.Try("IF", "NOT", "EXISTS") ? "IF NOT EXISTS " : "";
        var name = _query.Name();
        var sql = $"CREATE {replace}{(temporary ? "TEMP " : "")}TABLE {exists}{name}";
        List<string> columns = [];
        if (_at.Try("("))
        {
            do if (!Constraint()) columns.Add(Column(name, temporary: temporary));
            while (_at.Try(","));
            _at.Expect(")");
        }
        var comment = Comment("TABLE", name, Properties());
        if (!_at.Try("AS")) sql = columns.Count > 0 ? $"{sql} ({string.Join(", ", columns)})" : throw SnowflakeException.Syntax("A table has at least one column.");
        else sql = columns.Count == 0 ? $"{sql} AS {_query.Read()}" : throw SnowflakeException.Unsupported("CREATE TABLE with columns and AS");
        return string.Concat(_before) + sql + string.Concat(_after) + comment;
    }

    // Keys of a table are said and not held, as in Snowflake.
    private bool Constraint()
    {
        if (_at.Try("CONSTRAINT")) SqlNames.Read(_at);
        else if (!(_at.Is("PRIMARY", "KEY") || _at.Is("UNIQUE", "(") || _at.Is("FOREIGN", "KEY"))) return false;
        var foreign = _at.Try("FOREIGN", "KEY");
        if (!foreign && !_at.Try("PRIMARY", "KEY")) _at.Expect("UNIQUE");
        if (_query.Columns().Length == 0) throw _at.Unexpected();
        if (foreign) { _at.Expect("REFERENCES"); _query.Name(); _query.Columns(); }
        return true;
    }

    /// <param name="table">Whose column it is.</param>
    /// <param name="added">It comes to a table that is there: the engine checks no lengths of such a one.</param>
    private string Column(string? table, bool temporary = false, bool added = false)
    {
        var name = SqlNames.Quoted(SqlNames.Read(_at));
        var whole = _at.Is("INT") || _at.Is("INTEGER") || _at.Is("BIGINT") || _at.Is("SMALLINT") || _at.Is("TINYINT");
        var sql = $"{name} {(SqlType.Read(_at) is var type && whole ? "BIGINT" : type.Engine)}";
        if (type is { Kind: SqlKind.Text, Length: > 0 } && !added) sql += $" CHECK (length({name}) <= {type.Length})";
        while (true)
        {
            if (_at.Try("NOT", "NULL")) sql += " NOT NULL";
            else if (_at.Try("DEFAULT")) sql += $" DEFAULT {_query.Expressions.Read()}";
            else if (_at.Try("COMMENT"))
            {
                var text = SqlNames.Literal(SqlNames.Text(_at.Take()));
                if (table is not null) _after.Add($"; COMMENT ON COLUMN {table}.{name} IS {text}");
            }
            else if (!added && (_at.Try("AUTOINCREMENT") || _at.Try("IDENTITY"))) sql += Counted(table!, temporary);
            else if (_at.Is("AUTOINCREMENT") || _at.Is("IDENTITY") || _at.Is("COLLATE") || _at.Is("MASKING") || _at.Is("AS")) throw SnowflakeException.Unsupported($"a column with {_at.Now.Text.ToUpperInvariant()}");
            else if (!(_at.Try("NULL") || _at.Try("PRIMARY", "KEY") || _at.Try("UNIQUE"))) return sql;
        }
    }

    // A sequence of its own, beside the table.
    private string Counted(string table, bool temporary)
    {
        var (start, step) = (1, 1);
        if (_at.Try("("))
        {
            start = SqlType.Whole(_at, 0, int.MaxValue, "The start of AUTOINCREMENT");
            _at.Expect(",");
            step = SqlType.Whole(_at, 1, int.MaxValue, "The step of AUTOINCREMENT");
            _at.Expect(")");
        }
        else if (_at.Try("START"))
        {
            _ = _at.Try("WITH") || _at.Try("=");
            start = SqlType.Whole(_at, 0, int.MaxValue, "The start of AUTOINCREMENT");
            _at.Expect("INCREMENT");
            _ = _at.Try("BY") || _at.Try("=");
            step = SqlType.Whole(_at, 1, int.MaxValue, "The step of AUTOINCREMENT");
        }
        _ = _at.Try("ORDER") || _at.Try("NOORDER");
        var own = table.LastIndexOf('.') is > 0 and var point ? table[..point] : $"{LocalSnowflake.Database}.{SqlNames.Quoted(_state["CURRENT_SCHEMA"] ?? LocalSnowflake.DefaultSchema)}";
        var sequence = $"{(temporary ? "temp.main" : own)}.{SqlNames.Quoted($"{Counter}{start}_{step}_{Guid.NewGuid():n}")}";
        _before.Add($"CREATE SEQUENCE {sequence} START {start} INCREMENT {step}; ");
        return $" DEFAULT nextval({SqlNames.Literal(sequence)})";
    }

    /// <returns>What COMMENT says; null where there is none. What changes nothing here is read over: how a table is laid out and kept.</returns>
    private string? Properties()
    {
        string? comment = null;
        while (true)
        {
            if (_at.Try("CLUSTER", "BY", "(")) _query.Expressions.List(")");
            else if (_at.Try("DATA_RETENTION_TIME_IN_DAYS", "=") || _at.Try("MAX_DATA_EXTENSION_TIME_IN_DAYS", "=")) SqlType.Whole(_at, 0, 90, "Days");
            else if (_at.Try("COMMENT", "=")) comment = SqlNames.Text(_at.Take());
            else if (_at.Try("COPY", "GRANTS")) continue;
            else if (_at.Try("CHANGE_TRACKING", "=")) { if (!_at.Try("TRUE")) _at.Expect("FALSE"); }
            else return comment;
        }
    }

    private static string Comment(string kind, string name, string? text) => text is null ? "" : $"; COMMENT ON {kind} {name} IS {SqlNames.Literal(text)}";

    // COMMENT [IF EXISTS] ON TABLE … IS '…'
    private string Comment()
    {
        if (_at.Is("IF")) throw SnowflakeException.Unsupported("COMMENT IF EXISTS");
        _at.Expect("ON");
        var kind = _at.Is("TABLE") || _at.Is("VIEW") || _at.Is("COLUMN") ? _at.Take().Text.ToUpperInvariant() : throw SnowflakeException.Unsupported($"COMMENT ON {_at.Now.Text.ToUpperInvariant()}");
        var name = kind == "COLUMN" ? SqlNames.Quoted(SqlNames.Dotted(_at)) : _query.Name();
        _at.Expect("IS");
        return $"COMMENT ON {kind} {name} IS {SqlNames.Literal(SqlNames.Text(_at.Take()))}";
    }
}
