using System.Data.Common;
using System.Reflection;

namespace Sophia.Snowflake.Connecting;

/// <summary>An account is configured, and this build has no driver for it; the message says what to do.</summary>
public sealed class SnowflakeDriverMissingException() : Exception(
    "A Snowflake account is configured, but this build has no driver for it: Snowflake.Data. Build with -p:UseSnowflakeData=true on a feed that carries " +
    "the package, or take the connection (ConnectionStrings:snowflake) out, to use the local Snowflake.");

/// <summary>
/// Where Snowflake is: an account, through Snowflake.Data as an ADO.NET provider, or the engine in this process. Whoever gets the
/// data source cannot tell which one it is, and need not.
/// </summary>
public static class SnowflakeDataSources
{
    private const string Factory = "Snowflake.Data.Client.SnowflakeDbFactory, Snowflake.Data";

    /// <summary>Whether Snowflake.Data is part of this build.</summary>
    public static bool HasDriver => Type.GetType(Factory) is not null;

    /// <param name="connectionString">As Snowflake.Data reads it, by key pair, access token, OAuth or password; null or empty: the local engine.</param>
    /// <param name="file">The local engine's database, made where it is missing; null keeps it in memory.</param>
    /// <exception cref="SnowflakeDriverMissingException"/>
    public static DbDataSource Open(string? connectionString, string? file) =>
        string.IsNullOrWhiteSpace(connectionString) ? new LocalSnowflakeDataSource(file) : Account(connectionString);

    private static DbDataSource Account(string connectionString)
    {
        var type = Type.GetType(Factory) ?? throw new SnowflakeDriverMissingException();
        var factory = (DbProviderFactory)(type.GetField("Instance", BindingFlags.Public | BindingFlags.Static)?.GetValue(null)
            ?? throw new InvalidOperationException($"{type.AssemblyQualifiedName} has no field Instance: another version than the one that is pinned."));
        return factory.CreateDataSource(connectionString);
    }
}
