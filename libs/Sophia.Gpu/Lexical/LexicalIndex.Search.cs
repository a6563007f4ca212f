using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.Lexical;

internal sealed partial class LexicalIndex
{
    // Measured on one core; only their ratios matter. Where few rows pass, hardly a posting can be passed over, so that one costs
    // several times what it costs without a filter.
    private const double NanosecondsPerDocument = 60;
    private const double NanosecondsPerWord = 1.5;
    private const double NanosecondsPerPosting = 15;
    private const int BytesPerWord = 2;
    private const int DocumentsAtOnce = 32;

    /// <summary>With so many postings for each a search is divided among the processors: about 0.3 ms of each. Another number is for tests.</summary>
    internal int PostingsAPart { get; init; } = 50_000;

    /// <summary>Offers the rows of the set that have at least one of the terms, with their BM25 scores; of those only, whose
    /// score the heap of the best would take.</summary>
    /// <param name="rows">Null for all.</param>
    /// <param name="documentOfRow">By row; negative where the row has none.</param>
    public void Search(LexicalQuery query, RowSet? rows, ReadOnlySpan<int> documentOfRow, TopRows top, CancellationToken cancellationToken)
    {
        var terms = TermsOf(query);
        if (rows is not null && IsFasterByRows(terms, rows.Count))
        {
            SearchRows(terms, rows, documentOfRow, top, cancellationToken);
            return;
        }

        SearchRecent(terms, rows, top);
        cancellationToken.ThrowIfCancellationRequested();
        MaxScoreScan.Run(this, terms, rows, top, cancellationToken);
    }

    /// <summary>BM25 of one document.</summary>
    /// <param name="matched">How many of the query's terms it has.</param>
    public double Score(LexicalQuery query, int document, out int matched)
    {
        var terms = TermsOf(query);
        var score = terms.Score(this, document);
        matched = terms.Counted;
        return score;
    }

    /// <summary>The terms of the query that a document has, in the query's order.</summary>
    public List<string> TermsIn(LexicalQuery query, int document)
    {
        var terms = TermsOf(query);
        terms.Count(this, document);
        var matched = new List<string>(terms.Counted);
        terms.AddCounted(matched);
        return matched;
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

    /// <summary>
    /// True where reading the words of so few documents takes less time than walking the postings of the terms, in which a
    /// document that does not pass costs as much as one that does.
    /// </summary>
    private bool IsFasterByRows(QueryTerms terms, int rows)
    {
        var wordsOfRows = Count == 0 ? 0 : (double)_words / Count * rows;
        return (NanosecondsPerDocument * rows) + (NanosecondsPerWord * wordsOfRows) < NanosecondsPerPosting * PostingsOf(terms);
    }

    private long PostingsOf(QueryTerms terms)
    {
        long postings = 0;
        foreach (ref readonly var term in terms.Found)
        {
            postings += term.Number < _postings.Length ? _postings[term.Number].Count : 0;
        }

        return postings;
    }

    private void SearchRows(QueryTerms terms, RowSet rows, ReadOnlySpan<int> documentOfRow, TopRows top, CancellationToken cancellationToken)
    {
        Span<(int Row, int Document)> some = stackalloc (int, int)[DocumentsAtOnce];
        var count = 0;
        foreach (var row in rows)
        {
            if (documentOfRow[row] is >= 0 and var document)
            {
                _forward.Prefetch(_documents[document].Place, BytesPerWord * _lengths[document]);
                some[count++] = (row, document);
                if (count == DocumentsAtOnce)
                {
                    Offer(terms, some, top);
                    count = 0;
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }
        }

        Offer(terms, some[..count], top);
    }

    private void Offer(QueryTerms terms, ReadOnlySpan<(int Row, int Document)> documents, TopRows top)
    {
        foreach (var (row, document) in documents)
        {
            if (terms.Score(this, document) is var score and > 0)
            {
                top.Offer(row, score);
            }
        }
    }

    private void SearchRecent(QueryTerms terms, RowSet? rows, TopRows top)
    {
        for (var document = _inverted; document < _documentsUsed; document++)
        {
            var row = _documents[document].Row;
            if (row >= 0 && (rows is null || rows.Contains(row)) && terms.Score(this, document) is var score and > 0)
            {
                top.Offer(row, score);
            }
        }
    }

    /// <summary>The query's terms as they are now: looked up once, as long as nothing changes.</summary>
    private QueryTerms TermsOf(LexicalQuery query) =>
        query.Bound is { } bound && bound.IsOf(this) ? bound : query.Bound = new QueryTerms(query, this);
}
