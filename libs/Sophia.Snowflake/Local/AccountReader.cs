using System.Globalization;
using System.Text.Json.Nodes;
using Sophia.Snowflake.Local.Remote;

namespace Sophia.Snowflake.Local;

/// <summary>Reads CREATE, ALTER and DROP of warehouses, roles and resource monitors, GRANT and REVOKE.</summary>
internal sealed class AccountReader(SqlCursor at, string schema)
{
    private static readonly string[] Sizes = ["X-SMALL", "SMALL", "MEDIUM", "LARGE", "X-LARGE", "2X-LARGE", "3X-LARGE", "4X-LARGE", "5X-LARGE", "6X-LARGE"];

    private static readonly HashSet<string> WarehouseProperties =
    [
        "WAREHOUSE_SIZE", "WAREHOUSE_TYPE", "MAX_CLUSTER_COUNT", "MIN_CLUSTER_COUNT", "SCALING_POLICY", "AUTO_SUSPEND", "AUTO_RESUME", "INITIALLY_SUSPENDED",
        "RESOURCE_MONITOR", "COMMENT", "ENABLE_QUERY_ACCELERATION", "QUERY_ACCELERATION_MAX_SCALE_FACTOR", "MAX_CONCURRENCY_LEVEL",
        "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS", "STATEMENT_TIMEOUT_IN_SECONDS",
    ];

    // docs.snowflake.com, "Access control privileges": those of the objects that are here.
    private static readonly HashSet<string> Privileges =
    [
        "SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "USAGE", "OPERATE", "MONITOR", "MODIFY", "OWNERSHIP", "CREATE SCHEMA", "CREATE TABLE", "CREATE VIEW",
        "CREATE FUNCTION", "CREATE PROCEDURE", "CREATE SEQUENCE", "CREATE STAGE", "CREATE DATABASE", "CREATE WAREHOUSE", "CREATE ROLE", "CREATE INTEGRATION", "MANAGE GRANTS",
        "EXECUTE TASK", "APPLYBUDGET", "REBUILD", "CREATE SECRET", "CREATE NETWORK RULE",
    ];

    /// <summary>The engine's statement; null where it is about something else.</summary>
    public string? Read()
    {
        var from = at.At;
        if (at.Try("GRANT")) return Grant(revoke: false);
        if (at.Try("REVOKE")) return Grant(revoke: true);
        if (at.Try("CREATE"))
        {
            var replace = at.Try("OR", "REPLACE");
            if (Kind() is { } made) return Create(made, replace);
        }
        else if (at.Try("ALTER") && Kind() is { } changed) return Alter(changed);
        else if (at.Try("DROP") && Kind() is { } dropped) return Drop(dropped);
        at.Back(from);
        return null;
    }

    private string? Kind() => at.Try("WAREHOUSE") ? "WAREHOUSE" : at.Try("ROLE") ? "ROLE" : at.Try("RESOURCE", "MONITOR") ? "RESOURCE MONITOR" : null;

    private string Create(string kind, bool replace)
    {
        var quiet = at.Try("IF", "NOT", "EXISTS");
        var name = SqlNames.Read(at);
        var properties = Properties(kind);
        if (kind == "WAREHOUSE") properties["WAREHOUSE_SIZE"] ??= "X-SMALL";
        var values = $"'{kind}', {SqlNames.Literal(name)}, {SqlNames.Literal(properties.ToJsonString())}, now()::TIMESTAMP";
        if (replace) return $"INSERT OR REPLACE INTO {AccountObjects.Objects} VALUES ({values})";
        return quiet
            ? $"INSERT INTO {AccountObjects.Objects} VALUES ({values}) ON CONFLICT DO NOTHING"
            : $"INSERT INTO {AccountObjects.Objects} SELECT CASE WHEN {AccountObjects.Exists(kind, name)} THEN error({SqlNames.Literal(AccountObjects.There(name))}) ELSE '{kind}' END, {values[(kind.Length + 4)..]}";
    }

    private string Alter(string kind)
    {
        var quiet = at.Try("IF", "EXISTS");
        var name = SqlNames.Read(at);
        JsonObject properties = [];
        if (kind == "WAREHOUSE" && (at.Try("SUSPEND") || at.Try("RESUME"))) at.Try("IF", "SUSPENDED");
        else
        {
            at.Expect("SET");
            properties = Properties(kind);
        }
        var update = $"UPDATE {AccountObjects.Objects} SET properties = json_merge_patch(properties, {SqlNames.Literal(properties.ToJsonString())}) WHERE kind = '{kind}' AND name = ";
        return update + (quiet ? SqlNames.Literal(name) : Required(kind, name));
    }

    private string Drop(string kind)
    {
        var quiet = at.Try("IF", "EXISTS");
        var name = SqlNames.Read(at);
        return $"DELETE FROM {AccountObjects.Objects} WHERE kind = '{kind}' AND name = {(quiet ? SqlNames.Literal(name) : Required(kind, name))}";
    }

