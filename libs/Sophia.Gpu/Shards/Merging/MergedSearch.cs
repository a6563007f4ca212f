using Sophia.Gpu.Lexical;
using Sophia.Gpu.Text;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Shards.Merging;

/// <summary>Asks every shard of the namespace the same.</summary>
/// <returns>The answers of those that are there.</returns>
public delegate Task<IReadOnlyList<PartAnswer>> AskShards(PartCall call, CancellationToken cancellationToken);

/// <summary>
/// A search over several shards that finds what one shard with all records would find, with the same scores.
/// <list type="number">
/// <item>Every shard says how many documents it has, and how many with each word of the query; added up, they are the statistics
/// of BM25. Misspelt words are decided upon by these sums, from what the shards have near to them. A search by vector alone needs none of it.</item>
/// <item>Every shard gives its best by words, with those statistics, and by vector: as many as one shard would look at, so
/// that the best of all are among them.</item>
/// <item>Where candidates stand in conversations or documents, every shard gives the rows around them.</item>
/// <item>Candidates with the same words may be near-duplicates: their vectors are asked for, so many at a time that nodes can send them.</item>
/// <item>All these rows are put into a small shard, which ranks them by the code that ranks any shard's.</item>
/// </list>
/// Changes that come between the steps are seen by the later ones only. With more than <see cref="MostCandidates"/> near-duplicates among the
/// best, there may be fewer hits than are asked for, where one shard would find them.
/// </summary>
public sealed class MergedSearch(NamespaceSettings settings, ShardQuery query, AskShards ask)
{
    /// <summary>
    /// A candidate's score depends on rows up to five away from it or from a seed, and the seeds' neighbours are candidates too.
    /// </summary>
    private const int Reach = 2 * Surroundings.Reach;

    private const int Margin = 16;

    // Of a vector, beside its components.
    private const int NameBytes = 64;

    /// <summary>Bytes for which one answer's vectors are asked; in JSON they take a third more.</summary>
    internal int VectorBytes { get; init; } = 16 << 20;

    /// <summary>Places around which one answer's rows are asked, some twenty rows each.</summary>
    internal int PlacesAtOnce { get; init; } = 4_096;

    /// <summary>So many by words and so many by vector are asked of a shard at most.</summary>
    internal int MostCandidates { get; init; } = 50_000;

    /// <summary>
    /// Whether rows of some shard have neighbours: as far as is known beforehand, and, once the search is over, as the shards said. Where it is
    /// known, no shard that has none by itself need be asked twice by a search by vector alone.
    /// </summary>
    public bool HasConversations { get; set; }

    public async Task<ShardAnswer> RunAsync(CancellationToken cancellationToken)
    {
        var (corrections, words, isSaid, widening) = (new List<Correction>(), (LexicalQuery?)null, false, 1);
        if (query.Mode != SearchMode.Vector)
        {
            var said = await WordsAsync(cancellationToken).ConfigureAwait(false);
            (words, HasConversations, isSaid) = (WordsOf(said, corrections), HaveConversations(said), true);
        }

        while (true)
        {
            // Where nobody has said yet whether rows have neighbours, each shard gives at least what it would give if all were like it.
            var wanted = Wanted(HasConversations);
            var call = new PartCall(PartKind.Candidates, query)
            {
                Words = words?.Corpus, Wanted = wanted, WantedWithNeighbours = isSaid ? null : Wanted(true), Widening = widening,
            };
            var parts = await ask(call, cancellationToken).ConfigureAwait(false);
            if (!isSaid)
            {
                HasConversations = parts.Any(static part => part.HasConversations is null)
                    ? HaveConversations(await WordsAsync(cancellationToken).ConfigureAwait(false))
                    : parts.Any(static part => part.HasConversations == true);
                isSaid = true;
                wanted = Wanted(HasConversations);
                if (wanted > call.Wanted && parts.Any(part => part.HasConversations != true && part.RowsMatching > call.Wanted))
                {
                    // Some are unlike the others, and have more than they gave.
                    continue;
                }
            }

            var matching = parts.Sum(static part => part.RowsMatching);
            var rows = new Dictionary<RecordId, RowFacts>();
            Add(rows, parts);
            var capacity = (wanted * widening) + Margin;
            if (HasConversations && (query.Neighbours || query.Context > 0))
            {
                await AddSurroundingsAsync(call, words, rows, capacity, cancellationToken).ConfigureAwait(false);
            }
            else if (!SpeaksOfMore(words))
            {
                // Each shard gave as many as all of them together would have.
                rows = Best(rows.Values, capacity).DistinctBy(static row => row.Id).ToDictionary(static row => row.Id);
            }

            var vectors = query.Fold ? await VectorsAsync(rows, cancellationToken).ConfigureAwait(false) : [];
            using var merged = HostShard.OfRows(settings, words, rows.Values.OrderBy(static row => row.Key, StringComparer.Ordinal), vectors, wanted);
            var answer = merged.Rank(query, widening, cancellationToken);
            if (answer.Hits.Count < query.K && capacity < matching && widening < MostCandidates / wanted && answer.Hits.Any(static hit => hit.Folded.Count > 0))
            {
                widening = Math.Min(widening * 4, MostCandidates / wanted);
                continue;
            }

            return new ShardAnswer(answer.Hits, parts.Sum(static part => part.RowsScanned), matching)
            {
                FilterNotes = NotesOf(parts), Phrases = answer.Phrases, Corrections = corrections,
            };
        }
    }

