using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>
/// A Snowflake account, or what stands for one on a developer's machine. Its connection string is of the form that
/// Snowflake.Data reads: <c>account=…;user=…;authenticator=…;…</c>.
/// </summary>
/// <param name="name">The name of the resource.</param>
public sealed class SnowflakeResource(string name) : Resource(name), IResourceWithConnectionString
{
    /// <summary>What is connected to; null until an account or the emulator was chosen.</summary>
    internal SnowflakeLogin? Login { get; set; }

    /// <summary>The emulator that stands for the account; null where an account is used.</summary>
    public ProjectResource? Emulator { get; internal set; }

    /// <exception cref="DistributedApplicationException">Neither an account nor the emulator was chosen.</exception>
    public ReferenceExpression ConnectionStringExpression => Chosen.ConnectionString;

    /// <summary>Where it answers over HTTP: what the health check asks.</summary>
    internal ReferenceExpression Address => Chosen.Address;

    private SnowflakeLogin Chosen => Login ?? throw new DistributedApplicationException(
        $"The Snowflake resource '{Name}' has no account: call WithAccount, or RunAsEmulator for one on this machine.");

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() => Chosen.Properties;
}

/// <summary>A way to connect: the connection string, its parts, and the address that answers.</summary>
/// <param name="ConnectionString">As Snowflake.Data reads it.</param>
/// <param name="Address">http or https, without a path.</param>
/// <param name="Properties">The parts, for services that do not read connection strings.</param>
internal sealed record SnowflakeLogin(
    ReferenceExpression ConnectionString, ReferenceExpression Address, IReadOnlyList<KeyValuePair<string, ReferenceExpression>> Properties);

/// <summary>A database of an account. Its connection string opens it, with a schema, a warehouse and a role where they were given.</summary>
/// <param name="name">The name of the resource.</param>
/// <param name="databaseName">The database's name in Snowflake.</param>
/// <param name="parent">The account.</param>
public sealed class SnowflakeDatabaseResource(string name, string databaseName, SnowflakeResource parent)
    : Resource(name), IResourceWithParent<SnowflakeResource>, IResourceWithConnectionString
{
    public SnowflakeResource Parent { get; } = parent;

    public string DatabaseName { get; } = databaseName;

    /// <summary>The schema of names that have none; null for the account's own default.</summary>
    public string? Schema { get; internal set; }

    /// <summary>The warehouse that statements run in; null for the user's own default.</summary>
    public SnowflakeWarehouseResource? Warehouse { get; internal set; }

    /// <summary>The role that the session takes; null for the user's own default.</summary>
    public string? Role { get; internal set; }

    public ReferenceExpression ConnectionStringExpression
    {
        get
        {
            var expression = new ReferenceExpressionBuilder();
            expression.Append($"{Parent};db={DatabaseName}");
            foreach (var (key, value) in Session)
            {
                expression.AppendLiteral($";{key}={value}");
            }

            return expression.Build();
        }
    }

    private IEnumerable<(string Key, string Value)> Session =>
        new[] { ("schema", Schema), ("warehouse", Warehouse?.WarehouseName), ("role", Role) }
            .Where(part => part.Item2 is not null).Select(part => (part.Item1, part.Item2!));

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties()
    {
        yield return new("DatabaseName", ReferenceExpression.Create($"{DatabaseName}"));
        foreach (var (key, value) in Session)
        {
            yield return new(char.ToUpperInvariant(key[0]) + key[1..], ReferenceExpression.Create($"{value}"));
        }

        foreach (var property in ((IResourceWithConnectionString)Parent).GetConnectionProperties())
        {
            yield return property;
        }
    }
}

/// <summary>A warehouse of an account: what statements run in, and what costs.</summary>
/// <param name="name">The name of the resource.</param>
/// <param name="warehouseName">The warehouse's name in Snowflake.</param>
/// <param name="parent">The account.</param>
public sealed class SnowflakeWarehouseResource(string name, string warehouseName, SnowflakeResource parent)
    : Resource(name), IResourceWithParent<SnowflakeResource>
{
    public SnowflakeResource Parent { get; } = parent;

    public string WarehouseName { get; } = warehouseName;
}