    private static string Required(string kind, string name) =>
        $"CASE WHEN {AccountObjects.Exists(kind, name)} THEN {SqlNames.Literal(name)} ELSE error({SqlNames.Literal(AccountObjects.Missing(name))}) END";

    private JsonObject Properties(string kind)
    {
        JsonObject properties = [];
        at.Try("WITH");
        while (!at.AtEnd)
        {
            if (kind == "RESOURCE MONITOR" && at.Try("TRIGGERS")) { properties["TRIGGERS"] = Triggers(); continue; }
            var property = SqlNames.Read(at);
            var isKnown = kind switch
            {
                "WAREHOUSE" => WarehouseProperties.Contains(property),
                "ROLE" => property == "COMMENT",
                _ => property is "CREDIT_QUOTA" or "FREQUENCY" or "START_TIMESTAMP" or "END_TIMESTAMP" or "NOTIFY_USERS",
            };
            if (!isKnown) throw new SnowflakeException("001420", "22023", $"SQL compilation error:\ninvalid property '{property}' for '{kind}'");
            at.Expect("=");
            properties[property] = Value(property);
            at.Try(",");
        }
        return properties;
    }

    private JsonNode? Value(string property)
    {
        if (property == "NOTIFY_USERS")
        {
            at.Expect("(");
            JsonArray users = [];
            do users.Add((JsonNode)SqlNames.Read(at));
            while (at.Try(","));
            at.Expect(")");
            return users;
        }
        var token = at.Take();
        var text = token.Kind switch
        {
            SqlTokenKind.Literal => SqlNames.Text(token),
            SqlTokenKind.Word => token.Text.ToUpperInvariant(),
            SqlTokenKind.Number or SqlTokenKind.QuotedName => token.Text.Trim('"'),
            _ => throw SnowflakeException.Syntax($"syntax error: unexpected '{token.Text}' as the value of {property}."),
        };
        switch (property)
        {
            case "WAREHOUSE_SIZE":
                var size = text.ToUpperInvariant().Replace("XSMALL", "X-SMALL", StringComparison.Ordinal).Replace("XLARGE", "X-LARGE", StringComparison.Ordinal)
                    .Replace("XX-LARGE", "2X-LARGE", StringComparison.Ordinal).Replace("X--", "X-", StringComparison.Ordinal);
                return Sizes.Contains(size) ? size : throw Invalid(property, text);
            case "AUTO_RESUME" or "INITIALLY_SUSPENDED" or "ENABLE_QUERY_ACCELERATION":
                return bool.TryParse(text, out var truth) ? truth : throw Invalid(property, text);
            case "AUTO_SUSPEND" or "CREDIT_QUOTA" or "MAX_CLUSTER_COUNT" or "MIN_CLUSTER_COUNT" or "MAX_CONCURRENCY_LEVEL" or "QUERY_ACCELERATION_MAX_SCALE_FACTOR":
                return text == "NULL" && property == "AUTO_SUSPEND" ? 0
                    : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Invalid(property, text);
            case "FREQUENCY":
                return text.ToUpperInvariant() is "MONTHLY" or "DAILY" or "WEEKLY" or "YEARLY" or "NEVER" ? text.ToUpperInvariant() : throw Invalid(property, text);
            default: return text;
        }
    }

    private string Triggers()
    {
        List<string> triggers = [];
        while (at.Try("ON"))
        {
            var percent = SqlType.Whole(at, 1, 10_000, "The share of a trigger");
            at.Expect("PERCENT", "DO");
            triggers.Add($"{percent}% {(at.Try("NOTIFY") ? "NOTIFY" : at.Try("SUSPEND_IMMEDIATE") ? "SUSPEND_IMMEDIATE" : at.Try("SUSPEND") ? "SUSPEND" : throw at.Unexpected())}");
        }
        return triggers.Count > 0 ? string.Join(", ", triggers) : throw at.Unexpected();
    }

    private static SnowflakeException Invalid(string property, string value) => new("001008", "22023", $"SQL compilation error:\ninvalid value '{value}' for property '{property}'");

    private string Grant(bool revoke)
    {
        if (revoke && at.Try("GRANT", "OPTION", "FOR")) { /* the option is not kept, so nothing is to be taken away but the privilege */ }
        string rows;
        if (at.Try("ROLE"))
        {
            var role = SqlNames.Read(at);
            rows = $"SELECT 'USAGE' AS privilege, 'ROLE' AS granted_on, {Required("ROLE", role)} AS name";
        }
        else
        {
            var privileges = ReadPrivileges();
            at.Expect("ON");
            rows = $"SELECT p.privilege, o.granted_on, o.name FROM (VALUES {string.Join(", ", privileges.Select(p => $"({SqlNames.Literal(p)})"))}) AS p(privilege), ({On()}) AS o(granted_on, name)";
        }
        at.Expect(revoke ? "FROM" : "TO");
        if (at.Is("USER") || at.Is("DATABASE") || at.Is("SHARE") || at.Is("APPLICATION")) throw SnowflakeException.Unsupported($"a grant to a {at.Now.Text.ToUpperInvariant()}");
        at.Try("ROLE");
        var grantee = SqlNames.Read(at);
        if (!revoke) at.Try("WITH", "GRANT", "OPTION");
        else if (!at.Try("CASCADE")) at.Try("RESTRICT");
        return revoke
            ? $"DELETE FROM {AccountObjects.Grants} WHERE grantee = {Required("ROLE", grantee)} AND (privilege, granted_on, name) IN ({rows})"
            : $"INSERT INTO {AccountObjects.Grants} SELECT g.privilege, g.granted_on, g.name, {Required("ROLE", grantee)}, now()::TIMESTAMP FROM ({rows}) AS g ON CONFLICT DO NOTHING";
    }

