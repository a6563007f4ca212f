using Microsoft.Extensions.Logging;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Sqlite;

/// <summary>The store of L3 in one SQLite file.</summary>
public static class SqliteRecordStore
{
    /// <param name="dataDirectory">Made if it is not there; one process at a time may have it.</param>
    /// <param name="limits">What a merged record must keep; those of the options that callers' drafts are checked by.</param>
    public static IRecordStore Create(string dataDirectory, TimeProvider clock, ILogger? logger = null, RecordLimits? limits = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(dataDirectory);
        ArgumentNullException.ThrowIfNull(clock);
        return new SqliteEngine(dataDirectory, clock, logger, limits);
    }
}
