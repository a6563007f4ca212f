using Sophia.Snowflake.Local.Remote;

namespace Sophia.Snowflake.Local;

/// <summary>SHOW, DESCRIBE and INFORMATION_SCHEMA over the engine's own lists.</summary>
internal static class Catalog
{
    /// <summary>Run once in an engine that starts.</summary>
    public static readonly string[] Views =
    [
        """CREATE MACRO memory.main.sf_type(t) AS CASE WHEN t = 'BIGINT' THEN 'NUMBER(38,0)' WHEN starts_with(t, 'DECIMAL') THEN replace(t, 'DECIMAL', 'NUMBER') WHEN t = 'VARCHAR' THEN 'VARCHAR(16777216)' WHEN t = 'DOUBLE' THEN 'FLOAT' WHEN t = 'JSON' THEN 'VARIANT' WHEN t = 'BLOB' THEN 'BINARY(8388608)' WHEN t = 'TIMESTAMP' THEN 'TIMESTAMP_NTZ(9)' WHEN t = 'TIMESTAMP WITH TIME ZONE' THEN 'TIMESTAMP_TZ(9)' WHEN t = 'TIME' THEN 'TIME(9)' WHEN ends_with(t, ']') THEN 'VECTOR(' || replace(replace(replace(t, '[', ', '), ']', ')'), 'INTEGER', 'INT') ELSE t END""",
        """CREATE VIEW memory.main."IS_SCHEMATA" AS SELECT database_name AS "CATALOG_NAME", schema_name AS "SCHEMA_NAME" FROM duckdb_schemas() WHERE database_name = 'SOPHIA' AND schema_name NOT IN ('main', 'information_schema', 'pg_catalog', '$account')""",
        """CREATE VIEW memory.main."IS_TABLES" AS SELECT 'SOPHIA' AS "TABLE_CATALOG", schema_name AS "TABLE_SCHEMA", table_name AS "TABLE_NAME", 'BASE TABLE' AS "TABLE_TYPE", estimated_size AS "ROW_COUNT", comment AS "COMMENT" FROM duckdb_tables() WHERE database_name = 'SOPHIA' AND schema_name <> '$account' UNION ALL SELECT 'SOPHIA', schema_name, view_name, 'VIEW', NULL, comment FROM duckdb_views() WHERE database_name = 'SOPHIA' AND NOT internal""",
        // A length stands in the check that holds it.
        """CREATE VIEW memory.main.sf_lengths AS SELECT schema_name, table_name, constraint_column_names[1] AS column_name, max(TRY_CAST(regexp_extract(constraint_text, '<= ([0-9]+)\)\)$', 1) AS BIGINT)) AS length FROM duckdb_constraints() WHERE database_name = 'SOPHIA' AND constraint_type = 'CHECK' GROUP BY ALL""",
        """CREATE MACRO memory.main.sf_default(d) AS CASE WHEN contains(d, '$auto_') THEN 'IDENTITY START ' || regexp_extract(d, '\$auto_([0-9]+)_([0-9]+)_', 1) || ' INCREMENT ' || regexp_extract(d, '\$auto_([0-9]+)_([0-9]+)_', 2) || ' NOORDER' ELSE d END""",
        """CREATE VIEW memory.main."IS_COLUMNS" AS SELECT 'SOPHIA' AS "TABLE_CATALOG", c.schema_name AS "TABLE_SCHEMA", c.table_name AS "TABLE_NAME", c.column_name AS "COLUMN_NAME", column_index AS "ORDINAL_POSITION", memory.main.sf_default(column_default) AS "COLUMN_DEFAULT", CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS "IS_NULLABLE", split_part(memory.main.sf_type(data_type), '(', 1) AS "DATA_TYPE", CASE WHEN data_type = 'VARCHAR' THEN coalesce(l.length, 16777216) END AS "CHARACTER_MAXIMUM_LENGTH", CASE WHEN l.length IS NOT NULL THEN 'VARCHAR(' || l.length || ')' ELSE memory.main.sf_type(data_type) END AS "FULL_TYPE", comment AS "COMMENT" FROM duckdb_columns() AS c LEFT JOIN memory.main.sf_lengths AS l ON l.schema_name = c.schema_name AND l.table_name = c.table_name AND l.column_name = c.column_name WHERE database_name = 'SOPHIA' AND NOT internal AND c.schema_name <> '$account'""",
    ];

