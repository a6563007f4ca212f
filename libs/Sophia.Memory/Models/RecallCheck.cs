using System.Text;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Models;

/// <summary>
/// The dual read before a cut-over. There are no labelled queries, so the records label themselves: a sample of them (a reservoir,
/// Vitter 1985, the same for the same records) is asked for by twelve words from the middle of each text, with the old model in
/// the old shard and the new model in the new one, exactly. A model that embeds well finds the record again among the
/// first ten. How far both agree on the ten is told, too; a better model may well disagree.
/// </summary>
internal static class RecallCheck
{
    private const int K = 10;
    private const int Words = 12;
    private const int MostChars = 8_000;

    /// <summary>A model and the shard of its vectors.</summary>
    internal sealed record Side(EmbeddingModel Model, LoadedShard Shard);

    public static async Task<ModelRecall> RunAsync(
        IRecordStore store, NamespaceInfo ns, int samples, DateTimeOffset now, Side? before, Side after, CancellationToken cancellationToken)
    {
        var sampled = await SampleAsync(store, ns, samples, now, cancellationToken).ConfigureAwait(false);
        if (sampled.Count == 0)
        {
            return new ModelRecall(0, before is null ? null : 1, 1, before is null ? null : 1);
        }

        var queries = sampled.ConvertAll(static sample => sample.Query);
        var found = await FindAsync(after, queries, now, cancellationToken).ConfigureAwait(false);
        var old = before is null ? null : await FindAsync(before, queries, now, cancellationToken).ConfigureAwait(false);
        double own = 0, oldOwn = 0, overlap = 0;
        for (var i = 0; i < sampled.Count; i++)
        {
            own += found[i].Contains(sampled[i].Key) ? 1 : 0;
            if (old is not null)
            {
                oldOwn += old[i].Contains(sampled[i].Key) ? 1 : 0;
                overlap += old[i].Count == 0 ? 1 : (double)old[i].Count(found[i].Contains) / old[i].Count;
            }
        }

        return new ModelRecall(sampled.Count, old is null ? null : oldOwn / sampled.Count, own / sampled.Count, old is null ? null : overlap / sampled.Count);
    }

    /// <summary>Twelve words from the middle; all of a text that has no more.</summary>
    internal static string QueryOf(MemoryRecord record)
    {
        var text = Encoding.UTF8.GetString(record.Content.Span);
        var words = text[..Math.Min(text.Length, MostChars)].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return words.Length <= Words ? string.Join(' ', words) : string.Join(' ', words, (words.Length - Words) / 2, Words);
    }

    // Without their contents, a thousand of which may be a gigabyte.
    private static async Task<List<(string Key, string Query)>> SampleAsync(
        IRecordStore store, NamespaceInfo ns, int samples, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var kept = new List<(string, string)>(samples);
        if (samples == 0)
        {
            return kept;
        }

        var random = new Random(unchecked((int)ns.Id));
        var seen = 0;
        await foreach (var record in store.ScanAsync(ns, cancellationToken).ConfigureAwait(false))
        {
            if (record.Kind == ContentKind.Bytes || record.IsExpired(now) || record.Content.Span.IndexOfAnyExcept(" \t\r\n"u8) < 0)
            {
                continue;
            }

            seen++;
            if (kept.Count < samples)
            {
                kept.Add((record.Key, QueryOf(record)));
            }
            else if (random.Next(seen) is var place && place < samples)
            {
                kept[place] = (record.Key, QueryOf(record));
            }
        }

        return kept;
    }

    private static async Task<HashSet<string>[]> FindAsync(Side side, List<string> queries, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var vectors = await side.Model.EmbedAsync(queries, EmbeddingRole.Query, cancellationToken).ConfigureAwait(false);
        var found = new HashSet<string>[queries.Count];
        for (var i = 0; i < found.Length; i++)
        {
            found[i] = vectors[i] is { } vector ? await KeysAsync(side.Shard, vector, now, cancellationToken).ConfigureAwait(false) : [];
        }

        return found;
    }

    private static async Task<HashSet<string>> KeysAsync(LoadedShard shard, float[] vector, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var answer = await shard.SearchAsync(new ShardQuery { Vector = vector, Mode = SearchMode.Vector, K = K, Now = now }, cancellationToken).ConfigureAwait(false)
            ?? throw new StoreUnavailableException("A shard was dropped while it was checked.");
        return answer.Hits.Select(static hit => hit.Key).ToHashSet(StringComparer.Ordinal);
    }
}
