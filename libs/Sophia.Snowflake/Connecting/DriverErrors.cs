using System.Data.Common;
using System.Reflection;

namespace Sophia.Snowflake.Connecting;

/// <summary>What a driver's error says, whichever driver it is.</summary>
public static class DriverErrors
{
    /// <summary>The SQLSTATE; null where the error has none, as one of the driver's own.</summary>
    /// <remarks>
    /// Snowflake.Data 6.0.0 has a property of this name beside the one of <see cref="DbException"/>, which stays null: without looking there,
    /// no error of an account could be told from a connection that was lost.
    /// </remarks>
    public static string? StateOf(DbException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        if (error.SqlState is { Length: > 0 } state) return state;
        var own = error.GetType().GetProperty(nameof(DbException.SqlState), BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly);
        return own?.GetValue(error) is string { Length: > 0 } hidden ? hidden : null;
    }
}
