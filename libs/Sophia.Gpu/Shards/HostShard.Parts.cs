using Sophia.Gpu.Lexical;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Shards;

/// <summary>What the shard says of itself where it is one of several; <see cref="Merging.MergedSearch"/> makes the answer.</summary>
internal sealed partial class HostShard
{
    /// <summary>Of a query with more such words the first are looked for: a word that is rare here need not be rare elsewhere.</summary>
    private const int MostDoubtful = 32;

    public PartAnswer Ask(PartCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (call.Query.Vector is { } vector && vector.Length != _dimensions)
        {
            throw new ArgumentException($"The query's vector has {vector.Length} components; the namespace has {_dimensions}.", nameof(call));
        }

        return call.Kind switch
        {
            PartKind.Words => new PartAnswer { Words = WordsOf(call.Query, cancellationToken) },
            PartKind.Candidates => CandidatesOf(call, cancellationToken),
            PartKind.Surroundings => new PartAnswer { Rows = Read(shard => shard.SurroundingsOf(call)) },
            _ => new PartAnswer { Vectors = Read(shard => shard.VectorsOf(call)) },
        };
    }

    /// <summary>A search that tells its candidates instead of ranking them.</summary>
    private sealed class PartSearch(LexicalQuery? words, int wanted, bool hasConversations)
    {
        public LexicalQuery? Words => words;

        public bool HasConversations => hasConversations;

        public int Wanted => wanted;

        public List<RowFacts> Rows { get; } = [];
    }

    private PartSearch PartOf(PartCall call)
    {
        var hasConversations = Read(static shard => shard._conversations.Count > 0);
        return new PartSearch(WordsOf(call), hasConversations ? call.WantedWithNeighbours ?? call.Wanted : call.Wanted, hasConversations);
    }

    private LexicalQuery? WordsOf(PartCall call)
    {
        if (call.Words is not { } corpus || call.Query.Mode == SearchMode.Vector)
        {
            return null;
        }

        var words = new LexicalQuery(_analyzer, call.Query.Text) { Corpus = corpus };
        foreach (var added in corpus.Added)
        {
            words.Add(added.Term, added.Weight);
        }

        return words;
    }

    private WordFacts WordsOf(ShardQuery query, CancellationToken cancellationToken)
    {
        var words = query.Mode == SearchMode.Vector ? null : new LexicalQuery(_analyzer, query.Text);
        var doubtful = new List<DoubtfulWord>();
        if (words is not null && query.Typos)
        {
            foreach (var word in Read(shard => shard.Doubtful(query, words, MostDoubtful)))
            {
                word.Look(_analyzer, ReadVocabulary(cancellationToken), cancellationToken);
                doubtful.Add(new DoubtfulWord(word.Raw, Read(shard => word.Found(shard._lexical.DocumentsWith))));
            }
        }

        return Read(shard => new WordFacts(
            shard._lexical.Count, shard._lexical.Words, shard._conversations.Count > 0,
            (words is null ? [] : words.Terms.Concat(words.Words.Select(static w => w.Term)).Concat(doubtful.SelectMany(static w => w.Near.Select(static n => n.Term))))
                .Distinct(StringComparer.Ordinal).ToDictionary(static term => term, shard._lexical.DocumentsWith, StringComparer.Ordinal),
            doubtful));
    }

    private PartAnswer CandidatesOf(PartCall call, CancellationToken cancellationToken)
    {
        for (var margin = Margin; ; margin *= 8)
        {
            var part = PartOf(call);
            if (Search(call.Query, call.Widening, margin, holdingLock: margin > MostMargin, out _, cancellationToken, part) is { } answer)
            {
                return AnswerOf(part, answer);
            }
        }
    }

    private static PartAnswer AnswerOf(PartSearch part, ShardAnswer answer) =>
        new() { Rows = part.Rows, RowsScanned = answer.RowsScanned, RowsMatching = answer.RowsMatching, FilterNotes = answer.FilterNotes, HasConversations = part.HasConversations };

    private void Tell(PartSearch part, LexicalQuery? words, List<Candidate> candidates)
    {
        var told = words?.Told() ?? [];
        foreach (var candidate in candidates)
        {
            part.Rows.Add(FactsOf(candidate, words, told) with { Passes = true, IsCandidate = true });
        }
    }

    /// <summary>
    /// By place, so many rows before and behind it, whatever they are; and so many that pass the filter, as a hit's context.
    /// </summary>
    private List<RowFacts> SurroundingsOf(PartCall call)
    {
        var words = WordsOf(call);
        var told = words?.Told() ?? [];
        using var vector = call.Query.Mode == SearchMode.Lexical || call.Query.Vector is null || _vectors is null ? null : _vectors.Prepare(call.Query.Vector);
        var filter = new RowFilter(_rows, call.Query.Filter, call.Query.Now);
        var seen = new HashSet<int>();
        var facts = new List<RowFacts>();
        foreach (var place in call.Places)
        {
            var entries = _conversations.From(place.Kind, place.Name, place.Position, place.Key, out var at);
            Walk(entries, at - 1, -1);
            Walk(entries, at, +1);
        }

        return facts;

        void Walk(ReadOnlySpan<Conversations.Entry> entries, int from, int step)
        {
            var passing = 0;
            for (int i = from, rows = 0; (uint)i < (uint)entries.Length && (rows <= call.Reach || (call.Query.Context > 0 && passing <= call.Query.Context)); i += step, rows++)
            {
                var row = entries[i].Row;
                var passes = filter.Passes(row);
                passing += passes ? 1 : 0;
                if ((rows <= call.Reach || passes) && seen.Add(row))
                {
                    facts.Add(FactsOf(CandidateOf(row, words, vector), words, told) with { Passes = passes });
                }
            }
        }
    }

    private RowFacts FactsOf(Candidate candidate, LexicalQuery? words, string[] told)
    {
        ref readonly var row = ref _rows[candidate.Row];
        var document = _rows.Documents[candidate.Row];
        return new RowFacts(candidate.Key, candidate.Id, candidate.Sequence, row.Created, row.ValidFrom, row.ValidTo)
        {
            Place = _conversations.PlaceOf(candidate.Row) is { } place ? new TextPlace(place.Kind, place.Name, place.Position, candidate.Key) : null,
            IsNamed = words is not null && _speakers.IsNamed(candidate.Row, words),
            Traits = row.Traits,
            Importance = ImportanceOf(candidate.Row),
            Lexical = candidate.Lexical,
            Cosine = candidate.Cosine,
            HasVector = row.Vector != RowTable.NoVector,
            Words = document == RowTable.NoDocument ? -1 : _lexical.LengthOf(document),
            Terms = document == RowTable.NoDocument || told.Length == 0 ? [] : _lexical.PlacesOf(told, document),
            Content = row.Content,
        };
    }

    private List<VectorFacts> VectorsOf(PartCall call)
    {
        var vectors = new List<VectorFacts>();
        foreach (var id in call.Ids)
        {
            if (_rows.TryFind(id, out var row) && _rows[row].Vector is not RowTable.NoVector and var slot)
            {
                vectors.Add(new VectorFacts(id, _vectors!.Checked(slot).ToArray()));
            }
        }

        return vectors;
    }

    private double CosineOf(int slot, int other) =>
        _given is { } given ? given.CosineOf(slot, other) : DotProduct.Exact(_vectors!.Checked(slot), _vectors.Checked(other));
}
