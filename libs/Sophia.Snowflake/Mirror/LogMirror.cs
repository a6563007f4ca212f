using System.Data.Common;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Archiving;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Tiers;
using Sophia.Snowflake.Connecting;
using Sophia.Snowflake.Flushing;

namespace Sophia.Snowflake.Mirror;

/// <summary>How the mirror stands.</summary>
/// <param name="Rows">Rows of the log that it has not taken yet.</param>
/// <param name="Lag">How long ago it last had everything; zero when it has.</param>
/// <param name="IsMine">Whether this process mirrors; of several, one does.</param>
public sealed record MirrorReport(long Rows, TimeSpan Lag, bool Paused, bool IsMine, long Mirrored, long Stripped);

/// <summary>
/// Follows the log and writes its rows, of whatever kind, to Snowflake. 1. The cursor, a number for each partition, is kept in L3 under a
/// condition, and with it a lease: of several processes one mirrors. 2. Rows go in batches: into a staging table, then a DELETE of
/// what tombstones erase, then one MERGE by namespace and sequence; so a batch that is done twice does no harm, and the cursor may
/// be written behind it. 3. Resident namespaces are passed over; one that becomes resident is taken out. 4. A row that Snowflake
/// will not have is found by halving its batch and goes without its content: one row must not stop the rest.
/// </summary>
public sealed partial class LogMirror : IFlushSource, IDisposable
{
    private const string Key = "mirror";
    private const int PageRows = 2_000;
    private static readonly TimeSpan LeaseTime = TimeSpan.FromMinutes(5);
    private readonly MemoryHierarchy _memory;
    private readonly ServiceState _states;
    private readonly SnowflakeOptions _options;
    private readonly string _node;
    private readonly ILogger _logger;
    private readonly Meter _meter = new(TierMeters.SourceName);
    private readonly Dictionary<long, NamespaceInfo> _namespaces = [];
    private readonly Lock _lock = new();
    private MirrorState _state = new();
    private Sequence _stateAt;
    private bool _isRead;
    private readonly DateTimeOffset _startedAt;
    private DateTimeOffset? _lastEven;
    private bool _recalls;
    private long _mirrored;
    private long _stripped;

    private sealed record Batch(MirrorRows Rows, long[] Numbers, long[] Times, bool IsLast);

    /// <param name="node">This process's name among those of the service.</param>
    public LogMirror(MemoryHierarchy memory, SnowflakeOptions options, string node, ILogger logger)
    {
        (_memory, _states, _options, _node, _logger) = (memory, new ServiceState(memory), options, node, logger);
        _startedAt = memory.Clock.GetUtcNow();
        _meter.CreateObservableGauge("sophia.snowflake.mirror.lag.rows", () => Report().Rows, "{row}", "Rows of the log that Snowflake does not have yet.");
        _meter.CreateObservableGauge("sophia.snowflake.mirror.lag", () => Report().Lag.TotalSeconds, "s", "Time since Snowflake last had the whole log.");
        _meter.CreateObservableCounter("sophia.snowflake.mirror.stripped", () => Interlocked.Read(ref _stripped), "{row}", "Rows that went without their content, because Snowflake would not have it.");
    }

    public string Name => "mirror";

    public long Waiting
    {
        get
        {
            lock (_lock)
            {
                var behind = Behind();
                if (behind == 0)
                {
                    _lastEven = _memory.Clock.GetUtcNow();
                }

                return _state.Paused ? 0 : behind + (_recalls ? 1 : 0);
            }
        }
    }

    public MirrorReport Report()
    {
        lock (_lock)
        {
            var rows = Behind();
            var now = _memory.Clock.GetUtcNow();
            var lag = rows == 0 ? TimeSpan.Zero : now - (_lastEven ?? _state.CaughtUpAt ?? _startedAt);
            return new MirrorReport(rows, lag > TimeSpan.Zero ? lag : TimeSpan.Zero, _state.Paused, _state.Owner == _node, Interlocked.Read(ref _mirrored), Interlocked.Read(ref _stripped));
        }
    }

    /// <summary>Up to when Snowflake has the rows of a partition.</summary>
    public DateTimeOffset HasUpTo(int partition)
    {
        lock (_lock)
        {
            return _state.Numbers[partition] >= _memory.Seen[partition] ? _memory.Clock.GetUtcNow() : DateTimeOffset.FromUnixTimeMilliseconds(_state.Times[partition]);
        }
    }

