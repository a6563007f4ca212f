using System.Numerics;
using System.Runtime.Intrinsics;
using Sophia.Gpu.Shards;

namespace Sophia.Gpu.Lexical;

internal sealed partial class LexicalIndex
{
    private const int RowsBetweenChecks = 4096;
    private const int MostBytesOnStack = 256;

    /// <summary>
    /// The rows in which every one of some phrases stands, word after word. Documents with the rarest term of all phrases are
    /// looked at, each through its forward list, which has its terms in their order; the postings need no positions.
    /// </summary>
    /// <param name="rows">Null for all.</param>
    /// <param name="rowCount">Rows are below.</param>
    /// <param name="wanted">At least one.</param>
    public RowSet WithPhrases(IReadOnlyList<LexicalQuery.Phrase> wanted, RowSet? rows, int rowCount, CancellationToken cancellationToken)
    {
        var found = new RowSet(rowCount);
        if (NumbersOf(wanted) is not { } phrases)
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

    /// <summary>True if every one of the phrases stands in the document.</summary>
    public bool HasPhrases(IReadOnlyList<LexicalQuery.Phrase> wanted, int document) => NumbersOf(wanted) is { } phrases && HasAll(phrases, document);

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
        var words = _lengths[document];
        var bytes = _forward.From(_documents[document].Place);
        bytes = bytes[..(int)Math.Min(bytes.Length, (long)words * VarInt.MostBytesOfInt)];
        Span<byte> written = stackalloc byte[MostBytesOnStack];
        foreach (var phrase in phrases)
        {
            var pattern = phrase.Length * VarInt.MostBytesOfInt <= written.Length ? written : new byte[phrase.Length * VarInt.MostBytesOfInt];
            var length = 0;
            foreach (var term in phrase)
            {
                VarInt.Write(pattern, ref length, (ulong)term);
            }

            if (!Stands(pattern[..length], bytes, words))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// True if a phrase, written as a document is written, stands in one: a run of bytes that begins where a word begins and
    /// ends within the document. What follows a document in its page is another's.
    /// </summary>
    private static bool Stands(ReadOnlySpan<byte> phrase, ReadOnlySpan<byte> bytes, int words)
    {
        for (var from = 0; ;)
        {
            var at = bytes[from..].IndexOf(phrase);
            if (at < 0)
            {
                return false;
            }

            at += from;
            if (WordsIn(bytes[..(at + phrase.Length)]) > words)
            {
                return false;
            }

            if (at == 0 || bytes[at - 1] < VarInt.Continued)
            {
                return true;
            }

            from = at + 1;
        }
    }

    private static int WordsIn(ReadOnlySpan<byte> bytes)
    {
        var words = 0;
        for (; bytes.Length >= Vector512<byte>.Count; bytes = bytes[Vector512<byte>.Count..])
        {
            words += BitOperations.PopCount(~Vector512.Create(bytes).ExtractMostSignificantBits());
        }

        foreach (var one in bytes)
        {
            words += one < VarInt.Continued ? 1 : 0;
        }

        return words;
    }

    /// <summary>Null if a term of them is in no document.</summary>
    private int[][]? NumbersOf(IReadOnlyList<LexicalQuery.Phrase> wanted)
    {
        var phrases = new int[wanted.Count][];
        for (var i = 0; i < phrases.Length; i++)
        {
            phrases[i] = Array.ConvertAll(wanted[i].Terms, _terms.Find);
            if (phrases[i].AsSpan().Contains(-1))
            {
                return null;
            }
        }

        return phrases;
    }
}
