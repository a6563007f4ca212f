using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Sophia.Memory.Caching;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Cortex;

public sealed partial class CortexMemory
{
    private const string BucketAttribute = "bucket";
    private const double Certain = 1;

    /// <summary>A shard that is behind, or still being loaded, is waited for no longer: the model may answer sooner.</summary>
    internal TimeSpan NearPatience { get; set; } = TimeSpan.FromMilliseconds(50);

    private sealed record HomeNames(int Dimensions, string Open, string Resident);

    private volatile HomeNames _homeNames = new(-1, "", "");

    // The last answer that this process kept in a namespace: its near prompts are found by the next who asks.
    private readonly ConcurrentDictionary<long, Sequence> _lastKept = new();

    // Only a model that runs here embeds prompts: another one would be asked, and paid, for each of them.
    private EmbeddingModel? NearModel => _options.NearThreshold < Certain && _memory.Models.Standard is { IsLocal: true } standard ? standard : null;

    /// <summary>Null when the store cannot be asked, or has no room for a new one; the answer is then made without the cache.</summary>
    private async ValueTask<NamespaceInfo?> HomeAsync(string tenant, bool isResident, Trail trail, CancellationToken cancellationToken)
    {
        var dimensions = NearModel?.Dimensions ?? 0;
        var name = HomeName(isResident);
        try
        {
            var home = await _memory.FindNamespaceAsync(tenant, name, cancellationToken).ConfigureAwait(false) ?? await _memory.ReserveNamespaceAsync(
                tenant, name,
                new NamespaceSettings
                {
                    VectorSource = dimensions == 0 ? VectorSource.None : VectorSource.Caller, Dimensions = dimensions, Language = "none",
                    Resident = isResident, LogRetention = HistoryKept,
                },
                cancellationToken).ConfigureAwait(false);
            await _eviction.FollowAsync(home, cancellationToken).ConfigureAwait(false);
            return home;
        }
        catch (Exception error) when (error is StoreUnavailableException or StoreFullException)
        {
            trail.Degraded = $"The cache is left out: {error.Message}";
            return null;
        }
    }

    private async ValueTask<CompletionAnswer?> FindKeptAsync(Prompt prompt, Trail trail, CancellationToken cancellationToken)
    {
        if (await HomeAsync(prompt.Tenant, prompt.IsResident, trail, cancellationToken).ConfigureAwait(false) is not { } home)
        {
            return null;
        }

        try
        {
            var entry = (await _memory.GetAsync(home, prompt.Key, Sequence.None, trail, cancellationToken).ConfigureAwait(false)).Entry;
            if (entry is null)
            {
                return null;
            }

            if (NearAnswerOf(entry, prompt.Model) is not { } near)
            {
                return null;
            }

            _eviction.Use(entry.Record.Id, ref near.Kept);
            return near.Answer with { ServedBy = trail.ServedBy };
        }
        catch (StoreUnavailableException error)
        {
            trail.Degraded = $"The cache is left out: {error.Message}";
            return null;
        }
    }

    /// <summary>An answer to the same prompt that is in the near copy: the fastest way, for callers who go on with <see cref="CompleteAsync"/> on false.</summary>
    /// <exception cref="RefusedException">model-not-configured, model-not-found, model-not-resident.</exception>
    public bool TryGetNear(string tenant, NamespaceInfo? ns, CompletionRequest request, [NotNullWhen(true)] out NearAnswer? answer)
    {
        answer = null;
        if (request.Cache is not (CacheUse.Near or CacheUse.Exact))
        {
            return false;
        }

        var started = Stopwatch.GetTimestamp();
        var isResident = ns is { Settings.Resident: true };
        var model = Models.Route(request.Model, isResident ? ns!.Name : null);
        var lookUp = _memory.FindNamespaceAsync(tenant, HomeName(isResident), CancellationToken.None);
        if (!lookUp.IsCompletedSuccessfully || lookUp.Result is not { } home ||
            !_memory.TryGetNear(home, PromptKey.Of(tenant, model, request), Sequence.None, out var entry) || NearAnswerOf(entry, model) is not { } near)
        {
            return false;
        }

        answer = near;
        _eviction.Use(entry.Record.Id, ref near.Kept);
        Ledger.Count(
            tenant, model.Name, Complete, CallOutcome.Hit, near.Answer.InputTokens, near.Answer.OutputTokens, near.Answer.Avoided, Stopwatch.GetElapsedTime(started));
        return true;
    }

