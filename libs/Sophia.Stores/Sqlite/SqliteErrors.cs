using Microsoft.Data.Sqlite;
using Sophia.Memory.Stores;
using SQLitePCL;

namespace Sophia.Stores.Sqlite;

/// <summary>What SQLite's result codes mean to callers of the store.</summary>
internal static class SqliteErrors
{
    private const long FullBelowBytes = 1 << 20;

    public static Exception? Translate(Exception exception, string dataDirectory) => exception switch
    {
        SqliteException { SqliteErrorCode: raw.SQLITE_FULL } full => Full(full, dataDirectory),
        // A full disk shows as an I/O error where SQLite cannot grow its shared memory or is stopped by a quota.
        SqliteException { SqliteErrorCode: raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN } io when IsFull(dataDirectory) => Full(io, dataDirectory),
        SqliteException
        {
            SqliteErrorCode: raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN or raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_READONLY or raw.SQLITE_NOMEM,
        } e => new StoreUnavailableException($"SQLite cannot serve the data directory '{dataDirectory}' now: {e.Message}", e),
        _ => null,
    };

    private static StoreFullException Full(SqliteException e, string dataDirectory) =>
        new($"The disk of the data directory '{dataDirectory}' is full. Free some space; nothing needs to be restarted.", e);

    private static bool IsFull(string dataDirectory)
    {
        try
        {
            return new DriveInfo(dataDirectory).AvailableFreeSpace < FullBelowBytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }
}
