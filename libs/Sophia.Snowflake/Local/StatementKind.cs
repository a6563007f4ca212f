namespace Sophia.Snowflake.Local;

/// <summary>The kinds of statements that are understood, by their first words, with the drivers' numbers.</summary>
internal static class StatementKind
{
    public const int Select = 0x1000, Insert = 0x3100, Update = 0x3200, Delete = 0x3300, Merge = 0x3400;
    public const int AlterSession = 0x4100, Use = 0x4300, Show = 0x4400, Describe = 0x4500, Ddl = 0x6000, Begin = 0x8101, Commit = 0x8103, Rollback = 0x8104;

    private static readonly HashSet<string> Made = new(StringComparer.OrdinalIgnoreCase) { "TABLE", "VIEW", "SCHEMA", "SEQUENCE", "WAREHOUSE", "ROLE", "RESOURCE", "DATABASE", "FUNCTION", "EXTERNAL", "API", "INTEGRATION" };
    private static readonly HashSet<string> Between = new(StringComparer.OrdinalIgnoreCase) { "OR", "REPLACE", "TEMP", "TEMPORARY", "TRANSIENT", "SECURE" };

    // The words that begin a statement in Snowflake, or in the engine only.
    private static readonly HashSet<string> Others = new(StringComparer.Ordinal)
    {
        "EXPLAIN", "COPY", "CALL", "PUT", "GET", "LIST", "LS", "REMOVE", "RM", "SET", "UNSET", "UNDROP", "EXECUTE", "DECLARE",
        "ATTACH", "DETACH", "INSTALL", "LOAD", "PRAGMA", "EXPORT", "IMPORT", "CHECKPOINT", "VACUUM", "ANALYZE", "PIVOT", "FROM", "RESET",
    };

    /// <exception cref="SnowflakeException">Another kind of statement, named.</exception>
    public static int Of(SqlToken[] code)
    {
        var second = code.Length > 1 ? code[1] : default;
        return code[0].Text.ToUpperInvariant() switch
        {
            "SELECT" or "WITH" or "(" or "VALUES" => Select,
            "SHOW" => Show,
            "DESCRIBE" or "DESC" => Describe,
            "INSERT" => Insert,
            "UPDATE" => Update,
            "DELETE" => Delete,
            "MERGE" => Merge,
            "ALTER" when second.Is("SESSION") => AlterSession,
            "USE" => Use,
            "BEGIN" => Begin,
            "START" when second.Is("TRANSACTION") => Begin,
            "COMMIT" => Commit,
            "ROLLBACK" => Rollback,
            "CREATE" or "DROP" or "ALTER" => Object(code),
            "TRUNCATE" or "GRANT" or "REVOKE" or "COMMENT" => Ddl,
            var other when Others.Contains(other) => throw SnowflakeException.Unsupported(other),
            var other => throw SnowflakeException.Syntax($"syntax error line 1 at position 0 unexpected '{other}'."),
        };
    }

    private static int Object(SqlToken[] code)
    {
        var what = code.Skip(1).FirstOrDefault(static t => !Between.Contains(t.Text));
        return what.Text is { } text && Made.Contains(text) ? Ddl : throw SnowflakeException.Unsupported($"{code[0].Text} {what.Text}".ToUpperInvariant());
    }
}
