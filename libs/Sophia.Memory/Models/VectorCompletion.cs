using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Models;

/// <summary>
/// Gives records the vectors of the model that a shard searches by. Nearly always they have them. Where a record's vector is
/// of another model (it was written before a change, or by a node that did not know of it yet), the right one is
/// looked up beside the contents, and where it was never made, it is made and kept. So a shard never holds vectors of two models,
/// and none is missing that could be had.
/// </summary>
internal sealed partial class VectorCompletion(ModelCatalog models, IRecordStore store, TimeProvider clock, ILogger logger)
{
    private const int TextsAtOnce = 64;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<(long Namespace, string Model), string?> _making = new();
    private readonly ILogger _logger = logger;

    /// <summary>From now on vectors of this model are made of all texts of the namespace, waiting for the model where it is away.</summary>
    public void Make(long namespaceId, string model) => _making.TryAdd((namespaceId, model), null);

    public void StopMaking(long namespaceId, string model) => _making.TryRemove((namespaceId, model), out _);

    /// <summary>Why the making stands still; null when it does not.</summary>
    public string? ReasonOf(long namespaceId, string model) => _making.GetValueOrDefault((namespaceId, model));

    /// <summary>True when the record's vector is the one that a shard of the namespace needs, or it needs none.</summary>
    public static bool IsRight(NamespaceSettings settings, MemoryRecord record) => settings.VectorSource switch
    {
        // Others are of who knew the namespace from before it was removed and made anew: a caller's vector, or one of another length, or of a
        // model. Such a record is found by its words.
        VectorSource.Embedder => record.VectorModel == settings.VectorModel || (!HasText(record) && record.Vector is null),
        VectorSource.Caller => record.Vector is not { } vector || (vector.Length == settings.Dimensions && record.VectorModel is null),
        _ => true,
    };

    /// <summary>The records with the model's vectors; without any where there is none to be had now.</summary>
    /// <param name="makes">False: they are looked up only.</param>
    /// <param name="turn">Disposed of before the model is asked, which may take long.</param>
    /// <returns>The places of those that should have one and could not get it.</returns>
    public async ValueTask<IReadOnlyCollection<int>> CompleteAsync(NamespaceInfo ns, MemoryRecord[] records, bool makes, IDisposable? turn, CancellationToken cancellationToken)
    {
        if (ns.Settings.VectorSource == VectorSource.Caller)
        {
            for (var i = 0; i < records.Length; i++)
            {
                records[i] = IsRight(ns.Settings, records[i]) ? records[i] : records[i] with { Vector = null };
            }

            return [];
        }

        var identity = ns.Settings.VectorModel!;
        var known = await store.ReadVectorsAsync(
            ns, identity, [.. records.Where(record => !IsRight(ns.Settings, record)).Select(static record => record.Sequence)], cancellationToken).ConfigureAwait(false);
        var isMaking = _making.ContainsKey((ns.Id, identity));
        var wanted = new List<int>();
        for (var i = 0; i < records.Length; i++)
        {
            if (IsRight(ns.Settings, records[i]))
            {
                continue;
            }

            if (known.TryGetValue(records[i].Sequence, out var vector))
            {
                records[i] = records[i] with { Vector = vector, VectorModel = identity };
            }
            else
            {
                // A text that its model found no direction in has no model's name either; another may find one.
                if (HasText(records[i]) && (isMaking || records[i].VectorModel is not null))
                {
                    wanted.Add(i);
                }

                records[i] = records[i] with { Vector = null };
            }
        }

        if (!makes)
        {
            return wanted;
        }

        var lacking = new List<int>();
        foreach (var places in wanted.Chunk(TextsAtOnce))
        {
            turn?.Dispose();
            if (!await MakeAsync(ns, records, places, isMaking, cancellationToken).ConfigureAwait(false))
            {
                lacking.AddRange(places);
            }
        }

        return lacking;
    }

    private static bool HasText(MemoryRecord record) => record.Kind != ContentKind.Bytes && record.Content.Length > 0;

    private async Task<bool> MakeAsync(NamespaceInfo ns, MemoryRecord[] records, int[] places, bool waits, CancellationToken cancellationToken)
    {
        var identity = ns.Settings.VectorModel!;
        var texts = Array.ConvertAll(places, place => Encoding.UTF8.GetString(records[place].Content.Span));
        while (true)
        {
            TimeSpan pause;
            try
            {
                var vectors = await models.For(ns).EmbedAsync(texts, EmbeddingRole.Document, cancellationToken).ConfigureAwait(false);
                await store.PutVectorsAsync(
                    ns, identity, [.. places.Select((place, i) => new VersionVector(records[place].Sequence, vectors[i]))], cancellationToken).ConfigureAwait(false);
                for (var i = 0; i < places.Length; i++)
                {
                    records[places[i]] = records[places[i]] with { Vector = vectors[i], VectorModel = identity };
                }

                _making.TryUpdate((ns.Id, identity), null, ReasonOf(ns.Id, identity));
                return true;
            }
            catch (Exception error) when (error is RefusedException or StoreUnavailableException or StoreFullException)
            {
                LogNotMade(places.Length, ns.Name, identity, error.Message);
                if (!waits || !_making.TryUpdate((ns.Id, identity), error.Message, ReasonOf(ns.Id, identity)))
                {
                    return false;
                }

                pause = error is EmbedderUnavailableException away && away.RetryAfter > Pause ? away.RetryAfter : Pause;
            }

            await Task.Delay(pause, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Vectors of {Count} texts of namespace {Namespace} could not be made with {Model}: {Reason}")]
    private partial void LogNotMade(int count, string @namespace, string model, string reason);
}