    private async Task<List<WordFacts>> WordsAsync(CancellationToken cancellationToken) =>
        [.. (await ask(new PartCall(PartKind.Words, query), cancellationToken).ConfigureAwait(false)).Select(static part => part.Words!)];

    private static bool HaveConversations(List<WordFacts> said) => said.Exists(static facts => facts.HasConversations);

    /// <summary>Candidates by words, and by vector: more where the order is not that of words and vector alone.</summary>
    private int Wanted(bool hasConversations) =>
        query.Mode == SearchMode.Hybrid || query.Recency is not null || query.Importance > 0 || query.Dates.Count > 0 || (query.Neighbours && hasConversations)
            ? Math.Max(query.K * 4, 100) : query.K;

    /// <summary>Shards tell more than their best by words and by vector.</summary>
    private bool SpeaksOfMore(LexicalQuery? words) => query.Dates.Count > 0 || words is { Wished.Count: > 0 };

    private LexicalQuery WordsOf(List<WordFacts> said, List<Correction> corrections)
    {
        var documentsWith = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (term, documents) in said.SelectMany(static facts => facts.DocumentsWith))
        {
            documentsWith[term] = documentsWith.GetValueOrDefault(term) + documents;
        }

        var analyzer = TextAnalyzer.For(settings.Language);
        var words = new LexicalQuery(analyzer, query.Text);
        var added = new List<AddedTerm>();
        if (query.Typos)
        {
            Correct(said, words, HostShard.Meant(query, words, analyzer), documentsWith, corrections, added);
        }