    // Made once per copy: a hit need not read JSON again.
    private static NearAnswer? NearAnswerOf(NearEntry entry, ChatModel model)
    {
        if (entry.Rendering is NearAnswer made)
        {
            return made;
        }

        if (KeptAnswer.Decode(entry.Record) is not { } kept)
        {
            return null;
        }

        var near = new NearAnswer(AnswerOf(model, entry.Record.Key, kept, CallOutcome.Hit, Tier.L1, entry.Record.ExpiresAt));
        entry.Rendering = near;
        return near;
    }

    private string HomeName(bool isResident)
    {
        var dimensions = NearModel?.Dimensions ?? 0;
        var names = _homeNames;
        if (names.Dimensions != dimensions)
        {
            _homeNames = names = new HomeNames(dimensions, $"{NamespaceRules.Cortex}-{dimensions}", $"{NamespaceRules.Cortex}-{dimensions}-resident");
        }

        return isResident ? names.Resident : names.Open;
    }

    private async ValueTask<CompletionAnswer?> FindNearAsync(Prompt prompt, Trail trail, CancellationToken cancellationToken)
    {
        if (NearModel is not { } embedder || await HomeAsync(prompt.Tenant, prompt.IsResident, trail, cancellationToken).ConfigureAwait(false) is not { } home)
        {
            return null;
        }

        try
        {
            if (await VectorOfAsync(embedder, prompt, cancellationToken).ConfigureAwait(false) is not { } vector)
            {
                return null;
            }

            var search = new SearchRequest
            {
                Vector = vector, Mode = SearchMode.Vector, K = 1, Fold = false, Highlight = false, Timeout = NearPatience,
                MinSequence = _lastKept.GetValueOrDefault(home.Id),
                Filter = new RecordFilter
                {
                    Attributes = [new AttributeCondition(BucketAttribute, Comparison.Equal, [new AttributeValue(BucketOf(prompt, embedder), null, null)])],
                },
            };
            var found = await _memory.SearchAsync(home, search, trail, cancellationToken).ConfigureAwait(false);
            if (found.Hits is not [{ Record: { Vector: { } other } record }, ..] || KeptAnswer.Decode(record) is not { } kept)
            {
                return null;
            }

            var similarity = Cosine(vector, other);
            if (similarity < _options.NearThreshold)
            {
                return null;
            }

            _eviction.Use(record.Id);
            return AnswerOf(prompt.Model, record.Key, kept, CallOutcome.NearHit, Tier.L0, record.ExpiresAt) with { Similarity = similarity };
        }
        catch (Exception error) when (error is StoreUnavailableException or RefusedException)
        {
            // Whatever the search is refused for is the cache's concern: the model can be asked.
            trail.Degraded = $"Near prompts are left out: {error.Message}";
            return null;
        }
    }

