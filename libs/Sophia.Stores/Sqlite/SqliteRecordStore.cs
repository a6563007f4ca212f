using Microsoft.Extensions.Logging;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Sqlite;

/// <summary>The store of L3 in one SQLite file.</summary>
public static class SqliteRecordStore
{
    /// <param name="dataDirectory">Made if it is not there; one process at a time may have it.</param>
    public static IRecordStore Create(string dataDirectory, TimeProvider clock, ILogger? logger = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(dataDirectory);
        ArgumentNullException.ThrowIfNull(clock);
        return new SqliteEngine(dataDirectory, clock, logger);
    }
}