        words.Corpus = new QueryWords(said.Sum(static facts => facts.Documents), said.Sum(static facts => facts.Words), documentsWith, added);
        return words;
    }

    /// <param name="meant">As <see cref="HostShard.Meant"/> has them.</param>
    private static void Correct(
        List<WordFacts> said, LexicalQuery words, HashSet<string> meant, Dictionary<string, int> documentsWith, List<Correction> corrections, List<AddedTerm> added)
    {
        var looked = new HashSet<string>(StringComparer.Ordinal);
        foreach (var word in words.Words.ToArray())
        {
            if (looked.Count == HostShard.MostCorrections || meant.Contains(word.Term) || looked.Contains(word.Raw) ||
                Misspelling.Of(word, documentsWith.GetValueOrDefault(word.Term)) is null)
            {
                continue;
            }

            looked.Add(word.Raw);
            var near = said.SelectMany(static facts => facts.Doubtful).Where(doubtful => doubtful.Raw == word.Raw).SelectMany(static doubtful => doubtful.Near)
                .GroupBy(static one => one.Term, StringComparer.Ordinal)
                .Select(static same => same.First() with { Documents = same.Sum(static one => one.Documents) }).ToList();
            var chosen = Misspelling.Choose(word.Raw, documentsWith.GetValueOrDefault(word.Term), near);
            foreach (var (_, term, weight) in chosen)
            {
                words.Add(term, weight);
                added.Add(new AddedTerm(term, weight));
            }

            if (chosen.Count > 0)
            {
                corrections.Add(new Correction(word.Raw, [.. chosen.Select(static one => one.Spelling)]) { Terms = [.. chosen.Select(static one => one.Term)] });
            }
        }
    }

    /// <summary>So many by words, then so many by vector; a row may be in both.</summary>
    private static IEnumerable<RowFacts> Best(IReadOnlyCollection<RowFacts> rows, int capacity) => ByWords(rows).Take(capacity).Concat(ByVector(rows).Take(capacity));

    private static IEnumerable<RowFacts> ByWords(IEnumerable<RowFacts> rows) =>
        rows.Where(static row => row.Lexical is not null).OrderByDescending(static row => row.Lexical).ThenBy(static row => row.Key, StringComparer.Ordinal);

    private static IEnumerable<RowFacts> ByVector(IEnumerable<RowFacts> rows) =>
        rows.Where(static row => row.Cosine is not null).OrderByDescending(static row => row.Cosine).ThenBy(static row => row.Key, StringComparer.Ordinal);

    // A record that moved from one shard to another meanwhile may be told by both: the newer counts.
    private static void Add(Dictionary<RecordId, RowFacts> rows, IReadOnlyList<PartAnswer> parts)
    {
        foreach (var row in parts.SelectMany(static part => part.Rows))
        {
            if (!rows.TryGetValue(row.Id, out var other) || other.Sequence.Value < row.Sequence.Value ||
                (other.Sequence == row.Sequence && row.IsCandidate))
            {
                rows[row.Id] = row;
            }
        }
    }

    private async Task AddSurroundingsAsync(PartCall call, LexicalQuery? words, Dictionary<RecordId, RowFacts> rows, int capacity, CancellationToken cancellationToken)
    {
        var placed = Best(rows.Values, capacity)
            .Concat(SpeaksOfMore(words) ? rows.Values : [])
            .Select(static row => row.Place).OfType<TextPlace>().Distinct().ToArray();
        foreach (var places in placed.Chunk(PlacesAtOnce))
        {
            Add(rows, await ask(call with { Kind = PartKind.Surroundings, Places = places, Reach = Reach }, cancellationToken).ConfigureAwait(false));
        }
    }

    private async Task<Dictionary<RecordId, float[]>> VectorsAsync(Dictionary<RecordId, RowFacts> rows, CancellationToken cancellationToken)
    {
        var alike = rows.Values.Where(static row => row is { HasVector: true, Passes: true }).GroupBy(static row => row.Content)
            .Where(static same => same.Skip(1).Any()).SelectMany(static same => same.Select(static row => row.Id)).ToArray();
        if (alike.Length == 0)
        {
            return [];
        }

        var vectors = new Dictionary<RecordId, float[]>();
        foreach (var ids in alike.Chunk(Math.Max(1, VectorBytes / ((sizeof(float) * settings.Dimensions) + NameBytes))))
        {
            foreach (var vector in (await ask(new PartCall(PartKind.Vectors, query) { Ids = ids }, cancellationToken).ConfigureAwait(false)).SelectMany(static part => part.Vectors))
            {
                vectors[vector.Id] = vector.Vector;
            }
        }

        // One that is between two shards now stays as it was told; only what it is like is not known.
        foreach (var moved in alike.Where(id => !vectors.ContainsKey(id)))
        {
            rows[moved] = rows[moved] with { HasVector = false, Content = 0 };
        }

        return vectors;
    }

    private static FilterNote[] NotesOf(IReadOnlyList<PartAnswer> parts) =>
        [.. parts.SelectMany(static part => part.FilterNotes).GroupBy(static note => note.Attribute, StringComparer.Ordinal)
            .Select(static same => new FilterNote(same.Key, same.Sum(static note => note.Missing), same.Sum(static note => note.Mistyped)))];
}
