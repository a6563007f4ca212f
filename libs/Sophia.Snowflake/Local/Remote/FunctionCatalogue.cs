using System.Text.Json;

namespace Sophia.Snowflake.Local.Remote;

/// <summary>The external functions and API integrations that a session sees.</summary>
/// <param name="read">Runs a query of one text column in the session's connection, so that what its transaction made is seen.</param>
internal sealed class FunctionCatalogue(Func<string, List<string>> read)
{
    /// <summary>Whether a view is being made: then a call finds its function and integration when the view is read, as they are by then.</summary>
    public bool InView { get; set; }

    /// <summary>The engine's expression of a function's definition as JSON; where a view's function is gone, of its name instead.</summary>
    public string Definition(ExternalFunction function)
    {
        if (!InView)
        {
            return SqlNames.Literal(function.ToJson());
        }

        var key = SqlNames.Literal(function.Key);
        return $"""
            coalesce((SELECT CAST(json_merge_patch(f.properties, json_object(
                'Prefixes', CASE WHEN (i.properties->>'ENABLED') = 'true' THEN (i.properties->'API_ALLOWED_PREFIXES') ELSE '[]'::JSON END, 'Blocked', coalesce((i.properties->'API_BLOCKED_PREFIXES'), '[]'::JSON))) AS VARCHAR)
            FROM {AccountObjects.Objects} f LEFT JOIN {AccountObjects.Objects} i ON i.kind = '{ExternalFunction.IntegrationKind}' AND i.name = (f.properties->>'Integration')
            WHERE f.kind = '{ExternalFunction.Kind}' AND f.name = {key}), {key})
            """;
    }

    /// <summary>The overloads of a name, in the order of their signatures.</summary>
    /// <param name="schemas">Where to look; the first that has the name wins.</param>
    public List<ExternalFunction> Find(IReadOnlyList<string> schemas, string name)
    {
        foreach (var schema in schemas)
        {
            var start = SqlNames.Literal($"{schema}.{name}(");
            var found = read($"SELECT CAST(properties AS VARCHAR) FROM {AccountObjects.Objects} WHERE kind = '{ExternalFunction.Kind}' AND starts_with(name, {start}) ORDER BY name");
            if (found.Count > 0)
            {
                return found.ConvertAll(json => WithPrefixes(ExternalFunction.FromJson(json)));
            }
        }

        return [];
    }

    /// <summary>What an enabled integration allows; null where there is none of that name, nothing where it is disabled.</summary>
    public AllowedAddresses? AllowedBy(string integration)
    {
        var found = read($"SELECT CAST(properties AS VARCHAR) FROM {AccountObjects.Objects} WHERE kind = '{ExternalFunction.IntegrationKind}' AND name = {SqlNames.Literal(integration)}");
        if (found.Count == 0)
        {
            return null;
        }

        using var document = JsonDocument.Parse(found[0]);
        var isEnabled = document.RootElement.TryGetProperty("ENABLED", out var enabled) && enabled.ValueKind == JsonValueKind.True;
        return isEnabled ? new(Texts(document.RootElement, "API_ALLOWED_PREFIXES"), Texts(document.RootElement, "API_BLOCKED_PREFIXES")) : new([], []);
    }

    // An integration may have been changed, disabled or dropped since the function was made.
    private ExternalFunction WithPrefixes(ExternalFunction function) =>
        AllowedBy(function.Integration) is { } allowed ? function with { Prefixes = allowed.Prefixes, Blocked = allowed.Blocked } : function with { Prefixes = [] };

    private static string[] Texts(JsonElement properties, string name) =>
        properties.TryGetProperty(name, out var texts) ? [.. texts.EnumerateArray().Select(static p => p.GetString()!)] : [];
}