    private async Task<CompletionAnswer> KeepAsync(Prompt prompt, CompletionAnswer answer)
    {
        // A filter of the model's host cut it: another time it may not.
        if (answer.FinishReason == "content_filter" || prompt.Model.TimeToLive <= TimeSpan.Zero || prompt.Request.Accepts?.Invoke(answer.Text) == false)
        {
            return answer;
        }

        var trail = new Trail();
        try
        {
            if (await HomeAsync(prompt.Tenant, prompt.IsResident, trail, _stop.Token).ConfigureAwait(false) is not { } home)
            {
                return answer;
            }

            var vector = await VectorToKeepAsync(prompt).ConfigureAwait(false);
            var kept = new KeptAnswer(
                answer.Text, answer.FinishReason, prompt.Model.Name, answer.InputTokens, answer.OutputTokens, answer.TokensEstimated, answer.Cost, answer.ModelMs, answer.AnsweredAt);
            var expiresAt = answer.AnsweredAt + prompt.Model.TimeToLive;
            var draft = new RecordDraft
            {
                Key = prompt.Key, Kind = ContentKind.Bytes, Content = kept.Encode(), ContentType = KeptAnswer.ContentType, Vector = vector, ExpiresAt = expiresAt,
                Attributes = vector is null ? default : Encoding.UTF8.GetBytes($$"""{"{{BucketAttribute}}":"{{BucketOf(prompt, NearModel!)}}"}"""),
            };
            var written = await _memory.PutAsync(home, [new PutRequest(draft)], null, trail, _stop.Token).ConfigureAwait(false);
            if (!written.Last.IsNone)
            {
                _lastKept[home.Id] = written.Last;
            }

            return answer with { ExpiresAt = expiresAt };
        }
        catch (Exception error) when (error is StoreUnavailableException or StoreFullException or RefusedException)
        {
            LogNotKept(error.Message);
            return answer;
        }
    }

    // The answer is paid for: without a vector the same prompt still finds it, and only near ones do not.
    private async ValueTask<float[]?> VectorToKeepAsync(Prompt prompt)
    {
        try
        {
            return NearModel is { } embedder ? await VectorOfAsync(embedder, prompt, _stop.Token).ConfigureAwait(false) : null;
        }
        catch (RefusedException error)
        {
            LogWithoutVector(error.Message);
            return null;
        }
    }

    private static CompletionAnswer AnswerOf(ChatModel model, string key, KeptAnswer kept, CallOutcome outcome, Tier? tier, DateTimeOffset? expiresAt) => new()
    {
        Text = kept.Text, FinishReason = kept.FinishReason, Model = model, InputTokens = kept.InputTokens, OutputTokens = kept.OutputTokens,
        TokensEstimated = kept.TokensEstimated, Outcome = outcome, ServedBy = tier, Avoided = kept.Cost, Key = key, AnsweredAt = kept.AnsweredAt,
        ExpiresAt = expiresAt,
    };

    private static async ValueTask<float[]?> VectorOfAsync(EmbeddingModel embedder, Prompt prompt, CancellationToken cancellationToken) =>
        (await embedder.EmbedAsync([NearTextOf(prompt, embedder)], EmbeddingRole.Document, cancellationToken).ConfigureAwait(false))[0];

    // A model that knows words and not meaning is asked about the words that count: politeness must not tell two prompts apart.
    private static string NearTextOf(Prompt prompt, EmbeddingModel embedder) => KnowsMeaning(embedder)
        ? PromptKey.Normalise(prompt.Request.Messages[^1].Text)
        : PromptGuard.Of(prompt.Request.Messages[^1].Text, knowsMeaning: false);

    private static bool KnowsMeaning(EmbeddingModel embedder) => embedder.Kind != "hashed";

    private static string BucketOf(Prompt prompt, EmbeddingModel embedder) => PromptKey.BucketOf(
        prompt.Tenant, prompt.Namespace?.Name, prompt.Model, embedder.Identity,
        PromptGuard.Of(prompt.Request.Messages[^1].Text, KnowsMeaning(embedder)), prompt.Request);

    private static double Cosine(float[] a, float[] b)
    {
        double dot = 0, squaresA = 0, squaresB = 0;
        for (var i = 0; i < a.Length; i++)
        {
            dot += (double)a[i] * b[i];
            squaresA += (double)a[i] * a[i];
            squaresB += (double)b[i] * b[i];
        }

        return squaresA == 0 || squaresB == 0 ? 0 : dot / Math.Sqrt(squaresA * squaresB);
    }
}
