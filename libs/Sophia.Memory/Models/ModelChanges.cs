using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Models;

/// <summary>How a change of model is to be done.</summary>
/// <param name="To">The model that is changed to.</param>
/// <param name="MinRecall">The new model must find this share of what the old one finds, 0–1.</param>
/// <param name="Samples">Records that the check asks for, 0–1,000.</param>
/// <param name="CutsByItself">Whether the cut-over follows a passed check by itself.</param>
public sealed record ModelChangeRequest(EmbeddingModel To, double MinRecall = 0.9, int Samples = 100, bool CutsByItself = true);

/// <summary>
/// Changes the model of namespaces while they are written and searched.
/// <list type="number">
/// <item>A shard of the new model is loaded. What it needs and nobody has made is made in bounded batches and kept beside the
/// contents (<see cref="VectorCompletion"/>), so that a process that dies goes on where it was; then it follows the log, so that
/// what is written meanwhile gets both vectors without a write having to wait for the new model.</item>
/// <item>Both shards are asked for sampled records (<see cref="RecallCheck"/>).</item>
/// <item>The cut-over is one row: the namespace's model. A request keeps the namespace as it found it, and with it the model of its
/// query and the shard of that model; so no search compares vectors of two models, whenever each node learns of the change.</item>
/// <item>The old shard goes on following the log, so that the change can be undone in the same way, until it is finished: then
/// the vectors move into the contents and the old ones go.</item>
/// </list>
/// All of this is done in the process of a service, also where searches are made by nodes of L0. Before the cut-over these load the shard
/// of the new model, so that no search waits for it.
/// Every state is a row with a revision that the next one must follow. One node works on a change, under a lease: two would only
/// do the work twice.
/// </summary>
public sealed partial class ModelChanges : IAsyncDisposable
{
    private const int Attempts = 8;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(15);
    private readonly ModelCatalog _models;
    private readonly IRecordStore _store;
    private readonly NamespaceDirectory _namespaces;
    private readonly ShardDirectory _shards;
    private readonly LogTail _tail;
    private readonly VectorCompletion _vectors;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly IShardCluster? _cluster;
    private readonly string _owner;
    private readonly ConcurrentDictionary<long, long> _leasedAt = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Pulse _wake = new();
    private readonly ConcurrentDictionary<long, Task> _runs = new();
    private Task _looking = Task.CompletedTask;

    internal ModelChanges(
        ModelCatalog models, IRecordStore store, NamespaceDirectory namespaces, ShardDirectory shards, LogTail tail, VectorCompletion vectors,
        TimeProvider clock, ILogger logger, IShardCluster? cluster = null)
    {
        _cluster = cluster;
        (_models, _store, _namespaces, _shards, _tail, _vectors, _clock, _logger) = (models, store, namespaces, shards, tail, vectors, clock, logger);
        // A store for one process needs no lease: the next process takes up the work at once.
        _owner = store.IsShared ? Guid.NewGuid().ToString("N") : "alone";
    }

    /// <summary>The namespace's newest change, open or closed; null when there never was one.</summary>
    public async Task<ModelChange?> FindAsync(NamespaceInfo ns, CancellationToken cancellationToken)
    {
        var change = await _store.FindModelChangeAsync(ns.Id, cancellationToken).ConfigureAwait(false);
        return change is { Phase: ModelChangePhase.Making } && _shards.Find(At(ns, change, change.To)) is { } shard
            ? change with { Made = Math.Max(change.Made, shard.Shard.Count), Reason = _vectors.ReasonOf(ns.Id, change.To) ?? change.Reason }
            : change;
    }

