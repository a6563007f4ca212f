using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.Lexical;

internal sealed partial class LexicalIndex
{
    /// <summary>Offers every row of the set that has at least one of the terms, with its BM25 score.</summary>
    /// <param name="rows">Null for all.</param>
    public void Search(LexicalQuery query, RowSet? rows, TopRows top, CancellationToken cancellationToken)
    {
        var bm25 = new Bm25(Count, _words);
        using var scores = ScoreSheet.Rent(_documentsUsed);
        foreach (var term in query.Terms)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!_terms.TryGetValue(term, out var id))
            {
                continue;
            }

            var idf = bm25.Idf(_postings[id].Documents);
            var reader = _postings[id].Read();
            while (reader.Next(out var document, out var count))
            {
                ref readonly var found = ref _documents[document];
                if (found.Row >= 0 && (rows is null || rows.Contains(found.Row)))
                {
                    scores.Add(document, bm25.Score(idf, count, found.Length));
                }
            }
        }

        foreach (var document in scores.Touched)
        {
            top.Offer(_documents[document].Row, scores[document]);
        }
    }

    /// <summary>BM25 of one document, the same bits as in <see cref="Search"/>, and the terms of the query that it has.</summary>
    public double Score(LexicalQuery query, int document, List<string> matched)
    {
        matched.Clear();
        ref readonly var found = ref _documents[document];
        Span<int> counts = query.Terms.Count <= 64 ? stackalloc int[query.Terms.Count] : new int[query.Terms.Count];
        counts.Clear();
        var reader = new TermReader(found.Terms);
        while (reader.Next(out var term, out var count))
        {
            var place = query.PlaceOf(_termText[term]!);
            if (place >= 0)
            {
                counts[place] = count;
            }
        }

        var bm25 = new Bm25(Count, _words);
        double score = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            if (counts[i] > 0)
            {
                var term = query.Terms[i];
                score += bm25.Score(bm25.Idf(_postings[_terms[term]].Documents), counts[i], found.Length);
                matched.Add(term);
            }
        }

        return score;
    }
}
