using System.Text.Json.Nodes;

namespace Sophia.Snowflake.Local.Remote;

/// <summary>
/// Reads CREATE and DROP of external functions and API integrations. Functions whose body is code (Python, JavaScript, SQL) are
/// refused by name: nothing here would run it. Source: docs.snowflake.com, CREATE EXTERNAL FUNCTION, CREATE API INTEGRATION.
/// </summary>
internal sealed class FunctionReader(SqlCursor at, string schema, FunctionCatalogue catalogue)
{
    private static readonly string[] Providers =
        ["AWS_API_GATEWAY", "AWS_PRIVATE_API_GATEWAY", "AWS_GOV_API_GATEWAY", "AZURE_API_MANAGEMENT", "GOOGLE_API_GATEWAY"];

    /// <summary>The engine's statement; null where it is about something else.</summary>
    public string? Read()
    {
        var from = at.At;
        if (at.Try("CREATE"))
        {
            var replace = at.Try("OR", "REPLACE");
            var secure = at.Try("SECURE");
            if (at.Try("EXTERNAL", "FUNCTION")) return CreateFunction(replace);
            if (!secure && at.Try("API", "INTEGRATION")) return CreateIntegration(replace);
            if (at.Is("FUNCTION")) throw SnowflakeException.Unsupported("CREATE FUNCTION; of functions, the local Snowflake has external ones");
        }
        else if (at.Try("DROP"))
        {
            if (at.Try("FUNCTION")) return DropFunction();
            if (at.Try("API", "INTEGRATION") || at.Try("INTEGRATION")) return DropIntegration();
        }

        at.Back(from);
        return null;
    }

    private string CreateFunction(bool replace)
    {
        var (home, name) = HomeAndName();
        List<string> parameters = [], types = [];
        at.Expect("(");
        while (!at.Try(")"))
        {
            if (parameters.Count > 0) at.Expect(",");
            parameters.Add(SqlNames.Read(at));
            types.Add(SqlType.Read(at).Name);
        }

        at.Expect("RETURNS");
        if (at.Is("TABLE")) throw SnowflakeException.Unsupported("an external function that returns a TABLE");
        var returns = SqlType.Read(at);
        if (returns.Kind == SqlKind.Vector || types.Exists(static t => t.StartsWith("VECTOR", StringComparison.Ordinal))) throw SnowflakeException.Unsupported("VECTOR in an external function");
        var notNull = at.Try("NOT", "NULL");
        if (!notNull) at.Try("NULL");
        var strict = false;
        string? integration = null;
        var (rows, compression) = (0, "AUTO");
        Dictionary<string, string> headers = [];
        while (!at.Try("AS"))
        {
            if (at.Try("CALLED", "ON", "NULL", "INPUT") || at.Try("VOLATILE") || at.Try("IMMUTABLE")) continue;
            if (at.Try("STRICT") || at.Try("RETURNS", "NULL", "ON", "NULL", "INPUT")) strict = true;
            else if (at.Try("COMMENT", "=")) SqlNames.Text(at.Take());
            else if (at.Try("API_INTEGRATION", "=")) integration = SqlNames.Read(at);
            else if (at.Try("MAX_BATCH_ROWS", "=")) rows = SqlType.Whole(at, 1, int.MaxValue, "MAX_BATCH_ROWS");
            else if (at.Try("COMPRESSION", "=")) compression = OneOf("COMPRESSION", "NONE", "AUTO", "GZIP", "DEFLATE");
            else if (at.Try("HEADERS", "=")) headers = Headers();
            else if (at.Is("CONTEXT_HEADERS") || at.Is("REQUEST_TRANSLATOR") || at.Is("RESPONSE_TRANSLATOR")) throw SnowflakeException.Unsupported(at.Now.Text.ToUpperInvariant());
            else throw at.Unexpected();
        }

        var url = SqlNames.Text(at.Take());
        if (integration is null) throw SnowflakeException.Syntax("An external function needs API_INTEGRATION.");
        var allowed = catalogue.AllowedBy(integration) ?? throw new SnowflakeException("002003", "02000", $"SQL compilation error:\nIntegration '{integration}' does not exist or not authorized.");
        if (!allowed.Allow(url))
            throw new SnowflakeException("001008", "22023", $"SQL compilation error:\ninvalid value '{url}' for property 'AS': no prefix that the enabled integration {integration} allows begins it, a blocked one does, or it climbs out of it.");
        var made = new ExternalFunction(home, name, parameters, types, returns.Name, notNull, strict, integration, [], url, rows, compression, headers);
        return Insert(ExternalFunction.Kind, made.Key, made.ToJson(), replace, quiet: false);
    }