    /// <summary>Begins to change the namespace's model; returns when that is durable.</summary>
    /// <exception cref="RefusedException">model-change-open, model-change-not-possible, model-not-resident, namespace-not-found.</exception>
    public async Task<ModelChange> StartAsync(NamespaceInfo ns, ModelChangeRequest request, CancellationToken cancellationToken)
    {
        ns = await _namespaces.RefreshAsync(ns.Id, cancellationToken).ConfigureAwait(false)
            ?? throw Removed(ns);
        if (ns.Settings is not { VectorSource: VectorSource.Embedder, VectorModel: { } current })
        {
            throw NotPossible($"The vectors of namespace '{ns.Name}' are not made by a model of this service.", "Write into a new namespace that has a model.");
        }

        if (current == request.To.Identity)
        {
            throw NotPossible($"Namespace '{ns.Name}' has the vectors of '{current}' already.", "Choose another model; GET /v1/models lists them.");
        }

        ModelCatalog.RequireResidency(request.To, ns.Name, ns.Settings.Resident);
        var last = await _store.FindModelChangeAsync(ns.Id, cancellationToken).ConfigureAwait(false);
        var now = _clock.GetUtcNow();
        var change = new ModelChange
        {
            NamespaceId = ns.Id, Revision = (last?.Revision ?? 0) + 1, Phase = ModelChangePhase.Making,
            From = current, FromDimensions = ns.Settings.Dimensions, To = request.To.Identity, ToDimensions = request.To.Dimensions,
            MinRecall = request.MinRecall, Samples = request.Samples, CutsByItself = request.CutsByItself,
            Total = await _store.CountAsync(ns.Id, now, cancellationToken).ConfigureAwait(false), StartedAt = now, UpdatedAt = now,
        };
        if (last is { IsOpen: true } || !await SaveAsync(change, cancellationToken).ConfigureAwait(false))
        {
            throw new RefusedException(
                "model-change-open", $"Namespace '{ns.Name}' is changing its model already.", "See GET …/model; undo or finish that change first.");
        }

        _wake.Beat();
        return change;
    }

    /// <summary>Makes the new model current although the check did not pass, or because the operator wanted to say when.</summary>
    /// <exception cref="RefusedException">model-change-not-possible.</exception>
    public async Task<ModelChange> CutOverAsync(NamespaceInfo ns, CancellationToken cancellationToken)
    {
        if (await _store.FindModelChangeAsync(ns.Id, cancellationToken).ConfigureAwait(false) is { Phase: ModelChangePhase.Held } held)
        {
            await WarmAsync(At(ns, held, held.To), cancellationToken).ConfigureAwait(false);
        }

        return await CutNowAsync(ns, cancellationToken).ConfigureAwait(false);
    }

    private Task<ModelChange> CutNowAsync(NamespaceInfo ns, CancellationToken cancellationToken) => MoveAsync(ns, change => change.Phase switch
    {
        ModelChangePhase.Held => change.Next(ModelChangePhase.Cut, _clock.GetUtcNow()) with { IsCut = true },
        ModelChangePhase.Cut => null,
        _ => throw NotPossible($"The change is in state {change.Phase}: the cut-over is possible once all vectors are made and checked.", "See GET …/model."),
    }, cancellationToken);

    /// <summary>Makes the old model the only one again, from any state in which its vectors are kept.</summary>
    /// <exception cref="RefusedException">model-change-not-possible, model-not-available.</exception>
    public Task<ModelChange> UndoAsync(NamespaceInfo ns, CancellationToken cancellationToken) => MoveAsync(ns, change => change switch
    {
        { Phase: ModelChangePhase.Settling, IsCut: false } or { Phase: ModelChangePhase.Undone } => null,
        { Phase: ModelChangePhase.Cut } when _models.Identified(change.From) is null => throw new RefusedException(
            "model-not-available", $"This server does not have the old model '{change.From}', so nothing could be searched with it.", "Configure it as it was."),
        { Phase: ModelChangePhase.Making or ModelChangePhase.Held or ModelChangePhase.Cut } => change.Next(ModelChangePhase.Settling, _clock.GetUtcNow()) with { IsCut = false },
        _ => throw NotPossible("The change is finished: the old vectors are gone.", "Change the model back with a new change."),
    }, cancellationToken);

    /// <summary>Drops the old vectors; after this the change cannot be undone.</summary>
    /// <exception cref="RefusedException">model-change-not-possible.</exception>
    public Task<ModelChange> FinishAsync(NamespaceInfo ns, CancellationToken cancellationToken) => MoveAsync(ns, change => change switch
    {
        { Phase: ModelChangePhase.Settling, IsCut: true } or { Phase: ModelChangePhase.Finished } => null,
        { Phase: ModelChangePhase.Cut } => change.Next(ModelChangePhase.Settling, _clock.GetUtcNow()),
        _ => throw NotPossible($"The change is in state {change.Phase}: only after the cut-over can it be finished.", "See GET …/model."),
    }, cancellationToken);