    public static string Show(SqlCursor at, IReadOnlyDictionary<string, string?> state)
    {
        at.Try("TERSE");
        var what = at.Take().Text.ToUpperInvariant();
        if (what == "GRANTS") return ShowGrants(at);
        if (what == "RESOURCE") { at.Expect("MONITORS"); what = "RESOURCE MONITORS"; }
        if (what is "EXTERNAL" or "USER") { at.Expect("FUNCTIONS"); what += " FUNCTIONS"; }
        if (what == "API") { at.Expect("INTEGRATIONS"); what = "API INTEGRATIONS"; }
        var like = at.Try("LIKE") ? $" AND \"name\" ILIKE {SqlNames.Literal(SqlNames.Text(at.Take()))} ESCAPE '\\'" : "";
        var (schema, table) = (state["CURRENT_SCHEMA"] ?? LocalSnowflake.DefaultSchema, "");
        if (at.Try("IN"))
        {
            if (at.Try("ACCOUNT") || at.Try("DATABASE")) { schema = ""; if (SqlNames.IsName(at.Now)) SqlNames.Read(at); }
            else if (at.Try("SCHEMA")) schema = SqlNames.Dotted(at)[^1];
            else if (at.Try("TABLE") || what == "COLUMNS") { var parts = SqlNames.Dotted(at); table = parts[^1]; if (parts.Count > 1) schema = parts[^2]; }
            else schema = SqlNames.Dotted(at)[^1];
        }
        var within = schema.Length == 0 ? "TRUE" : $"\"TABLE_SCHEMA\" = {SqlNames.Literal(schema)}";
        var sql = what switch
        {
            "DATABASES" => """SELECT 'SOPHIA' AS "name", 'N' AS "is_default", 'Y' AS "is_current" """,
            "SCHEMAS" => """SELECT "SCHEMA_NAME" AS "name", "CATALOG_NAME" AS "database_name" FROM memory.main."IS_SCHEMATA" """,
            "TABLES" => $"""SELECT "TABLE_NAME" AS "name", "TABLE_CATALOG" AS "database_name", "TABLE_SCHEMA" AS "schema_name", 'TABLE' AS "kind", "ROW_COUNT" AS "rows", coalesce("COMMENT", '') AS "comment" FROM memory.main."IS_TABLES" WHERE "TABLE_TYPE" = 'BASE TABLE' AND {within}""",
            "VIEWS" => $"""SELECT "TABLE_NAME" AS "name", "TABLE_CATALOG" AS "database_name", "TABLE_SCHEMA" AS "schema_name", coalesce("COMMENT", '') AS "comment" FROM memory.main."IS_TABLES" WHERE "TABLE_TYPE" = 'VIEW' AND {within}""",
            "COLUMNS" => $"""SELECT "TABLE_NAME" AS "table_name", "TABLE_SCHEMA" AS "schema_name", "COLUMN_NAME" AS "name", "FULL_TYPE" AS "data_type", "IS_NULLABLE" AS "null?", coalesce("COMMENT", '') AS "comment" FROM memory.main."IS_COLUMNS" WHERE {within}{(table.Length > 0 ? $" AND \"TABLE_NAME\" = {SqlNames.Literal(table)}" : "")}""",
            _ => AccountObjects.Show(what) ?? FunctionListing.Show(what) ?? throw SnowflakeException.Unsupported($"SHOW {what}"),
        };
        return $"SELECT * FROM ({sql}) WHERE TRUE{like}{(what == "COLUMNS" ? "" : " ORDER BY \"name\"")}";
    }

    private static string ShowGrants(SqlCursor at)
    {
        var byRole = at.Try("TO", "ROLE");
        var kind = "";
        if (!byRole)
        {
            at.Expect("ON");
            kind = at.Take().Text.ToUpperInvariant();
            if (kind == "RESOURCE") { at.Expect("MONITOR"); kind = "RESOURCE MONITOR"; }
            if (kind is not ("WAREHOUSE" or "DATABASE" or "SCHEMA" or "TABLE" or "VIEW" or "RESOURCE MONITOR" or "ROLE" or "INTEGRATION")) throw SnowflakeException.Unsupported($"SHOW GRANTS ON {kind}");
        }
        return AccountObjects.ShowGrants(byRole, kind, string.Join('.', SqlNames.Dotted(at)));
    }

    public static string Describe(SqlCursor at, IReadOnlyDictionary<string, string?> state)
    {
        if (FunctionListing.Describe(at, state["CURRENT_SCHEMA"] ?? LocalSnowflake.DefaultSchema) is { } function) return function;
        if (!at.Try("TABLE") && !at.Try("VIEW")) throw SnowflakeException.Unsupported($"DESCRIBE {at.Now.Text.ToUpperInvariant()}");
        var parts = SqlNames.Dotted(at);
        var schema = parts.Count > 1 ? parts[^2] : state["CURRENT_SCHEMA"] ?? LocalSnowflake.DefaultSchema;
        return $"""
            SELECT "COLUMN_NAME" AS "name", "FULL_TYPE" AS "type", 'COLUMN' AS "kind", left("IS_NULLABLE", 1) AS "null?", "COLUMN_DEFAULT" AS "default", "COMMENT" AS "comment"
            FROM memory.main."IS_COLUMNS" WHERE "TABLE_SCHEMA" = {SqlNames.Literal(schema)} AND "TABLE_NAME" = {SqlNames.Literal(parts[^1])} ORDER BY "ORDINAL_POSITION"
            """;
    }
}
