using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.Lexical;

internal sealed partial class LexicalIndex
{
    /// <summary>Offers the rows of the set that have at least one of the terms, with their BM25 scores; of those only, whose
    /// score the heap of the best would take.</summary>
    /// <param name="rows">Null for all.</param>
    public void Search(LexicalQuery query, RowSet? rows, TopRows top, CancellationToken cancellationToken)
    {
        var terms = new QueryTerms(query, this);
        SearchRecent(in terms, rows, top);
        cancellationToken.ThrowIfCancellationRequested();
        MaxScoreScan.Run(this, terms.Found, terms.Bm25, rows, top, cancellationToken);
    }

    /// <summary>BM25 of one document and the terms of the query that it has, in the query's order.</summary>
    public double Score(LexicalQuery query, int document, List<string> matched)
    {
        matched.Clear();
        var terms = new QueryTerms(query, this);
        var score = Score(in terms, document);
        foreach (ref readonly var term in terms.Found)
        {
            if (term.Count > 0)
            {
                matched.Add(term.Text);
            }
        }

        return score;
    }

    /// <summary>Where terms stand in a document: pairs of a place and the term's number in the list.</summary>
    public List<int> PlacesOf(ReadOnlySpan<string> terms, int document)
    {
        var numbers = new Dictionary<int, int>(terms.Length);
        for (var i = 0; i < terms.Length; i++)
        {
            if (_terms.Find(terms[i]) is >= 0 and var number)
            {
                numbers.Add(number, i);
            }
        }

        var places = new List<int>();
        var reader = Read(document);
        for (var place = 0; reader.Next(out var number); place++)
        {
            if (numbers.TryGetValue(number, out var term))
            {
                places.Add(place);
                places.Add(term);
            }
        }

        return places;
    }

    /// <summary>Words of a document.</summary>
    public int LengthOf(int document) => _lengths[document];

    private void SearchRecent(in QueryTerms terms, RowSet? rows, TopRows top)
    {
        for (var document = _inverted; document < _documentsUsed; document++)
        {
            var row = _documents[document].Row;
            if (row >= 0 && (rows is null || rows.Contains(row)) && Score(in terms, document) is var score and > 0)
            {
                top.Offer(row, score);
            }
        }
    }

    private double Score(in QueryTerms terms, int document)
    {
        terms.ClearCounts();
        var reader = Read(document);
        while (reader.Next(out var number))
        {
            terms.Count(number);
        }

        double score = 0;
        foreach (ref readonly var term in terms.Found)
        {
            if (term.Count > 0)
            {
                score += terms.Bm25.Score(term.Idf, term.Count, _lengths[document]);
            }
        }

        return score;
    }

    /// <summary>A term of the query that some living document has.</summary>
    internal struct QueryTerm
    {
        public string Text;
        public int Number;

        /// <summary>Times the weight that the query gives it.</summary>
        public double Idf;

        /// <summary>In the document at hand.</summary>
        public int Count;
    }

    /// <summary>The terms of a query as this index knows them, in the query's order.</summary>
    private readonly ref struct QueryTerms
    {
        private readonly Span<QueryTerm> _found;
        private readonly ulong _mask;

        public QueryTerms(LexicalQuery query, LexicalIndex index)
        {
            Bm25 = query.Corpus is { } corpus ? new Bm25(corpus.Documents, corpus.Words) : new Bm25(index.Count, index._words);
            var found = new QueryTerm[query.Terms.Count];
            var count = 0;
            for (var i = 0; i < query.Terms.Count; i++)
            {
                var text = query.Terms[i];
                var number = index._terms.Find(text);
                if (number >= 0)
                {
                    found[count++] = new QueryTerm { Text = text, Number = number, Idf = query.Weights[i] * Bm25.Idf(DocumentsOf(query, text, index._terms[number].Documents)) };
                    _mask |= 1UL << number;
                }
            }

            _found = found.AsSpan(0, count);
        }

        public Bm25 Bm25 { get; }

        private static int DocumentsOf(LexicalQuery query, string term, int here) => query.Corpus?.DocumentsWith.GetValueOrDefault(term, here) ?? here;

        public Span<QueryTerm> Found => _found;

        public void ClearCounts()
        {
            foreach (ref var term in _found)
            {
                term.Count = 0;
            }
        }

        public void Count(int number)
        {
            if ((_mask & (1UL << number)) == 0)
            {
                return;
            }

            foreach (ref var term in _found)
            {
                if (term.Number == number)
                {
                    term.Count++;
                    return;
                }
            }
        }
    }
}
