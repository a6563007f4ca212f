using System.Buffers;
using Sophia.Gpu.Shards;

namespace Sophia.Gpu.Lexical;

internal sealed partial class LexicalIndex
{
    private const int RowsBetweenChecks = 4096;

    /// <summary>
    /// The rows in which every phrase of the query stands, word after word. Documents with the rarest term of all phrases are
    /// looked at, each through its forward list, which has its terms in their order; the postings need no positions.
    /// </summary>
    /// <param name="rows">Null for all.</param>
    /// <param name="rowCount">Rows are below.</param>
    public RowSet WithPhrases(LexicalQuery query, RowSet? rows, int rowCount, CancellationToken cancellationToken)
    {
        var found = new RowSet(rowCount);
        if (NumbersOf(query) is not { } phrases)
        {
            return found;
        }

        var rarest = phrases.SelectMany(static phrase => phrase).MinBy(term => _terms[term].Documents);
        if (rarest < _postings.Length)
        {
            var reader = new PostingList.Reader(_postings[rarest].Bytes(_slabs));
            for (var count = 1; reader.Next(); count++)
            {
                AddIfAll(phrases, reader.Document, rows, found);
                if (count % RowsBetweenChecks == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }
        }

        for (var document = _inverted; document < _documentsUsed; document++)
        {
            AddIfAll(phrases, document, rows, found);
        }

        return found;
    }

    /// <summary>True if every phrase of the query stands in the document.</summary>
    public bool HasPhrases(LexicalQuery query, int document) => NumbersOf(query) is { } phrases && HasAll(phrases, document);

    private void AddIfAll(int[][] phrases, int document, RowSet? rows, RowSet found)
    {
        var row = _documents[document].Row;
        if (row >= 0 && (rows is null || rows.Contains(row)) && HasAll(phrases, document))
        {
            found.Add(row);
        }
    }

    private bool HasAll(int[][] phrases, int document)
    {
        var length = _lengths[document];
        var rented = ArrayPool<int>.Shared.Rent(Math.Max(length, 1));
        var terms = rented.AsSpan(0, length);
        var reader = Read(document);
        for (var i = 0; reader.Next(out var term); i++)
        {
            terms[i] = term;
        }

        var hasAll = true;
        foreach (var phrase in phrases)
        {
            hasAll = hasAll && terms.IndexOf(phrase) >= 0;
        }

        ArrayPool<int>.Shared.Return(rented);
        return hasAll;
    }

    /// <summary>Null if a term of them is in no document.</summary>
    private int[][]? NumbersOf(LexicalQuery query)
    {
        var phrases = new int[query.Phrases.Count][];
        for (var i = 0; i < phrases.Length; i++)
        {
            phrases[i] = Array.ConvertAll(query.Phrases[i].Terms, _terms.Find);
            if (phrases[i].AsSpan().Contains(-1))
            {
                return null;
            }
        }

        return phrases;
    }
}
