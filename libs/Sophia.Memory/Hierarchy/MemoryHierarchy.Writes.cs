using System.Diagnostics;
using System.Text;
using Sophia.Memory.Caching;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Hierarchy;

public sealed partial class MemoryHierarchy
{
    /// <summary>What keeps a draft that is right in itself out of this namespace; null when nothing does.</summary>
    public static RuleViolation? CheckForNamespace(RecordDraft draft, NamespaceInfo ns) =>
        draft.Vector is { } vector ? CheckVectorForNamespace(vector, ns) : null;

    /// <summary>Writes records, durable when the task completes; a receipt for each, in order.</summary>
    /// <param name="puts">Drafts that <see cref="DraftRules"/> and <see cref="CheckForNamespace"/> accept.</param>
    /// <exception cref="TooManyWritesException"/>
    /// <exception cref="StoreUnavailableException">Nothing is acknowledged.</exception>
    /// <exception cref="StoreFullException">Nothing was written.</exception>
    /// <exception cref="RefusedException">idempotency-key-reused</exception>
    public async Task<WriteAnswer> PutAsync(
        NamespaceInfo ns, IReadOnlyList<PutRequest> puts, IdempotencyMark? mark, Trail trail, CancellationToken cancellationToken)
    {
        var drafts = new RecordDraft[puts.Count];
        for (var i = 0; i < drafts.Length; i++)
        {
            drafts[i] = puts[i].Draft;
        }

        await EmbedAsync(ns, drafts, trail, cancellationToken).ConfigureAwait(false);
        var operations = new WriteOperation[drafts.Length];
        for (var i = 0; i < drafts.Length; i++)
        {
            operations[i] = new PutOperation(ns, drafts[i], IdOf(ns, drafts[i].Key), puts[i].Precondition);
        }

        return AnswerOf(await WriteAsync(new WriteGroup(operations, mark), trail).ConfigureAwait(false));
    }

    /// <summary>Deletes a record; its history stays. The same exceptions as <see cref="PutAsync"/>.</summary>
    public async Task<WriteAnswer> DeleteAsync(
        NamespaceInfo ns, string key, Precondition precondition, IdempotencyMark? mark, Trail trail, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var operation = new DeleteOperation(ns, key, IdOf(ns, key), precondition);
        return AnswerOf(await WriteAsync(new WriteGroup([operation], mark), trail).ConfigureAwait(false));
    }

    /// <summary>Commits a group and brings the shared cache up to it. From here on the caller's cancellation no longer counts.</summary>
    internal async Task<WriteOutcome> WriteAsync(WriteGroup group, Trail trail)
    {
        using var activity = TierMeters.Activities.StartActivity("write");
        activity?.SetTag("sophia.operations", group.Operations.Count);
        if (!_shared.IsConfigured)
        {
            return await CommitAsync(group, trail).ConfigureAwait(false);
        }

        var hashes = HashesOf(group);
        foreach (var hash in hashes)
        {
            _unshared.Begin(hash);
        }

        try
        {
            return await CommitAsync(group, trail).ConfigureAwait(false);
        }
        finally
        {
            foreach (var hash in hashes)
            {
                _unshared.End(hash);
            }
        }
    }

    // Appended records have no key yet, and nobody can have asked for them.
    private static int[] HashesOf(WriteGroup group)
    {
        var hashes = new List<int>(group.Operations.Count);
        foreach (var operation in group.Operations)
        {
            var key = operation switch
            {
                PutOperation put => put.Draft.Key,
                DeleteOperation delete => delete.Key,
                ForgetOperation forget => forget.Key,
                ExpireOperation expire => expire.Key,
                _ => null,
            };
            if (key is not null)
            {
                hashes.Add(HashOf(operation.Namespace, key));
            }
        }

        return [.. hashes];
    }

    // The log's tombstone has no key: whoever observes it learns from here which copies and flights it means, and need not look through all.
    private async Task<WriteOutcome> CommitAsync(WriteGroup group)
    {
        foreach (var operation in group.Operations)
        {
            if (operation is ForgetOperation forget)
            {
                _forgetting[forget.Id] = new NearKey(forget.Namespace.Id, forget.Key);
            }
        }

        try
        {
            return await _committer.CommitAsync(group).ConfigureAwait(false);
        }
        finally
        {
            foreach (var operation in group.Operations)
            {
                if (operation is ForgetOperation forget)
                {
                    _forgetting.TryRemove(forget.Id, out _);
                }
            }
        }
    }

