using Npgsql;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Postgres;

/// <summary>The store of L3 in PostgreSQL.</summary>
public static class PostgresRecordStore
{
    /// <param name="source">Stays the caller's to dispose.</param>
    public static IRecordStore Create(NpgsqlDataSource source, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(clock);
        return new PostgresEngine(source, clock);
    }
}