    private List<string> ReadPrivileges()
    {
        if (at.Try("ALL")) { at.Try("PRIVILEGES"); return ["ALL"]; }
        List<string> privileges = [];
        do
        {
            List<string> words = [];
            while (!at.AtEnd && !at.Is(",") && !at.Is("ON")) words.Add(at.Take().Text.ToUpperInvariant());
            var privilege = string.Join(' ', words);
            privileges.Add(Privileges.Contains(privilege) ? privilege : throw SnowflakeException.Syntax($"syntax error: '{privilege}' is no privilege that is known here."));
        }
        while (at.Try(","));
        return privileges;
    }

    // Rows of (granted_on, name); an object that is not there is an error.
    private string On()
    {
        if (at.Try("ACCOUNT")) return "SELECT 'ACCOUNT', 'LOCAL'";
        if (at.Try("WAREHOUSE")) return Named("WAREHOUSE");
        if (at.Try("RESOURCE", "MONITOR")) return Named("RESOURCE MONITOR");
        if (at.Try("INTEGRATION")) return Named(ExternalFunction.IntegrationKind);
        if (at.Try("FUNCTION")) return Function();
        if (at.Try("DATABASE"))
        {
            var database = SqlNames.Read(at);
            return database == LocalSnowflake.Database ? $"SELECT 'DATABASE', '{database}'" : throw new SnowflakeException("002003", "02000", $"SQL compilation error:\nDatabase '{database}' does not exist or not authorized.");
        }
        if (at.Try("SCHEMA")) return Checked("SCHEMA", Full(SqlNames.Dotted(at), 2), "SELECT 1 FROM memory.main.\"IS_SCHEMATA\" WHERE 'SOPHIA.' || \"SCHEMA_NAME\" = ");
        var all = at.Try("ALL");
        if (all || at.Try("FUTURE"))
        {
            var isTable = at.Try("TABLES");
            if (!isTable) at.Expect("VIEWS");
            at.Expect("IN", "SCHEMA");
            var within = Full(SqlNames.Dotted(at), 2);
            var kind = isTable ? "TABLE" : "VIEW";
            return all
                ? $"SELECT '{kind}', 'SOPHIA.' || \"TABLE_SCHEMA\" || '.' || \"TABLE_NAME\" FROM memory.main.\"IS_TABLES\" WHERE \"TABLE_TYPE\" = '{(isTable ? "BASE TABLE" : "VIEW")}' AND 'SOPHIA.' || \"TABLE_SCHEMA\" = {SqlNames.Literal(within)}"
                : $"SELECT 'FUTURE {kind}', {SqlNames.Literal(within)}";
        }
        var view = at.Try("VIEW");
        if (view || at.Try("TABLE") || SqlNames.IsName(at.Now))
        {
            return Checked(view ? "VIEW" : "TABLE", Full(SqlNames.Dotted(at), 3), "SELECT 1 FROM memory.main.\"IS_TABLES\" WHERE 'SOPHIA.' || \"TABLE_SCHEMA\" || '.' || \"TABLE_NAME\" = ");
        }
        throw SnowflakeException.Unsupported($"a grant on {at.Now.Text.ToUpperInvariant()}");
    }

    private string Function()
    {
        var parts = SqlNames.Dotted(at);
        var key = ExternalFunction.KeyOf(parts.Count > 1 ? parts[^2] : schema, parts[^1], FunctionReader.Types(at));
        return $"SELECT 'FUNCTION', {Required(ExternalFunction.Kind, key)}";
    }

    private string Named(string kind)
    {
        var name = SqlNames.Read(at);
        return $"SELECT '{kind}', {Required(kind, name)}";
    }

    private static string Checked(string kind, string name, string query) =>
        $"SELECT '{kind}', CASE WHEN EXISTS ({query}{SqlNames.Literal(name)}) THEN {SqlNames.Literal(name)} ELSE error({SqlNames.Literal(AccountObjects.Missing(name))}) END";

    /// <summary>With database and schema where they were left out.</summary>
    private string Full(List<string> parts, int wanted)
    {
        if (parts.Count < wanted && wanted == 3 && parts.Count == 1) parts.Insert(0, schema);
        if (parts.Count < wanted) parts.Insert(0, LocalSnowflake.Database);
        return parts.Count == wanted ? string.Join('.', parts) : throw SnowflakeException.Syntax($"syntax error: '{string.Join('.', parts)}' has too many parts.");
    }
}