    /// <summary>Stops the mirror, or lets it go on, in every process; durable when the task completes.</summary>
    /// <exception cref="Memory.Stores.StoreUnavailableException"/>
    public async Task PauseAsync(bool paused, CancellationToken cancellationToken)
    {
        while (true)
        {
            await ReadAsync(cancellationToken).ConfigureAwait(false);
            if (_state.Paused == paused || await SaveAsync(_state with { Paused = paused }, cancellationToken).ConfigureAwait(false))
            {
                return;
            }
        }
    }

    /// <summary>Whether no process of the service has ever mirrored: its store is new.</summary>
    public bool IsNew => _isRead && _stateAt.IsNone;

    /// <summary>Begins at the log's first row again: every row is written once more, which does no harm.</summary>
    /// <exception cref="Memory.Stores.StoreUnavailableException"/>
    public async Task ResetAsync(CancellationToken cancellationToken)
    {
        do
        {
            await ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        while (!await SaveAsync(_state with { Numbers = new long[Sequence.Partitions], Times = new long[Sequence.Partitions] }, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Reads where the mirror is; called once before the first flush, so that the lag is right from the start.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    public async Task<long> FlushAsync(FlushSession session, CancellationToken cancellationToken)
    {
        if (!_isRead || _memory.IsShared)
        {
            await ReadAsync(cancellationToken).ConfigureAwait(false);
        }

        if (_state.Paused || !await LeaseAsync(cancellationToken).ConfigureAwait(false))
        {
            return 0;
        }

        await PurgeResidentAsync(session, cancellationToken).ConfigureAwait(false);
        var batches = Channel.CreateBounded<Batch>(1);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = Task.Run(() => ReadBatchesAsync(batches.Writer, session.BindsVectors, stop.Token), CancellationToken.None);
        try
        {
            var (written, sinceSaved) = (0L, 0L);
            var stages = new HashSet<int>();
            await foreach (var batch in batches.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                if (batch.Rows.Count > 0)
                {
                    await WriteAsync(session, batch.Rows, stages, cancellationToken).ConfigureAwait(false);
                }

                if (batch.Rows.Cache.Count > 0)
                {
                    await batch.Rows.Cache.WriteAsync(session, cancellationToken).ConfigureAwait(false);
                }

                (written, sinceSaved) = (written + batch.Rows.All, sinceSaved + batch.Rows.All);
                Move(batch);
                if (sinceSaved >= _options.FlushRows || (batch.IsLast && sinceSaved > 0))
                {
                    sinceSaved = 0;
                    await SaveOrLoseAsync(cancellationToken).ConfigureAwait(false);
                }
            }

            await reading.ConfigureAwait(false);
            return written;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ContinueWith(static _ => { }, TaskScheduler.Default).ConfigureAwait(false);
        }
    }

    public void Dispose() => _meter.Dispose();

    /// <summary>A namespace has become resident: the next flush has work.</summary>
    public void Recall()
    {
        lock (_lock)
        {
            _recalls = true;
        }
    }

    private long Behind()
    {
        var behind = 0L;
        for (var partition = 0; partition < Sequence.Partitions; partition++)
        {
            behind += Math.Max(0, _memory.Seen[partition] - _state.Numbers[partition]);
        }

        return behind;
    }

    private void Move(Batch batch)
    {
        lock (_lock)
        {
            _state = _state with { Numbers = batch.Numbers, Times = batch.Times };
        }
    }

    // One batch is made while the one before is being written.
    private async Task ReadBatchesAsync(ChannelWriter<Batch> batches, bool bindsVectors, CancellationToken cancellationToken)
    {
        try
        {
            var (numbers, times) = ((long[])_state.Numbers.Clone(), (long[])_state.Times.Clone());
            var rows = new MirrorRows(bindsVectors);
            for (var partition = 0; partition < Sequence.Partitions; partition++)
            {
                while (numbers[partition] < _memory.Seen[partition])
                {
                    var most = _memory.Seen[partition];
                    var page = await _memory.ReadLogAsync(partition, numbers[partition], PageRows, cancellationToken).ConfigureAwait(false);
                    foreach (var entry in page)
                    {
                        if (await NamespaceAsync(entry.NamespaceId, cancellationToken).ConfigureAwait(false) is { Settings.Resident: false } ns)
                        {
                            rows.Add(ns, entry);
                        }
                    }

                    (numbers[partition], times[partition]) = page.Count == 0 ? (most, times[partition]) : (page[^1].Sequence.Number, page[^1].RecordedAt.ToUnixTimeMilliseconds());
                    if (rows.All >= _options.BatchRows || rows.Size >= _options.BatchBytes)
                    {
                        await batches.WriteAsync(new Batch(rows, (long[])numbers.Clone(), (long[])times.Clone(), IsLast: false), cancellationToken).ConfigureAwait(false);
                        rows = new MirrorRows(bindsVectors);
                    }
                }
            }

            await batches.WriteAsync(new Batch(rows, numbers, times, IsLast: true), cancellationToken).ConfigureAwait(false);
            batches.Complete();
        }
        catch (Exception error)
        {
            // The one who writes hears of it when the batches before are done.
            batches.Complete(error);
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var read = await _states.ReadAsync(Key, cancellationToken).ConfigureAwait(false);
        var state = MirrorState.Of(read.Value);
        lock (_lock)
        {
            // What this process has mirrored since it wrote its state down need not be done again.
            if (_isRead && read.At == _stateAt)
            {
                return;
            }

            (_state, _stateAt, _isRead) = (state, read.At, true);
        }
    }

    private async Task<bool> LeaseAsync(CancellationToken cancellationToken)
    {
        if (!_memory.IsShared)
        {
            return true;
        }

        var now = _memory.Clock.GetUtcNow();
        if (_state.Owner == _node && _state.LeaseUntil > now + (LeaseTime / 2))
        {
            return true;
        }

        if (_state.Owner is not null && _state.Owner != _node && _state.LeaseUntil > now)
        {
            return false;
        }

        return await SaveAsync(_state with { Owner = _node, LeaseUntil = now + LeaseTime }, cancellationToken).ConfigureAwait(false);
    }

    // Written behind the rows: a process that ends before it does them again.
    private async Task SaveOrLoseAsync(CancellationToken cancellationToken)
    {
        var now = _memory.Clock.GetUtcNow();
        if (!await SaveAsync(_state with { Owner = _node, LeaseUntil = now + LeaseTime, CaughtUpAt = now }, cancellationToken).ConfigureAwait(false))
        {
            await ReadAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> SaveAsync(MirrorState state, CancellationToken cancellationToken)
    {
        if (await _states.WriteAsync(Key, state.ToBytes(), _stateAt, cancellationToken).ConfigureAwait(false) is not { } at)
        {
            return false;
        }

        lock (_lock)
        {
            // The row that says so is itself a row of the log, and not one to be mirrored.
            if (state.Numbers[at.Partition] == at.Number - 1)
            {
                state.Numbers[at.Partition] = at.Number;
            }

            (_state, _stateAt) = (state, at);
        }

        return true;
    }

    private async Task<NamespaceInfo?> NamespaceAsync(long id, CancellationToken cancellationToken)
    {
        if (!_namespaces.TryGetValue(id, out var ns))
        {
            await ReadNamespacesAsync(cancellationToken).ConfigureAwait(false);
            _namespaces.TryGetValue(id, out ns);
        }

        return ns;
    }

    private async Task ReadNamespacesAsync(CancellationToken cancellationToken)
    {
        _namespaces.Clear();
        for (var after = 0L; ;)
        {
            var page = await _memory.ListAllNamespacesAsync(after, PageRows, cancellationToken).ConfigureAwait(false);
            foreach (var ns in page)
            {
                _namespaces[ns.Id] = ns;
                after = ns.Id;
            }

            if (page.Count < PageRows)
            {
                return;
            }
        }
    }

    private async Task PurgeResidentAsync(FlushSession session, CancellationToken cancellationToken)
    {
        await ReadNamespacesAsync(cancellationToken).ConfigureAwait(false);
        var resident = _namespaces.Values.Where(static ns => ns.Settings.Resident).Select(static ns => ns.Id).Order().ToArray();
        var added = resident.Except(_state.Resident).Where(id => _state.Numbers[_namespaces[id].Partition] > 0 && !_namespaces[id].Name.StartsWith('$')).ToArray();
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
            _recalls = false;
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

            foreach (var table in rows.Erases ? MirrorStatements.Tables : [])
            {
                await session.ExecuteAsync(MirrorStatements.Erase(table), cancellationToken).ConfigureAwait(false);
            }

            foreach (var (table, _) in vectors)
            {
                await session.ExecuteAsync(MirrorStatements.MergeVectors(table, session.BindsVectors), cancellationToken).ConfigureAwait(false);
            }

            await session.ExecuteAsync(MirrorStatements.Merge, cancellationToken).ConfigureAwait(false);
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

    [LoggerMessage(Level = LogLevel.Error, Message = "Row {Sequence} of the log goes to Snowflake without its content, which it will not have: {Reason}")]
    private partial void LogStripped(string sequence, string reason);
}
