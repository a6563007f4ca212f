namespace Sophia.Snowflake.Local;

/// <summary>Schema, warehouse, role and parameters.</summary>
public sealed partial class LocalSession
{
    private Dictionary<string, string?> State() => new(StringComparer.Ordinal)
    {
        ["CURRENT_DATABASE"] = LocalSnowflake.Database, ["CURRENT_SCHEMA"] = Schema, ["CURRENT_WAREHOUSE"] = Warehouse, ["CURRENT_ROLE"] = Role, ["CURRENT_VERSION"] = "9.0.0",
    };

    private LocalResult Use(SqlToken[] code)
    {
        var names = code.Skip(1).Where(static t => !t.Is(".")).Select(SqlNames.Plain).ToArray();
        switch (names)
        {
            case ["WAREHOUSE", var warehouse]: Warehouse = warehouse; break;
            case ["ROLE", var role]: Role = role; break;
            case ["DATABASE", LocalSnowflake.Database] or [LocalSnowflake.Database]: SearchIn(LocalSnowflake.DefaultSchema); break;
            case ["SCHEMA", LocalSnowflake.Database, var schema]: SearchIn(Known(schema)); break;
            case ["SCHEMA", var schema]: SearchIn(Known(schema)); break;
            case [LocalSnowflake.Database, var schema]: SearchIn(Known(schema)); break;
            default: throw new SnowflakeException("002043", "02000", "SQL compilation error:\nObject does not exist, or operation cannot be performed.");
        }
        return LocalResult.Status(StatementKind.Use);
    }

    private LocalResult AlterSession(SqlToken[] code)
    {
        if (code.Length < 6 || !code[2].Is("SET")) throw SnowflakeException.Unsupported("ALTER SESSION without SET");
        for (var i = 3; i + 2 < code.Length; i += 3)
        {
            if (!code[i + 1].Is("=")) throw SnowflakeException.Syntax($"syntax error: = is missing behind {code[i].Text}.");
            if (code[i].Is("AUTOCOMMIT") && !code[i + 2].Is("TRUE")) throw SnowflakeException.Unsupported("AUTOCOMMIT = FALSE");
            if (code[i].Is("TIMEZONE")) Run($"SET SESSION TimeZone = {SqlNames.Literal(code[i + 2].Text.Trim('\''))}");
            _parameters[code[i].Text.ToUpperInvariant()] = code[i + 2].Text.Trim('\'');
            if (i + 3 < code.Length && code[i + 3].Is(",")) i++;
        }
        return LocalResult.Status(StatementKind.AlterSession);
    }

    /// <summary>What ALTER SESSION SET gave a parameter, or null.</summary>
    public string? Parameter(string name)
    {
        _parameters.TryGetValue(name, out var value);
        return value;
    }

    private string Known(string schema) => Find(schema) ?? throw new SnowflakeException("002043", "02000", "SQL compilation error:\nObject does not exist, or operation cannot be performed.");

    // The name as it was made, of those that a statement may see: neither the engine's own nor the account's. Names that differ only in case are one.
    private string? Find(string schema)
    {
        using var command = Command("SELECT \"SCHEMA_NAME\" FROM memory.main.\"IS_SCHEMATA\" WHERE upper(\"SCHEMA_NAME\") = upper($1)", [schema]);
        return command.ExecuteScalar() as string;
    }

    // The macros stand in memory.main.
    private void SearchIn(string schema)
    {
        Run($"SET search_path='{LocalSnowflake.Database}.\"{schema.Replace("\"", "\"\"", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}\",memory.main'");
        Schema = schema;
    }

    private void Run(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private List<string> Texts(string sql)
    {
        using var command = Command(sql, []);
        using var reader = command.ExecuteReader();
        List<string> texts = [];
        while (reader.Read()) texts.Add(reader.GetString(0));
        return texts;
    }

    /// <summary>Ends the session; a statement that is under way is cancelled first.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0) return;
        _ending.Cancel();
        _turn.Wait();
        _remote.Unregister(_key);
        _connection.Dispose();
        _turn.Dispose();
        _ending.Dispose();
    }
}
