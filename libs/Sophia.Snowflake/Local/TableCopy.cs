namespace Sophia.Snowflake.Local;

/// <summary>CREATE TABLE … LIKE and … CLONE: a table as another one is, without its rows or with them.</summary>
/// <param name="Head">The engine's statement up to the new table's name, with it.</param>
/// <param name="Target">The new table's name, in the engine's words.</param>
internal sealed record TableCopy(string Head, string Target, IReadOnlyList<string> Source, bool WithRows, bool IfMissing)
{
    /// <summary>What a statement copies; null where it is another statement.</summary>
    /// <exception cref="SnowflakeException">A copy that has no rule: of a schema, of a moment in the past, of itself.</exception>
    public static TableCopy? Of(IReadOnlyList<SqlToken> statement, IReadOnlyDictionary<string, string?> state)
    {
        var at = new SqlCursor(statement);
        if (!at.Try("CREATE")) return null;
        var replace = at.Try("OR", "REPLACE");
        var temporary = at.Try("TEMP") || at.Try("TEMPORARY");
        if (!temporary) at.Try("TRANSIENT");
        if (!at.Try("TABLE")) return null;
        var missing = at.Try("IF", "NOT", "EXISTS");
        if (!SqlNames.IsName(at.Now)) return null;
        var target = SqlNames.Dotted(at);
        if (!at.Is("LIKE") && !at.Is("CLONE")) return null;
        var rows = at.Take().Is("CLONE");
        var source = SqlNames.Dotted(at);
        if (at.Is("AT") || at.Is("BEFORE")) throw SnowflakeException.Unsupported("Time Travel (AT, BEFORE)");
        at.Try("COPY", "GRANTS");
        at.End();
        string Whole(List<string> name) => SqlNames.Quoted(name.Count > 1 ? name.TakeLast(2) : [state["CURRENT_SCHEMA"] ?? LocalSnowflake.DefaultSchema, name[0]]);
        if (Whole(target) == Whole(source)) throw SnowflakeException.Unsupported("a table that takes the place of the one it copies");
        var name = SqlNames.Quoted(target);
        return new($"CREATE {(replace ? "OR REPLACE " : "")}{(temporary ? "TEMP " : "")}TABLE {(missing ? "IF NOT EXISTS " : "")}{name}", name, source, rows, missing);
    }
}
