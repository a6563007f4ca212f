using Microsoft.Extensions.Logging;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Models;

public sealed partial class ModelChanges
{
    private const int SettleSize = 500;
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CatchUp = TimeSpan.FromSeconds(10);

    /// <summary>Longer than another node may go on with the namespace as it was.</summary>
    private static readonly TimeSpan OthersKnow = TimeSpan.FromSeconds(5);

    private async Task RunAsync(long namespaceId, CancellationToken cancellationToken)
    {
        try
        {
            while (await LeaseAsync(namespaceId, cancellationToken).ConfigureAwait(false) &&
                await _store.FindModelChangeAsync(namespaceId, cancellationToken).ConfigureAwait(false) is { IsOpen: true } change &&
                await _namespaces.RefreshAsync(namespaceId, cancellationToken).ConfigureAwait(false) is { } ns)
            {
                await (change.Phase switch
                {
                    ModelChangePhase.Making => MakeAsync(ns, change, cancellationToken),
                    ModelChangePhase.Settling => SettleAsync(ns, change, cancellationToken),
                    _ => KeepBothAsync(ns, change, cancellationToken),
                }).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The service stops; the next start goes on from what is stored.
        }
        catch (Exception error)
        {
            LogRunFailed(error, namespaceId);
        }
        finally
        {
            _runs.TryRemove(namespaceId, out _);
        }
    }

    private async Task MakeAsync(NamespaceInfo ns, ModelChange change, CancellationToken cancellationToken)
    {
        var target = At(ns, change, change.To);
        _vectors.Make(ns.Id, change.To);
        LoadedShard? shard = null;
        var savedAt = _clock.GetTimestamp();
        while (shard is not { Ready.IsCompletedSuccessfully: true })
        {
            var woken = _wake.Next;
            // A shard that could not be loaded is opened anew; what it had made is kept.
            if (await _shards.RefusedAsync(target).ConfigureAwait(false) is { } refused)
            {
                await StandAsync(change, refused, cancellationToken).ConfigureAwait(false);
                return;
            }

            shard = _shards.Open(target, out _);
            Touch(ns, change);
            if (!await IsMineAsync(change, cancellationToken).ConfigureAwait(false))
            {
                return;
            }

            if (_clock.GetElapsedTime(savedAt) >= ProgressInterval)
            {
                savedAt = _clock.GetTimestamp();
                var seen = change.Next(ModelChangePhase.Making, _clock.GetUtcNow(), _vectors.ReasonOf(ns.Id, change.To)) with { Made = shard.Shard.Count };
                change = await SaveAsync(seen, cancellationToken).ConfigureAwait(false) ? seen : change;
            }

            await WaitAsync(Task.WhenAny(shard.Ready, woken), Tick, cancellationToken).ConfigureAwait(false);
        }

        await shard.ReachAsync(_tail.Seen[ns.Partition], CatchUp, cancellationToken).ConfigureAwait(false);
        if (shard.IsBroken || shard.IsOver)
        {
            // Loaded, and not to be trusted or gone: it is made anew, of vectors that are kept.
            return;
        }

        ModelRecall recall;
        try
        {
            var check = CheckAsync(ns, change, shard, cancellationToken);
            await KeepAsync(ns, change, check, cancellationToken).ConfigureAwait(false);
            recall = await check.ConfigureAwait(false);
        }
        catch (RefusedException refused)
        {
            await StandAsync(change, refused, cancellationToken).ConfigureAwait(false);
            return;
        }

        var floor = change.MinRecall * (recall.Before ?? 1);
        var reason = recall.Samples > 0 && recall.After < floor
            ? $"Of {recall.Samples:N0} sampled records the new model finds {recall.After:P0} by a part of their text; {floor:P0} were asked for. Cut over all the same, or undo."
            : change.CutsByItself ? null : "All vectors are made. The cut-over is yours to ask for.";
        var next = change.Next(reason is null ? ModelChangePhase.Cut : ModelChangePhase.Held, _clock.GetUtcNow(), reason) with
        {
            Recall = recall, IsCut = reason is null, Made = shard.Shard.Count, Total = shard.Shard.Count,
        };
        if (next.IsCut)
        {
            await KeepAsync(ns, change, WarmAsync(target, cancellationToken), cancellationToken).ConfigureAwait(false);
        }

        if (await SaveAsync(next, cancellationToken).ConfigureAwait(false))
        {
            LogChecked(ns.Name, change.From, change.To, next.Phase, recall.After);
        }
    }

    private async Task StandAsync(ModelChange change, RefusedException refused, CancellationToken cancellationToken)
    {
        await SaveAsync(change.Next(change.Phase, _clock.GetUtcNow(), refused.Message), cancellationToken).ConfigureAwait(false);
        await WaitAsync(_wake.Next, ProgressInterval, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ModelRecall> CheckAsync(NamespaceInfo ns, ModelChange change, LoadedShard after, CancellationToken cancellationToken)
    {
        var (source, target) = (At(ns, change, change.From), At(ns, change, change.To));
        LoadedShard? before = null;
        if (_models.Identified(change.From) is not null)
        {
            before = _shards.Open(source, out _);
            await before.Ready.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        return await RecallCheck.RunAsync(
            _store, target, change.Samples, _clock.GetUtcNow(),
            before is null ? null : new RecallCheck.Side(_models.For(source), before), new RecallCheck.Side(_models.For(target), after),
            cancellationToken).ConfigureAwait(false);
    }

    // The shard of the model that is not current follows the log, and so makes its vectors of what is written.
    private async Task KeepBothAsync(NamespaceInfo ns, ModelChange change, CancellationToken cancellationToken)
    {
        var other = change.IsCut ? change.From : change.To;
        var isKept = _models.Identified(other) is not null;
        if (isKept)
        {
            _vectors.Make(ns.Id, other);
        }

        // What serves must not wait for a model that is away.
        _vectors.StopMaking(ns.Id, change.Current);
        while (true)
        {
            var woken = _wake.Next;
            if (!await IsMineAsync(change, cancellationToken).ConfigureAwait(false))
            {
                return;
            }

            if (isKept && await _shards.RefusedAsync(At(ns, change, other)).ConfigureAwait(false) is null)
            {
                _shards.Open(At(ns, change, other), out _);
            }

            Touch(ns, change);
            await WaitAsync(woken, Interval, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task SettleAsync(NamespaceInfo ns, ModelChange change, CancellationToken cancellationToken)
    {
        var (current, other) = (At(ns, change, change.Current), change.IsCut ? change.From : change.To);
        _vectors.StopMaking(ns.Id, change.From);
        _vectors.StopMaking(ns.Id, change.To);
        await _shards.DropAsync(At(ns, change, other)).ConfigureAwait(false);
        if (await _shards.RefusedAsync(current).ConfigureAwait(false) is { } refused)
        {
            await StandAsync(change, refused, cancellationToken).ConfigureAwait(false);
            return;
        }

        var serving = _shards.Open(current, out _);
        await KeepAsync(ns, change, serving.Ready.WaitAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
        if (_store.IsShared)
        {
            await Task.Delay(OthersKnow, _clock, cancellationToken).ConfigureAwait(false);
        }

        // What was written with the other model gets its vector when the shard takes it in; one made after the vectors were
        // moved into the contents would stay beside them.
        if (!await serving.ReachAsync(_tail.Seen[ns.Partition], CatchUp, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        // Once more: a request that began before the other model's end may have opened it again.
        await _shards.DropAsync(At(ns, change, other)).ConfigureAwait(false);
        var after = Log.Sequence.None;
        do
        {
            if (!await IsMineAsync(change, cancellationToken).ConfigureAwait(false))
            {
                return;
            }

            after = await _store.SettleVectorsAsync(current, change.Current, after, SettleSize, cancellationToken).ConfigureAwait(false);
        }
        while (!after.IsNone);

        await SaveAsync(change.Next(change.IsCut ? ModelChangePhase.Finished : ModelChangePhase.Undone, _clock.GetUtcNow()), cancellationToken).ConfigureAwait(false);
    }

    // False when somebody has moved the change on, or another node works on it.
    private async Task<bool> IsMineAsync(ModelChange change, CancellationToken cancellationToken) =>
        await LeaseAsync(change.NamespaceId, cancellationToken).ConfigureAwait(false) &&
        await _store.FindModelChangeAsync(change.NamespaceId, cancellationToken).ConfigureAwait(false) is { } stored && stored.Revision == change.Revision;

    // However long the work takes, which may be the loading of one of them: a shard that nobody seems to use is dropped after some seconds.
    private async Task KeepAsync(NamespaceInfo ns, ModelChange change, Task work, CancellationToken cancellationToken)
    {
        while (!work.IsCompleted && !cancellationToken.IsCancellationRequested)
        {
            Touch(ns, change);
            await WaitAsync(work, Tick, cancellationToken).ConfigureAwait(false);
        }

        await work.ConfigureAwait(false);
    }

    // Neither shard is left behind while the change is open.
    private void Touch(NamespaceInfo ns, ModelChange change)
    {
        _shards.Find(At(ns, change, change.From))?.Touch();
        _shards.Find(At(ns, change, change.To))?.Touch();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The change of model of namespace {NamespaceId} stopped; it is taken up again.")]
    private partial void LogRunFailed(Exception error, long namespaceId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Namespace {Namespace}: all vectors of {To} are made beside those of {From}; state {Phase}, {Recall:P0} of the samples found.")]
    private partial void LogChecked(string @namespace, string from, string to, ModelChangePhase phase, double recall);
}