    private string CreateIntegration(bool replace)
    {
        var quiet = at.Try("IF", "NOT", "EXISTS");
        var name = SqlNames.Read(at);
        JsonObject properties = [];
        while (!at.AtEnd)
        {
            var property = SqlNames.Read(at);
            at.Expect("=");
            properties[property] = property switch
            {
                "API_PROVIDER" => Provider(),
                "API_ALLOWED_PREFIXES" or "API_BLOCKED_PREFIXES" => Texts(),
                "ENABLED" => at.Try("TRUE") || (at.Try("FALSE") ? false : throw at.Unexpected()),
                "API_AWS_ROLE_ARN" or "AZURE_TENANT_ID" or "AZURE_AD_APPLICATION_ID" or "GOOGLE_AUDIENCE" or "COMMENT" => SqlNames.Text(at.Take()),
                // Nothing here sends it, so nothing here keeps it; that there is one is shown, as in Snowflake.
                "API_KEY" => Secret(),
                _ => throw new SnowflakeException("001420", "22023", $"SQL compilation error:\ninvalid property '{property}' for 'INTEGRATION'"),
            };
            at.Try(",");
        }

        foreach (var needed in new[] { "API_PROVIDER", "API_ALLOWED_PREFIXES", "ENABLED" })
        {
            if (!properties.ContainsKey(needed)) throw SnowflakeException.Syntax($"An API integration needs {needed}.");
        }

        return Insert(ExternalFunction.IntegrationKind, name, properties.ToJsonString(), replace, quiet);
    }

    private static string Insert(string kind, string name, string json, bool replace, bool quiet)
    {
        var values = $"{SqlNames.Literal(name)}, {SqlNames.Literal(json)}, now()::TIMESTAMP";
        if (replace) return $"INSERT OR REPLACE INTO {AccountObjects.Objects} VALUES ('{kind}', {values})";
        return quiet
            ? $"INSERT INTO {AccountObjects.Objects} VALUES ('{kind}', {values}) ON CONFLICT DO NOTHING"
            : $"INSERT INTO {AccountObjects.Objects} SELECT CASE WHEN {AccountObjects.Exists(kind, name)} THEN error({SqlNames.Literal(AccountObjects.There(name))}) ELSE '{kind}' END, {values}";
    }

    private string DropFunction()
    {
        var quiet = at.Try("IF", "EXISTS");
        var (home, name) = HomeAndName();
        return Drop(ExternalFunction.Kind, ExternalFunction.KeyOf(home, name, Types(at)), quiet);
    }

    private string DropIntegration()
    {
        var quiet = at.Try("IF", "EXISTS");
        return Drop(ExternalFunction.IntegrationKind, SqlNames.Read(at), quiet);
    }

    private static string Drop(string kind, string name, bool quiet)
    {
        var literal = SqlNames.Literal(name);
        return $"DELETE FROM {AccountObjects.Objects} WHERE kind = '{kind}' AND name = " +
            (quiet ? literal : $"CASE WHEN {AccountObjects.Exists(kind, name)} THEN {literal} ELSE error({SqlNames.Literal(AccountObjects.Missing(name))}) END");
    }

    /// <summary>The types of a signature: (VARCHAR, NUMBER).</summary>
    public static List<string> Types(SqlCursor at)
    {
        List<string> types = [];
        at.Expect("(");
        while (!at.Try(")"))
        {
            if (types.Count > 0) at.Expect(",");
            types.Add(SqlType.Read(at).Name);
        }

        return types;
    }

    private (string Schema, string Name) HomeAndName()
    {
        var parts = SqlNames.Dotted(at);
        if (parts.Count > 3 || (parts.Count == 3 && parts[0] != LocalSnowflake.Database)) throw SnowflakeException.Unsupported($"a database beside {LocalSnowflake.Database}");
        return (parts.Count > 1 ? parts[^2] : schema, parts[^1]);
    }

    private string Provider()
    {
        var token = at.Take();
        var text = (token.Kind == SqlTokenKind.Literal ? SqlNames.Text(token) : token.Text).ToUpperInvariant();
        return Providers.Contains(text) ? text : throw new SnowflakeException("001008", "22023", $"SQL compilation error:\ninvalid value '{text}' for property 'API_PROVIDER'");
    }

    private string OneOf(string property, params string[] words)
    {
        var token = at.Take();
        var text = (token.Kind == SqlTokenKind.Literal ? SqlNames.Text(token) : token.Text).ToUpperInvariant();
        return words.Contains(text) ? text : throw new SnowflakeException("001008", "22023", $"SQL compilation error:\ninvalid value '{text}' for property '{property}'");
    }

    private string Secret()
    {
        SqlNames.Text(at.Take());
        return "**********";
    }

    private JsonArray Texts()
    {
        JsonArray texts = [];
        at.Expect("(");
        while (!at.Try(")"))
        {
            if (texts.Count > 0) at.Expect(",");
            texts.Add((JsonNode)SqlNames.Text(at.Take()));
        }

        return texts;
    }

    private Dictionary<string, string> Headers()
    {
        Dictionary<string, string> headers = [];
        at.Expect("(");
        while (!at.Try(")"))
        {
            if (headers.Count > 0) at.Expect(",");
            var name = SqlNames.Text(at.Take());
            at.Expect("=");
            var value = SqlNames.Text(at.Take());
            if (!name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') || name.Length == 0 || !value.All(static c => c is >= ' ' and < (char)127))
                throw SnowflakeException.Syntax($"'{name}' is no header.");
            headers[name] = value;
        }

        return headers;
    }
}
