using Microsoft.Extensions.Logging;

namespace Sophia.Memory.Search;

/// <summary>
/// A shard whose records went, deleted or with new versions to a shard behind it, keeps the memory of what it held, and each
/// search by vector walks it. So one that has thinned out is renewed, one at a time:
/// <list type="number">
/// <item>A new one of the same span is loaded beside it, and follows the log by its own cursor. Nobody searches it; a forget waits
/// for it. It takes the room that is there, drops no other shard, and gives way to any.</item>
/// <item>When it has seen what the old one has, it takes the place. The old one follows the log until the last search in it is over, and
/// goes then.</item>
/// <item>Where the old one goes before, the new one goes too. Where the new one cannot be loaded, lacks vectors, which it only looks up,
/// or does not catch up, it goes, and the old one stays and is left alone for a while.</item>
/// </list>
/// </summary>
internal sealed partial class ShardDirectory
{
    /// <summary>For so long a shard that could not be renewed is not tried again.</summary>
    public static readonly TimeSpan RenewalPause = TimeSpan.FromMinutes(5);

    /// <summary>Less than one in so many places has a record yet.</summary>
    private const long ThinnedOut = 4;

    private static readonly TimeSpan CatchUpPatience = TimeSpan.FromMinutes(1);
    private readonly ILogger _logger = logger;

    // While it is set its old shard stands in the directory. Changed under the lock of opening: whoever takes it out disposes the new shard.
    private volatile Renewal? _renewal;

    /// <summary>Completes when no renewal is under way.</summary>
    public Task Renewing { get; private set; } = Task.CompletedTask;

    /// <summary>Begins to renew a shard that has thinned out, where there is one and none is being renewed.</summary>
    public void BeginRenewal()
    {
        if (!Renewing.IsCompleted || Loaded.FirstOrDefault(IsToRenew) is not { } old)
        {
            return;
        }

        lock (_opening)
        {
            if (!_isClosed && Renewing.IsCompleted && Find(old.Namespace, old.Span.Number) == old)
            {
                var renewal = new Renewal(old, Load(old.Namespace, old.Span.Number, mostBytes == long.MaxValue ? null : StayWithinRoomAsync, makesVectors: false));
                _renewal = renewal;
                Renewing = Task.Run(() => RenewAsync(renewal));
            }
        }
    }

    private bool IsToRenew(LoadedShard shard) =>
        shard is { Ready.IsCompletedSuccessfully: true, IsBroken: false, Missing: 0 } &&
        shard.Shard.Slots is var slots && slots > options.ThinnedOutSlots && shard.Shard.Count * ThinnedOut < slots &&
        !(shard.RenewedInVainAt is { } at && clock.GetElapsedTime(at) < RenewalPause) &&
        shard.Shard.SizeInMemory / slots * shard.Shard.Count <= Room;

    // No other shard goes for one that can stay as it is.
    private ValueTask StayWithinRoomAsync(LoadedShard renewed) => Room >= renewed.Shard.SizeInMemory ? default
        : throw new NoRoomException("There is no room for it beside itself.", "Search it where shards may take more memory.", NoRoomPatience) { Bytes = renewed.Shard.SizeInMemory };

    private async Task RenewAsync(Renewal renewal)
    {
        var (old, renewed) = renewal;
        await renewed.Ready.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        for (var seen = -1L; _renewal == renewal && renewed is { Ready.IsCompletedSuccessfully: true, IsBroken: false, Missing: 0 } && renewed.Seen > seen;)
        {
            // As long as it makes headway: it has to read whatever was written while it was loaded.
            seen = renewed.Seen;
            while (await renewed.ReachAsync(old.Seen, CatchUpPatience, CancellationToken.None).ConfigureAwait(false) && renewed is { IsBroken: false, Missing: 0 })
            {
                if (TryTakePlace(renewal))
                {
                    LogRenewed(old.Span.Number, old.Namespace.Name, renewed.Shard.Count, old.Shard.Slots);
                    await LeaveAsync(old).ConfigureAwait(false);
                    return;
                }

                if (_renewal != renewal)
                {
                    return;
                }
            }
        }

        old.RenewedInVainAt = clock.GetTimestamp();
        if (await EndAsync(renewal).ConfigureAwait(false))
        {
            var error = renewed.Ready.Exception?.InnerException;
            LogNotRenewed(
                error is null or NoRoomException ? LogLevel.Information : LogLevel.Warning, error, old.Span.Number, old.Namespace.Name,
                error?.Message ?? (renewed.Missing > 0 ? "A model did not make all vectors." : "What was loaded anew did not come to where it is in the log."));
        }
    }

    // False also where the old one has seen more by now.
    private bool TryTakePlace(Renewal renewal)
    {
        lock (_opening)
        {
            // What it was loaded from may have been trimmed before it followed the log.
            if (_renewal != renewal || renewal.New is not { IsBroken: false, Missing: 0 } || renewal.New.Seen < renewal.Old.Seen)
            {
                return false;
            }

            renewal.New.UsedAs(renewal.Old);
            renewal.New.MakesVectors = true;
            _leaving[renewal.Old] = 0;
            _shards[ShardKey.Of(renewal.Old)] = renewal.New;
            _renewal = null;
            return true;
        }
    }

    /// <summary>Gives a renewal up and disposes what it has loaded.</summary>
    /// <returns>False: somebody else has done so, or the new shard has taken the place.</returns>
    private async Task<bool> EndAsync(Renewal renewal)
    {
        lock (_opening)
        {
            if (_renewal != renewal)
            {
                return false;
            }

            _renewal = null;
        }

        await renewal.New.DisposeAsync().ConfigureAwait(false);
        return true;
    }

    // For one that goes, under the lock: what is loaded to take its place, which the caller disposes.
    private LoadedShard? TakeRenewalOf(LoadedShard old)
    {
        if (_renewal is not { } renewal || renewal.Old != old)
        {
            return null;
        }

        _renewal = null;
        return renewal.New;
    }

    private sealed record Renewal(LoadedShard Old, LoadedShard New);

    [LoggerMessage(Level = LogLevel.Information, Message = "Shard {Shard} of namespace '{Namespace}' had thinned out and was loaded anew beside itself: {Records} records, where there were {Slots} places.")]
    private partial void LogRenewed(int shard, string @namespace, int records, int slots);

    [LoggerMessage(Message = "Shard {Shard} of namespace '{Namespace}' has thinned out and keeps the memory of what it held for now: {Reason}")]
    private partial void LogNotRenewed(LogLevel level, Exception? error, int shard, string @namespace, string reason);
}
