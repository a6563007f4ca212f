using System.Net.Sockets;
using Npgsql;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Postgres;

/// <summary>What PostgreSQL's states and broken connections mean to callers of the store.</summary>
public static class PostgresErrors
{
    /// <summary>A <see cref="StoreUnavailableException"/> or <see cref="StoreFullException"/> where waiting or making room helps; null for a bug.</summary>
    public static Exception? Translate(Exception exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } e =>
            new StoreFullException("The disk of PostgreSQL is full. Free some space there; nothing needs to be restarted.", e),
        PostgresException e => IsPassing(e.SqlState) ? Unavailable(e) : null,
        NpgsqlException or TimeoutException or SocketException => Unavailable(exception),
        _ => null,
    };

    /// <summary>Another attempt may succeed: a deadlock was cut, or another commit stored the same mark first.</summary>
    internal static bool IsRace(PostgresException e) => e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
        || (e.SqlState == PostgresErrorCodes.UniqueViolation && e.TableName == "idempotency");

    // Classes: 08 connection, 53 resources, 57 operator's intervention (shutdown, start-up, cancelled by time-out), 58 system, 40 rolled back.
    private static bool IsPassing(string state) =>
        state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("53", StringComparison.Ordinal) ||
        state.StartsWith("57", StringComparison.Ordinal) || state.StartsWith("58", StringComparison.Ordinal) ||
        state.StartsWith("40", StringComparison.Ordinal) || state is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.LockNotAvailable;

    private static StoreUnavailableException Unavailable(Exception e) => new($"PostgreSQL does not answer now: {e.Message}", e);
}
