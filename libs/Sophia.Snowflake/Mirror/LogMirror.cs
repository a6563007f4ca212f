using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Archiving;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;
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
/// condition, and with it a lease: of several processes one mirrors. 2. Rows go in batches: into a staging table, then in one
/// MERGE by namespace and sequence, then a DELETE of what tombstones erase; so a batch that is done twice does no harm, and the
/// cursor may be written behind it. 3. Resident namespaces are passed over; one that becomes resident is taken out. 4. A row that Snowflake
/// will not have is found by halving its batch and goes without its content: one row must not stop the rest.
/// </summary>
public sealed partial class LogMirror : IFlushSource, IDisposable
{
    private const string Key = "mirror";
    private const int MostPageRows = 2_000;
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
    private long _recallsAsked;
    private long _recallsDone;
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

                // Taken out while paused, too: a pause holds back what is to come, and keeps nothing there that may not be.
                return (_state.Paused ? 0 : behind) + (_recallsAsked > _recallsDone ? 1 : 0);
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

    /// <summary>Whether no process of the service has ever mirrored: its store is new.</summary>
    public bool IsNew => _isRead && _stateAt.IsNone;

    /// <summary>Reads where the mirror is; called once before the first flush, so that the lag is right from the start.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    public async Task<long> FlushAsync(FlushSession session, CancellationToken cancellationToken)
    {
        if (!_isRead || _memory.IsShared)
        {
            await ReadAsync(cancellationToken).ConfigureAwait(false);
        }

        if (!await LeaseAsync(cancellationToken).ConfigureAwait(false))
        {
            return 0;
        }

        await PurgeResidentAsync(session, cancellationToken).ConfigureAwait(false);
        if (_state.Paused)
        {
            return 0;
        }

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
            _recallsAsked++;
        }
    }

    /// <summary>Whether rows of a resident namespace may be in Snowflake yet: until a flush has taken them out.</summary>
    public bool MayHold(NamespaceInfo ns)
    {
        lock (_lock)
        {
            return !ns.Name.StartsWith('$') && !_state.Resident.Contains(ns.Id);
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
            var pages = new PageRows(MostPageRows, _options.BatchBytes);
            for (var partition = 0; partition < Sequence.Partitions; partition++)
            {
                while (numbers[partition] < _memory.Seen[partition])
                {
                    var most = _memory.Seen[partition];
                    var page = await _memory.ReadLogAsync(partition, numbers[partition], pages.Next, cancellationToken).ConfigureAwait(false);
                    pages.Took(page);
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
            var page = await _memory.ListAllNamespacesAsync(after, MostPageRows, cancellationToken).ConfigureAwait(false);
            foreach (var ns in page)
            {
                _namespaces[ns.Id] = ns;
                after = ns.Id;
            }

            if (page.Count < MostPageRows)
            {
                return;
            }
        }
    }
}