    /// <summary>Refuses what must not be done while the namespace changes its model.</summary>
    /// <exception cref="RefusedException">model-change-open.</exception>
    internal async Task RequireNoneOpenAsync(NamespaceInfo ns, CancellationToken cancellationToken)
    {
        if (await _store.FindModelChangeAsync(ns.Id, cancellationToken).ConfigureAwait(false) is { IsOpen: true })
        {
            throw new RefusedException(
                "model-change-open", $"Namespace '{ns.Name}' is changing its model; until that is over it cannot be removed.",
                "End the change with POST …/model/finish or POST …/model/undo, wait until GET …/model says finished or undone, and send the request again.");
        }
    }

    internal void Start() => _looking = Task.Run(() => LookAsync(_stop.Token));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _looking.ConfigureAwait(false);
        await Task.WhenAll(_runs.Values).ConfigureAwait(false);
        _stop.Dispose();
    }

    private Task WarmAsync(NamespaceInfo target, CancellationToken cancellationToken) => _cluster?.WarmAsync(target, cancellationToken) ?? Task.CompletedTask;

    internal static RefusedException Removed(NamespaceInfo ns) =>
        new("namespace-not-found", $"Namespace '{ns.Name}' was removed.", "Write a record into it, or make it with PUT /v1/namespaces/{ns}.");

    private static RefusedException NotPossible(string message, string suggestion) => new("model-change-not-possible", message, suggestion);

    /// <summary>The namespace as it is searched with one of the change's two models.</summary>
    private static NamespaceInfo At(NamespaceInfo ns, ModelChange change, string model) => ns with
    {
        Settings = ns.Settings with { VectorModel = model, Dimensions = model == change.To ? change.ToDimensions : change.FromDimensions },
    };

    // Null from the step: it is so already.
    private async Task<ModelChange> MoveAsync(NamespaceInfo ns, Func<ModelChange, ModelChange?> step, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var change = await _store.FindModelChangeAsync(ns.Id, cancellationToken).ConfigureAwait(false)
                ?? throw NotPossible($"Namespace '{ns.Name}' is not changing its model.", "Begin with POST …/model.");
            if (step(change) is not { } next)
            {
                return change;
            }

            if (await SaveAsync(next, cancellationToken).ConfigureAwait(false))
            {
                _wake.Beat();
                return next;
            }
        }

        throw new StoreUnavailableException("The state of the change moves faster than it can be changed.");
    }

    private async Task<bool> SaveAsync(ModelChange next, CancellationToken cancellationToken)
    {
        using var writing = _namespaces.Writing(next.NamespaceId);
        if (await _store.SaveModelChangeAsync(next, cancellationToken).ConfigureAwait(false) is not { } ns)
        {
            return false;
        }

        _namespaces.Keep(ns, writing);
        return true;
    }

    // Looks for changes that nobody works on: those begun here, and those of nodes that died.
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var woken = _wake.Next;
            var looksAgain = _store.IsShared;
            try
            {
                foreach (var change in await _store.ListModelChangesAsync(cancellationToken).ConfigureAwait(false))
                {
                    looksAgain = true;
                    if (!_runs.ContainsKey(change.NamespaceId) && await LeaseAsync(change.NamespaceId, cancellationToken).ConfigureAwait(false))
                    {
                        _runs[change.NamespaceId] = Task.CompletedTask;
                        var run = Task.Run(() => RunAsync(change.NamespaceId, cancellationToken), CancellationToken.None);
                        _runs.TryUpdate(change.NamespaceId, run, Task.CompletedTask);
                    }
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogLookFailed(error.Message);
                looksAgain = true;
            }

            await WaitAsync(woken, looksAgain ? Interval : Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WaitAsync(Task sooner, TimeSpan time, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(sooner, Task.Delay(time, _clock, waiting.Token)).ConfigureAwait(false);
        await waiting.CancelAsync().ConfigureAwait(false);
    }

    // Renewed after a third of its time: each renewal is a durable write.
    private async Task<bool> LeaseAsync(long namespaceId, CancellationToken cancellationToken)
    {
        if (_leasedAt.TryGetValue(namespaceId, out var at) && _clock.GetElapsedTime(at) < LeaseTime / 3)
        {
            return true;
        }

        var (now, taken) = (_clock.GetUtcNow(), _clock.GetTimestamp());
        if (!await _store.LeaseModelChangeAsync(namespaceId, _owner, now, now + LeaseTime, cancellationToken).ConfigureAwait(false))
        {
            _leasedAt.TryRemove(namespaceId, out _);
            return false;
        }

        _leasedAt[namespaceId] = taken;
        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Changes of models could not be looked for: {Reason}")]
    private partial void LogLookFailed(string reason);
}
