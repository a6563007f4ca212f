using System.Data.Common;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Sophia.Snowflake.Connecting;
using Sophia.Snowflake.Flushing;

namespace Sophia.Snowflake.Mirror;

/// <summary>Batches of rows, as Snowflake takes them.</summary>
public sealed partial class LogMirror
{
    private async Task PurgeResidentAsync(FlushSession session, CancellationToken cancellationToken)
    {
        // One that comes while the namespaces are read, or later, is for the next flush.
        var asked = Interlocked.Read(ref _recallsAsked);
        await ReadNamespacesAsync(cancellationToken).ConfigureAwait(false);
        var resident = _namespaces.Values.Where(static ns => ns.Settings.Resident).Select(static ns => ns.Id).Order().ToArray();
        var added = resident.Except(_state.Resident).Where(id => !_namespaces[id].Name.StartsWith('$')).ToArray();
        if (added.Length > 0)
        {
            foreach (var table in MirrorStatements.Tables)
            {
                await session.ExecuteAsync(MirrorStatements.EraseNamespaces(table, added), cancellationToken).ConfigureAwait(false);
            }
        }

        lock (_lock)
        {
            _state = _state with { Resident = resident };
            _recallsDone = asked;
        }
    }

    // The session's tables that were made for this flush: of vectors by their length, and the one of rows.
    private const int RowStage = -1;

    private async Task WriteAsync(FlushSession session, MirrorRows rows, HashSet<int> stages, CancellationToken cancellationToken)
    {
        if (stages.Add(RowStage))
        {
            await session.ExecuteAsync(MirrorStatements.MakeStage, cancellationToken).ConfigureAwait(false);
        }

        foreach (var (table, _) in rows.Vectors(0, rows.Count))
        {
            if (stages.Add(table))
            {
                await session.ExecuteAsync(MirrorStatements.MakeVectorStage(table, session.BindsVectors), cancellationToken).ConfigureAwait(false);
            }
        }

        await WriteAsync(session, rows, 0, rows.Count, cancellationToken).ConfigureAwait(false);
        Interlocked.Add(ref _mirrored, rows.Count);
    }

    private async Task WriteAsync(FlushSession session, MirrorRows rows, int from, int count, CancellationToken cancellationToken)
    {
        var vectors = rows.Vectors(from, count).ToArray();
        try
        {
            await session.ExecuteAsync(MirrorStatements.EmptyStage, cancellationToken).ConfigureAwait(false);
            foreach (var (table, _) in vectors)
            {
                await session.ExecuteAsync(MirrorStatements.EmptyVectorStage(table), cancellationToken).ConfigureAwait(false);
            }

            await session.ExecuteAsync(MirrorStatements.Fill, cancellationToken, rows.Arrays(from, count)).ConfigureAwait(false);
            foreach (var (table, arrays) in vectors)
            {
                await session.ExecuteAsync(MirrorStatements.FillVectors(table), cancellationToken, arrays).ConfigureAwait(false);
            }

            await GiveWayAsync(session, cancellationToken).ConfigureAwait(false);
            foreach (var (table, _) in vectors)
            {
                await session.ExecuteAsync(MirrorStatements.MergeVectors(table, session.BindsVectors), cancellationToken).ConfigureAwait(false);
            }

            await session.ExecuteAsync(MirrorStatements.Merge, cancellationToken).ConfigureAwait(false);
            // Behind the rows: one of this batch may have been read with its content before its tombstone, further on in it, was written.
            foreach (var table in rows.Erases ? MirrorStatements.Tables : [])
            {
                await session.ExecuteAsync(MirrorStatements.Erase(table), cancellationToken).ConfigureAwait(false);
            }
        }
        catch (DbException error) when (DriverErrors.StateOf(error) is ['2', '2', ..])
        {
            // 22…: the data, and not the connection, is what Snowflake will not have.
            if (count > 1)
            {
                await WriteAsync(session, rows, from, count / 2, cancellationToken).ConfigureAwait(false);
                await WriteAsync(session, rows, from + (count / 2), count - (count / 2), cancellationToken).ConfigureAwait(false);
                return;
            }

            if (rows.Bare(from) is not { } sequence)
            {
                throw;
            }

            LogStripped(sequence, error.Message);
            Interlocked.Increment(ref _stripped);
            await WriteAsync(session, rows, from, 1, cancellationToken).ConfigureAwait(false);
        }
    }

    // A store that was restored, or is another, numbers its changes anew: they would be taken for rows that are there already.
    private async Task GiveWayAsync(FlushSession session, CancellationToken cancellationToken)
    {
        var others = (await session.QueryAsync(MirrorStatements.CountOthers, static row => Convert.ToInt64(row.GetValue(0), CultureInfo.InvariantCulture), cancellationToken).ConfigureAwait(false))[0];
        if (others == 0)
        {
            return;
        }

        LogOthers(others);
        foreach (var table in MirrorStatements.Tables)
        {
            await session.ExecuteAsync(MirrorStatements.EraseOthers(table), cancellationToken).ConfigureAwait(false);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Rows} rows in Snowflake have the numbers of rows of this log and are of another one: of before a restore, or of another store. They give way.")]
    private partial void LogOthers(long rows);

    [LoggerMessage(Level = LogLevel.Error, Message = "Row {Sequence} of the log goes to Snowflake without its content, which it will not have: {Reason}")]
    private partial void LogStripped(string sequence, string reason);
}
