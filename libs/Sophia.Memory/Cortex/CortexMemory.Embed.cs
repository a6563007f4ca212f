using System.Diagnostics;
using Sophia.Memory.Cortex.Eviction;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Cortex;

public sealed partial class CortexMemory
{
    private const string EmbedOperation = "embed";
    private const string VectorContentType = "application/vnd.sophia.vector";
    private const int CharsPerToken = 3;
    private static readonly TimeSpan VectorTimeToLive = TimeSpan.FromDays(30);

    /// <summary>
    /// Vectors of texts. Those of a model that has to be waited for are kept, each under a hash of tenant, model identity and text;
    /// what the built-in model makes costs less than to look it up, so it is made, and not counted as a call.
    /// </summary>
    /// <exception cref="RefusedException">model-not-configured, model-not-found, model-not-resident, budget-exhausted.</exception>
    /// <exception cref="EmbedderUnavailableException"/>
    /// <exception cref="EmbedderAnswerException"/>
    public async Task<EmbeddingResult> EmbedAsync(
        string tenant, NamespaceInfo? ns, EmbeddingRequest request, Trail trail, CancellationToken cancellationToken)
    {
        var model = EmbedderOf(request.Model);
        var isResident = ns is { Settings.Resident: true };
        ModelCatalog.RequireResidency(model, ns?.Name ?? "", isResident);
        var vectors = new float[]?[request.Texts.Count];
        if (model.IsImmediate)
        {
            var made = await model.EmbedAsync(request.Texts, request.Role, cancellationToken).ConfigureAwait(false);
            return new EmbeddingResult(model, made, made.Length, default, default, IsPriced: true);
        }

        var started = Stopwatch.GetTimestamp();
        var keys = request.Texts.Select(text => PromptKey.OfVector(tenant, $"{model.Identity}|{request.Role}", text)).ToArray();
        var home = request.Cache == CacheUse.Off ? null : await HomeAsync(tenant, isResident, trail, cancellationToken).ConfigureAwait(false);
        var missing = Enumerable.Range(0, keys.Length).ToList();
        if (home is not null && request.Cache != CacheUse.Refresh)
        {
            missing = await FindVectorsAsync(home, keys, vectors, trail, cancellationToken).ConfigureAwait(false);
        }

        var price = new ModelPrice(model.InputDollars, 0, model.InputCredits);
        var avoidedTokens = Tokens(Enumerable.Range(0, keys.Length).Except(missing).Select(i => request.Texts[i]));
        if (missing.Count < keys.Length)
        {
            Ledger.Count(tenant, model.Name, EmbedOperation, CallOutcome.Hit, avoidedTokens, 0, price.Of(avoidedTokens, 0), Stopwatch.GetElapsedTime(started));
        }

        var cost = default(Cost);
        if (missing.Count > 0)
        {
            cost = await ToItsEndAsync(async token =>
            {
                var asked = Stopwatch.GetTimestamp();
                var paid = await MakeVectorsAsync(tenant, model, request, missing, vectors, price, token).ConfigureAwait(false);
                if (home is not null)
                {
                    var took = Stopwatch.GetElapsedTime(asked) / missing.Count;
                    await KeepVectorsAsync(home, keys, vectors, missing, i => AnswerSaving.Attributes(price.Of(Tokens([request.Texts[i]]), 0), took)).ConfigureAwait(false);
                }

                return paid;
            }, cancellationToken).ConfigureAwait(false);
            trail.Add("model", started);
            trail.ServedBy = null;
        }

        return new EmbeddingResult(model, vectors, missing.Count, cost, price.Of(avoidedTokens, 0), price.IsKnown);
    }

    internal EmbeddingModel EmbedderOf(string? name) => name is null
        ? _memory.Models.Standard ?? throw new RefusedException("model-not-configured", "No model that makes vectors is configured.", "Configure one: Sophia:Models.")
        : _memory.Models.Named(name) ?? throw new RefusedException(
            "model-not-found", $"There is no model '{name}' that makes vectors; there are {string.Join(", ", _memory.Models.All.Select(static model => model.Name))}.",
            "Name one of these, or leave the model out.");

    private async Task<List<int>> FindVectorsAsync(NamespaceInfo home, string[] keys, float[]?[] vectors, Trail trail, CancellationToken cancellationToken)
    {
        var missing = new List<int>();
        for (var i = 0; i < keys.Length; i++)
        {
            try
            {
                if ((await _memory.GetAsync(home, keys[i], Sequence.None, trail, cancellationToken).ConfigureAwait(false)).Entry?.Record is
                    { ContentType: VectorContentType } record)
                {
                    _eviction.Use(record.Id);
                    vectors[i] = record.Content.IsEmpty ? null : VectorCodec.Decode(record.Content.Span);
                    continue;
                }
            }
            catch (StoreUnavailableException error)
            {
                trail.Degraded = $"The cache is left out: {error.Message}";
            }

            missing.Add(i);
        }

        return missing;
    }

    private async Task<Cost> MakeVectorsAsync(
        string tenant, EmbeddingModel model, EmbeddingRequest request, List<int> missing, float[]?[] vectors, ModelPrice price, CancellationToken cancellationToken)
    {
        await RequireBudgetAsync(tenant, cancellationToken).ConfigureAwait(false);
        var started = Stopwatch.GetTimestamp();
        var texts = missing.Select(i => request.Texts[i]).ToArray();
        try
        {
            var made = await model.EmbedAsync(texts, request.Role, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < made.Length; i++)
            {
                vectors[missing[i]] = made[i];
            }
        }
        catch (RefusedException)
        {
            Ledger.Count(tenant, model.Name, EmbedOperation, CallOutcome.Failed, 0, 0, default, Stopwatch.GetElapsedTime(started));
            throw;
        }

        var tokens = Tokens(texts);
        var cost = price.Of(tokens, 0);
        Ledger.Count(tenant, model.Name, EmbedOperation, CallOutcome.Called, tokens, 0, cost, Stopwatch.GetElapsedTime(started));
        await WriteDownAsync().ConfigureAwait(false);
        return cost;
    }

    private async Task KeepVectorsAsync(NamespaceInfo home, string[] keys, float[]?[] vectors, List<int> made, Func<int, byte[]> attributes)
    {
        var expiresAt = _clock.GetUtcNow() + VectorTimeToLive;
        var puts = made.DistinctBy(i => keys[i]).Select(i => new PutRequest(new RecordDraft
        {
            Key = keys[i], Kind = ContentKind.Bytes, ContentType = VectorContentType, ExpiresAt = expiresAt,
            Content = vectors[i] is { } vector ? VectorCodec.Encode(vector) : Array.Empty<byte>(), Attributes = attributes(i),
        })).ToArray();
        try
        {
            await _memory.PutAsync(home, puts, null, new Trail(), _stop.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is StoreUnavailableException or StoreFullException or TooManyWritesException)
        {
            LogNotKept(error.Message);
        }
    }

    private static long Tokens(IEnumerable<string> texts) => texts.Sum(static text => (long)((text.Length + CharsPerToken - 1) / CharsPerToken));
}
