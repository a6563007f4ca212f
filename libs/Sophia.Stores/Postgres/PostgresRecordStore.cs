using Npgsql;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Postgres;

/// <summary>The store of L3 in PostgreSQL.</summary>
public static class PostgresRecordStore
{
    /// <param name="source">Stays the caller's to dispose.</param>
    /// <param name="limits">What a merged record must keep; those of the options that callers' drafts are checked by.</param>
    public static IRecordStore Create(NpgsqlDataSource source, TimeProvider clock, RecordLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(clock);
        return new PostgresEngine(source, clock, limits);
    }
}
