namespace Sophia.Snowflake.Local;

internal sealed partial class QueryReader
{
    /// <summary>FLATTEN's columns but SEQ: KEY, PATH, INDEX, VALUE, THIS (docs.snowflake.com, "FLATTEN").</summary>
    private (string Sql, bool Outer) Flatten()
    {
        _at.Expect("(");
        Piece? input = null;
        var (path, outer, recursive, mode) = ("", false, false, "BOTH");
        do
        {
            var name = _at.Peek(1).Is("=>") ? _at.Take().Text.ToUpperInvariant() : "INPUT";
            _at.Try("=>");
            switch (name)
            {
                case "INPUT": input = Expressions.Read(); break;
                case "PATH": path = SqlNames.Text(_at.Take()); break;
                case "OUTER": outer = Truth(); break;
                case "RECURSIVE": recursive = Truth(); break;
                case "MODE": mode = SqlNames.Text(_at.Take()).ToUpperInvariant(); break;
                default: throw SnowflakeException.Unsupported($"FLATTEN with {name}");
            }
        }
        while (_at.Try(","));
        _at.Expect(")");
        if (mode is not ("BOTH" or "OBJECT" or "ARRAY")) throw SnowflakeException.Syntax($"FLATTEN's MODE is BOTH, OBJECT or ARRAY, not '{mode}'.");
        var value = input ?? throw SnowflakeException.Syntax("FLATTEN needs INPUT.");
        var kinds = mode == "BOTH" ? "('OBJECT', 'ARRAY')" : $"('{mode}')";
        var source = path.Length == 0 ? $"to_json({value})" : $"json_extract({value}, {SqlNames.Literal("$" + (path[0] == '[' ? "" : ".") + path)})";
        return (recursive ? Tree(source, path, kinds) : Level(source, path, kinds), outer);
    }

    private bool Truth() => _at.Try("TRUE") || (_at.Try("FALSE") ? false : throw _at.Unexpected());

    private static string Level(string source, string path, string kinds) =>
        $"""
        SELECT CASE WHEN json_type(s.i) = 'OBJECT' THEN e.key END AS "KEY", sf_element({SqlNames.Literal(path)}, json_type(s.i), e.key) AS "PATH",
        CASE WHEN json_type(s.i) = 'ARRAY' THEN CAST(e.key AS BIGINT) END AS "INDEX", e.value AS "VALUE", s.i AS "THIS"
        FROM (SELECT {source} AS i) AS s, json_each(s.i) AS e WHERE json_type(s.i) IN {kinds} ORDER BY e.id
        """;

    // The engine's tree has a row for each element, each behind the one that holds it; "path" is that one.
    private static string Tree(string source, string path, string kinds) =>
        $"""
        SELECT CASE WHEN json_type(t.holder) = 'OBJECT' THEN t.key END AS "KEY", sf_tree_path({SqlNames.Literal(path)}, t.fullkey) AS "PATH",
        CASE WHEN json_type(t.holder) = 'ARRAY' THEN CAST(t.key AS BIGINT) END AS "INDEX", t.value AS "VALUE", t.holder AS "THIS"
        FROM (SELECT e.id, e.key, e.fullkey, e.value, json_extract(s.i, e.path) AS holder FROM (SELECT {source} AS i) AS s, json_tree(s.i) AS e WHERE e.parent IS NOT NULL) AS t
        WHERE json_type(t.holder) IN {kinds} ORDER BY t.id
        """;
}
