namespace Sophia.Snowflake.Local;

/// <summary>
/// What an account has beside its databases: warehouses, roles, resource monitors and who was granted what. The local engine has nobody
/// to bill and checks no rights: they are remembered, shown, and must exist where a statement names them. They stand in two
/// tables of the database's file, in a schema that no statement can reach.
/// </summary>
internal static class AccountObjects
{
    public const string Schema = "$account";
    public const string Objects = LocalSnowflake.Database + ".\"$account\".objects";
    public const string Grants = LocalSnowflake.Database + ".\"$account\".grants";

    /// <summary>Stands before what a statement raises in the engine: six digits, five characters, then the text.</summary>
    public const string Raised = "SF:";

    /// <summary>Roles that every account has.</summary>
    private const string SystemRoles = "('ACCOUNTADMIN'), ('SECURITYADMIN'), ('USERADMIN'), ('SYSADMIN'), ('PUBLIC')";

    /// <summary>Run once in an engine that starts.</summary>
    public static readonly string[] Tables =
    [
        $"CREATE SCHEMA IF NOT EXISTS {LocalSnowflake.Database}.\"$account\"",
        $"CREATE TABLE IF NOT EXISTS {Objects} (kind VARCHAR, name VARCHAR, properties JSON, created_on TIMESTAMP, PRIMARY KEY (kind, name))",
        $"CREATE TABLE IF NOT EXISTS {Grants} (privilege VARCHAR, granted_on VARCHAR, name VARCHAR, grantee VARCHAR, created_on TIMESTAMP, PRIMARY KEY (privilege, granted_on, name, grantee))",
        $"INSERT INTO {Objects} SELECT 'ROLE', col0, '{{}}', now()::TIMESTAMP FROM (VALUES {SystemRoles}) ON CONFLICT DO NOTHING",
    ];

    public static string Exists(string kind, string name) => $"EXISTS (SELECT 1 FROM {Objects} WHERE kind = '{kind}' AND name = {SqlNames.Literal(name)})";

    public static string Missing(string name) => $"{Raised}00200342S02SQL compilation error:\nObject '{name}' does not exist or not authorized.";

    public static string There(string name) => $"{Raised}00200242710SQL compilation error:\nObject '{name}' already exists.";

    public static string? Show(string what) => what switch
    {
        "WAREHOUSES" => $"""SELECT name, 'SUSPENDED' AS state, 'STANDARD' AS type, properties->>'WAREHOUSE_SIZE' AS size, CAST(properties->>'AUTO_SUSPEND' AS BIGINT) AS auto_suspend, coalesce(properties->>'AUTO_RESUME', 'true') AS auto_resume, created_on, coalesce(properties->>'COMMENT', '') AS comment, coalesce(properties->>'RESOURCE_MONITOR', 'null') AS resource_monitor FROM {Objects} WHERE kind = 'WAREHOUSE'""",
        "ROLES" => $"""SELECT created_on, name, coalesce(properties->>'COMMENT', '') AS comment FROM {Objects} WHERE kind = 'ROLE'""",
        "RESOURCE MONITORS" => $"""SELECT name, CAST(properties->>'CREDIT_QUOTA' AS DOUBLE) AS credit_quota, CAST(0 AS DOUBLE) AS used_credits, coalesce(properties->>'FREQUENCY', 'MONTHLY') AS frequency, properties->>'TRIGGERS' AS triggers, created_on FROM {Objects} WHERE kind = 'RESOURCE MONITOR'""",
        _ => null,
    };

    /// <param name="byRole">TO ROLE: what it was granted; otherwise ON: who was.</param>
    public static string ShowGrants(bool byRole, string kind, string name) =>
        $"SELECT created_on, privilege, granted_on, name, 'ROLE' AS granted_to, grantee AS grantee_name FROM {Grants} WHERE " +
        (byRole ? $"grantee = {SqlNames.Literal(name)}" : $"granted_on = '{kind}' AND name = {SqlNames.Literal(name)}");
}
