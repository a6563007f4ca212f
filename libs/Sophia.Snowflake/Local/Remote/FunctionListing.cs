namespace Sophia.Snowflake.Local.Remote;

/// <summary>SHOW and DESCRIBE of external functions and API integrations, with the columns of Snowflake's that mean something here.</summary>
internal static class FunctionListing
{
    private const string Of = "FROM " + AccountObjects.Objects + " WHERE kind = '" + ExternalFunction.Kind + "'";

    /// <summary>The query; null for another kind of object.</summary>
    public static string? Show(string what) => what switch
    {
        "FUNCTIONS" or "EXTERNAL FUNCTIONS" or "USER FUNCTIONS" => $"""
            SELECT created_on, properties->>'Name' AS "name", properties->>'Schema' AS schema_name, json_array_length(properties->'Types')::BIGINT AS min_num_arguments, json_array_length(properties->'Types')::BIGINT AS max_num_arguments,
                (properties->>'Name') || substr(name, position('(' IN name)) || ' RETURN ' || split_part(properties->>'Returns', '(', 1) AS arguments, 'SOPHIA' AS catalog_name, 'Y' AS is_external_function, 'EXTERNAL' AS language
            {Of}
            """,
        "INTEGRATIONS" or "API INTEGRATIONS" => $"""
            SELECT name AS "name", 'EXTERNAL_API' AS type, 'API' AS category, coalesce(properties->>'ENABLED', 'false') AS enabled, properties->>'COMMENT' AS comment, created_on
            FROM {AccountObjects.Objects} WHERE kind = '{ExternalFunction.IntegrationKind}'
            """,
        _ => null,
    };

    /// <summary>DESCRIBE FUNCTION name(types) or DESCRIBE INTEGRATION name; null for another kind of object.</summary>
    public static string? Describe(SqlCursor at, string schema)
    {
        if (at.Try("FUNCTION"))
        {
            var parts = SqlNames.Dotted(at);
            var name = Required(ExternalFunction.Kind, ExternalFunction.KeyOf(parts.Count > 1 ? parts[^2] : schema, parts[^1], FunctionReader.Types(at)));
            return $"""
                SELECT p.property, p.value FROM (SELECT properties AS j {Of} AND name = {name}), LATERAL (VALUES
                    ('signature', '(' || array_to_string(list_transform(list_zip(CAST(j->'Parameters' AS VARCHAR[]), CAST(j->'Types' AS VARCHAR[])), x -> x[1] || ' ' || split_part(x[2], '(', 1)), ', ') || ')'),
                    ('returns', j->>'Returns'), ('language', 'EXTERNAL'), ('null handling', CASE WHEN (j->>'StrictNull') = 'true' THEN 'RETURNS NULL ON NULL INPUT' ELSE 'CALLED ON NULL INPUT' END),
                    ('volatility', 'VOLATILE'), ('body', j->>'Url'), ('integration', j->>'Integration'), ('max_batch_rows', CASE WHEN (j->>'BatchRows') = '0' THEN 'not set' ELSE j->>'BatchRows' END), ('compression', j->>'Compression')
                ) AS p(property, value)
                """;
        }

        if (!at.Try("API", "INTEGRATION") && !at.Try("INTEGRATION")) return null;
        var integration = Required(ExternalFunction.IntegrationKind, SqlNames.Read(at));
        return $"""
            SELECT e.key AS property, CASE json_type(e.value) WHEN 'ARRAY' THEN 'List' WHEN 'BOOLEAN' THEN 'Boolean' ELSE 'String' END AS property_type, e.value->>'$' AS property_value
            FROM {AccountObjects.Objects} o, json_each(o.properties) e WHERE o.kind = '{ExternalFunction.IntegrationKind}' AND o.name = {integration}
            """;
    }

    private static string Required(string kind, string name) =>
        $"(CASE WHEN {AccountObjects.Exists(kind, name)} THEN {SqlNames.Literal(name)} ELSE error({SqlNames.Literal(AccountObjects.Missing(name))}) END)";
}
