using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Search.Dates;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Hierarchy;

public sealed partial class MemoryHierarchy
{
    /// <summary>Finds records by words, by vector, or both.</summary>
    /// <exception cref="RefusedException">vector-not-accepted, vector-dimension-mismatch, invalid-request (nothing to search by), shard-loading (not in its time), shard-no-room, too-large (the answer).</exception>
    /// <exception cref="SequenceNotReachedException">The shard did not see the change asked for in the request's time.</exception>
    public async Task<SearchAnswer> SearchAsync(NamespaceInfo ns, SearchRequest request, Trail trail, CancellationToken cancellationToken)
    {
        using var activity = TierMeters.Activities.StartActivity("search");
        var vector = await QueryVectorAsync(ns, request, trail, cancellationToken).ConfigureAwait(false);
        var hasWords = !string.IsNullOrWhiteSpace(request.Query);
        var mode = request.Mode;
        if (mode == SearchMode.Hybrid && (vector is null || !hasWords))
        {
            mode = vector is null ? SearchMode.Lexical : SearchMode.Vector;
        }

        if ((mode == SearchMode.Lexical && !hasWords) || (mode == SearchMode.Vector && vector is null))
        {
            throw new RefusedException(
                "invalid-request", $"There is nothing to search by in {mode.ToString().ToLowerInvariant()} mode.",
                "Give a query with words in it, or a vector where the namespace's vectors come from callers.");
        }

        var now = request.AsOf ?? Clock.GetUtcNow();
        var dates = DateReader.Read(request.Query, now);
        var query = new ShardQuery
        {
            Text = request.Query, Vector = vector, Mode = mode, K = request.K, Filter = request.Filter,
            Now = now, Typos = request.Typos, Context = request.Context, Dates = dates, Recency = request.Recency,
            Importance = request.Importance, Fold = request.Fold,
        };
        var answer = request.AsOf is { } at
            ? await SearchAsOfAsync(ns, query, at, request.Timeout, trail, cancellationToken).ConfigureAwait(false)
            : await SearchNowAsync(ns, query, request, trail, cancellationToken).ConfigureAwait(false);
        answer = WithSpellings(ns, answer);
        if (mode == SearchMode.Lexical)
        {
            answer = answer with { WithoutVector = 0 };
        }
        else if (answer.WithoutVector > 0)
        {
            trail.Degraded ??= $"vectors-missing: {answer.WithoutVector:N0} records have no vector of the namespace's model, since it could not be asked: they are found by words alone.";
        }

        return request.Highlight ? WithHighlights(ns, answer, trail) : answer;
    }

    private async ValueTask<float[]?> QueryVectorAsync(NamespaceInfo ns, SearchRequest request, Trail trail, CancellationToken cancellationToken)
    {
        if (request.Vector is { } given)
        {
            return CheckVectorForNamespace(given, ns) is { } violation
                ? throw new RefusedException(violation.Code, violation.Message, violation.Suggestion)
                : given;
        }

        if (request.Mode == SearchMode.Lexical || ns.Settings.VectorSource != VectorSource.Embedder || string.IsNullOrWhiteSpace(request.Query))
        {
            return null;
        }

        var started = Stopwatch.GetTimestamp();
        try
        {
            return (await Models.For(ns).EmbedAsync([request.Query], EmbeddingRole.Query, cancellationToken).ConfigureAwait(false))[0];
        }
        catch (RefusedException refused) when (request.Mode == SearchMode.Hybrid && refused is not TooManyWritesException)
        {
            // The words can still be searched; the answer says that it is less than was asked for.
            trail.Degraded = $"{refused.Code}: {refused.Message}";
            return null;
        }
        finally
        {
            trail.Add("embed", started);
        }
    }

    private async Task<SearchAnswer> SearchNowAsync(
        NamespaceInfo ns, ShardQuery query, SearchRequest request, Trail trail, CancellationToken cancellationToken)
    {
        if (_cluster is not null && await SearchClusterAsync(ns, query, request, trail, cancellationToken).ConfigureAwait(false) is { } elsewhere)
        {
            return elsewhere;
        }

        var deadline = Stopwatch.GetTimestamp() + (long)(request.Timeout.TotalSeconds * Stopwatch.Frequency);
        while (true)
        {
            LoadedShard shard;
            try
            {
                shard = await OpenShardAsync(ns, request, deadline, trail, cancellationToken).ConfigureAwait(false);
            }
            catch (RefusedException loading) when (request.AllowPartial && loading.Code is "shard-loading" or "shard-no-room")
            {
                return new SearchAnswer([], query.Mode, 0, 0, Sequence.Of(ns.Partition, 0)) { Dates = query.Dates, Missing = [new MissingShard(0, loading.Message)] };
            }

            var seen = Sequence.Of(ns.Partition, shard.Seen);
            var started = Stopwatch.GetTimestamp();
            if (await shard.SearchAsync(query, cancellationToken).ConfigureAwait(false) is not { } found)
            {
                if (shard.Damage is { } damage)
                {
                    LogDamaged(_logger, ns.Name, damage);
                }

                continue;
            }

            var ticks = Stopwatch.GetTimestamp() - started;
            trail.Add("l0", started);
            trail.ServedBy = Tier.L0;
            _meters.L0.Hit(ticks);
            var hits = await RecordsOfAsync(ns, query, found.Hits, trail, cancellationToken).ConfigureAwait(false);
            return new SearchAnswer(hits, query.Mode, found.RowsScanned, found.RowsMatching, seen)
            {
                FilterNotes = found.FilterNotes, Dates = query.Dates, Phrases = found.Phrases, Corrections = found.Corrections,
                WithoutVector = shard.Missing,
            };
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The shard of namespace '{Namespace}' is made anew from L3: {Damage}")]
    private static partial void LogDamaged(ILogger logger, string @namespace, string damage);
}
