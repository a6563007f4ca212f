using System.Data.Common;
using System.Globalization;
using Sophia.Memory.Archiving;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;
using Sophia.Snowflake.Flushing;
using Sophia.Snowflake.Migrations;

namespace Sophia.Snowflake.Mirror;

/// <summary>What the memory asks of the mirror: how far it is, and to erase.</summary>
/// <param name="held">What may hold erased bytes even so, said in each proof; null for nothing.</param>
public sealed class MirrorArchive(LogMirror mirror, SnowflakeFlush flush, SnowflakeOptions options, bool isShared, string? held = null) : IArchive
{
    private const int MostErasedAtOnce = 500;

    public string Name => "Snowflake";

    public DateTimeOffset HasUpTo(NamespaceInfo ns) => mirror.HasUpTo(ns.Partition);

    public void Recall(NamespaceInfo ns) => mirror.Recall();

    public bool MayHold(NamespaceInfo ns) => !ns.Settings.Resident || mirror.MayHold(ns);

    public async Task<RowPage<LogEntry>> HistoryAsync(NamespaceInfo ns, string key, RecordId id, Sequence before, int limit, CancellationToken cancellationToken)
    {
        try
        {
            object?[] values = [ns.Id.ToString(CultureInfo.InvariantCulture), id.ToString(), .. before.IsNone ? Array.Empty<object>() : [before.Value.ToString(CultureInfo.InvariantCulture)]];
            var rows = await flush.BesideAsync(
                options.EraseTimeout,
                session => session.PageAsync(ArchivedVersions.Query(!before.IsNone, limit), row => ArchivedVersions.Read(row, ns, key, id), cancellationToken, values), cancellationToken).ConfigureAwait(false);
            // What a tombstone stands before is of another life of the key, and erased.
            LogEntry[] versions = [.. rows.TakeWhile(static row => row.Kind is ChangeKind.Put or ChangeKind.Delete)];
            return new RowPage<LogEntry>(versions, rows.IsCut && versions.Length == rows.Count);
        }
        catch (Exception error) when (error is DbException or TimeoutException or SchemaDriftException)
        {
            throw new ArchiveUnavailableException(error.Message, error);
        }
    }

    public async Task<ArchiveErasure> EraseAsync(NamespaceInfo ns, IReadOnlyList<RecordId> records, Sequence before, DateTimeOffset asked, CancellationToken cancellationToken)
    {
        try
        {
            // Not while a batch is under way: it may have read what is erased here, and would write it again behind this.
            var rows = await flush.AloneAsync(
                options.EraseTimeout,
                async session =>
                {
                    var erased = 0L;
                    foreach (var some in records.Chunk(MostErasedAtOnce))
                    {
                        var values = MirrorStatements.RecordsToErase(ns.Id, some, before, asked);
                        foreach (var table in MirrorStatements.Tables)
                        {
                            var rows = await session.ExecuteAsync(MirrorStatements.EraseRecords(table, some.Length), cancellationToken, values).ConfigureAwait(false);
                            erased += table == MirrorStatements.Log ? rows : 0;
                        }
                    }

                    return erased;
                },
                cancellationToken).ConfigureAwait(false);
            return new ArchiveErasure(rows, held is not null ? held : isShared ? "If another process was mirroring at this moment, Snowflake may get a copy again until the mirror comes to the tombstones, at its next flush." : null);
        }
        catch (Exception error) when (error is DbException or TimeoutException or SchemaDriftException)
        {
            throw new ArchiveUnavailableException(error.Message, error);
        }
    }
}