    private async Task<WriteOutcome> CommitAsync(WriteGroup group, Trail trail)
    {
        var started = Stopwatch.GetTimestamp();
        var epoch = _shared.Epoch;
        var outcome = await CommitAsync(group).ConfigureAwait(false);
        trail.Add("l3", started);
        trail.ServedBy = Tier.L3;
        if (outcome.MarkConflict)
        {
            throw new RefusedException(
                "idempotency-key-reused", "The idempotency key was used for another request.", "Use a new key for each new request.");
        }

        if (outcome.Entries.Count > 0)
        {
            var ns = group.Operations[0].Namespace;
            await _shards.PaceAsync(ns).ConfigureAwait(false);
            if (_cluster is not null)
            {
                await _cluster.PaceAsync(ns, _tail.Seen[ns.Partition] - ShardDirectory.MostBehind, outcome.Entries.Count).ConfigureAwait(false);
            }
        }

        if (_shared.IsConfigured && outcome.Entries.Count > 0)
        {
            var visited = Stopwatch.GetTimestamp();
            await ShareAsync(outcome.Entries, epoch).ConfigureAwait(false);
            _meters.L1.Time(Stopwatch.GetTimestamp() - visited);
            trail.Add("l1", visited);
        }

        return outcome;
    }

    /// <param name="epoch">The shared cache's before the commit.</param>
    private async Task ShareAsync(IReadOnlyList<LogEntry> entries, string? epoch)
    {
        var written = new List<MemoryRecord>(entries.Count);
        var removed = new List<(RecordId, Sequence)>();
        var partitions = new HashSet<int>();
        foreach (var entry in entries)
        {
            partitions.Add(entry.Sequence.Partition);
            if (entry is { Kind: ChangeKind.Put, Record: { } record })
            {
                written.Add(record);
            }
            else
            {
                removed.Add((entry.Id, entry.Sequence));
            }
        }

        await _shared.SetIfNewerAsync(written, epoch).ConfigureAwait(false);
        await _shared.RemoveIfOlderAsync(removed).ConfigureAwait(false);
        await _shared.AnnounceAsync(partitions).ConfigureAwait(false);
    }

    private static WriteAnswer AnswerOf(WriteOutcome outcome) => new(outcome.Receipts, outcome.Keys, outcome.Replayed);

    private static RuleViolation? CheckVectorForNamespace(float[] vector, NamespaceInfo ns) => ns.Settings switch
    {
        { VectorSource: VectorSource.Embedder } => new(
            "vector", "vector-not-accepted",
            $"Namespace '{ns.Name}' has the vectors that model '{ns.Settings.VectorModel}' makes; others cannot be compared with them.",
            "Leave the vector out, or use a namespace whose vectors callers bring (vectorSource: caller)."),
        { VectorSource: VectorSource.None } => new(
            "vector", "vector-not-accepted", $"Namespace '{ns.Name}' has no vectors.",
            "Leave the vector out, or use a namespace whose vectors callers bring (vectorSource: caller)."),
        { Dimensions: var dimensions } when vector.Length != dimensions => new(
            "vector", "vector-dimension-mismatch",
            $"The vector has {vector.Length:N0} components; those of namespace '{ns.Name}' have {dimensions:N0}.",
            "Send vectors of the namespace's model."),
        _ => null,
    };

    // Replaces drafts that need a vector by ones that have it.
    private async ValueTask EmbedAsync(NamespaceInfo ns, RecordDraft[] drafts, Trail trail, CancellationToken cancellationToken)
    {
        if (ns.Settings.VectorSource != VectorSource.Embedder)
        {
            return;
        }

        var model = Models.For(ns);
        var places = new List<int>(drafts.Length);
        for (var i = 0; i < drafts.Length; i++)
        {
            if (drafts[i] is { Vector: null, Content.Length: > 0 } draft && draft.Kind != ContentKind.Bytes)
            {
                places.Add(i);
            }
        }

        if (places.Count == 0)
        {
            return;
        }

        var started = Stopwatch.GetTimestamp();
        using var activity = TierMeters.Activities.StartActivity("embed");
        if (model.IsImmediate)
        {
            foreach (var place in places)
            {
                drafts[place] = WithVector(drafts[place], model.Embed(drafts[place].Content!.Value.Span), model);
            }
        }
        else
        {
            var texts = places.ConvertAll(place => Encoding.UTF8.GetString(drafts[place].Content!.Value.Span));
            var vectors = await model.EmbedAsync(texts, EmbeddingRole.Document, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < places.Count; i++)
            {
                drafts[places[i]] = WithVector(drafts[places[i]], vectors[i], model);
            }
        }

        trail.Add("embed", started);
    }

    // A text without words has no direction; it is found by nothing, so it gets no vector.
    private static RecordDraft WithVector(RecordDraft draft, float[]? vector, EmbeddingModel model) =>
        vector is null ? draft : draft with { Vector = vector, VectorModel = model.Identity };
}
