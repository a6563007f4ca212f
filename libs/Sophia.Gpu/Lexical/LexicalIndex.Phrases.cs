using System.Numerics;
using System.Runtime.Intrinsics;
using Sophia.Gpu.Shards;

namespace Sophia.Gpu.Lexical;

internal sealed partial class LexicalIndex
{
    private const int RowsBetweenChecks = 4096;

    /// <summary>
    /// The rows in which every one of some phrases stands, word after word. Documents with the rarest term of all phrases are
    /// looked at, each through its forward list, which has its terms in their order; the postings need no positions.
    /// </summary>
    /// <param name="wanted">At least one.</param>
    /// <param name="rows">Null for all.</param>
    /// <param name="rowCount">Rows are below.</param>
    public RowSet WithPhrases(IReadOnlyList<LexicalQuery.Phrase> wanted, RowSet? rows, int rowCount, CancellationToken cancellationToken)
    {
        var found = new RowSet(rowCount);
        if (PatternsOf(wanted, out var rarest) is not { } phrases)
        {
            return found;
        }

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

    /// <summary>True if every phrase that the query's hits must have stands in the document.</summary>
    public bool HasRequired(LexicalQuery query, int document)
    {
        var bound = query.BoundRequired;
        if (bound is null || bound.Index != this || bound.Changes != _changes)
        {
            query.BoundRequired = bound = new RequiredPhrases(this, _changes, PatternsOf(query.Required, out _));
        }

        return bound.Patterns is { } phrases && HasAll(phrases, document);
    }

    private void AddIfAll(Pattern[] phrases, int document, RowSet? rows, RowSet found)
    {
        var row = _documents[document].Row;
        if (row >= 0 && (rows is null || rows.Contains(row)) && HasAll(phrases, document))
        {
            found.Add(row);
        }
    }

    private bool HasAll(Pattern[] phrases, int document)
    {
        var words = _lengths[document];
        var bytes = _forward.From(_documents[document].Place);
        bytes = bytes[..(int)Math.Min(bytes.Length, (long)words * VarInt.MostBytesOfInt)];
        foreach (var phrase in phrases)
        {
            if (phrase.Words > words || !Stands(phrase.Bytes, bytes, words))
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
        var (counted, ended) = (0, 0);
        for (var from = 0; ;)
        {
            var at = bytes[from..].IndexOf(phrase);
            if (at < 0)
            {
                return false;
            }

            at += from;
            ended += WordsIn(bytes[counted..(at + phrase.Length)]);
            counted = at + phrase.Length;
            if (ended > words)
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
    private Pattern[]? PatternsOf(IReadOnlyList<LexicalQuery.Phrase> wanted, out int rarest)
    {
        rarest = -1;
        var patterns = new Pattern[wanted.Count];
        for (var i = 0; i < patterns.Length; i++)
        {
            var terms = wanted[i].Terms;
            var bytes = new byte[terms.Length * VarInt.MostBytesOfInt];
            var length = 0;
            foreach (var text in terms)
            {
                if (_terms.Find(text) is not (>= 0 and var term))
                {
                    return null;
                }

                VarInt.Write(bytes, ref length, (ulong)term);
                rarest = rarest < 0 || _terms[term].Documents < _terms[rarest].Documents ? term : rarest;
            }

            patterns[i] = new Pattern(bytes[..length], terms.Length);
        }

        return patterns;
    }

    /// <summary>A phrase as a document would have it.</summary>
    internal readonly record struct Pattern(byte[] Bytes, int Words);

    /// <summary>The phrases that hits must have, as an index knows them. Good until the index changes.</summary>
    /// <param name="Patterns">Null if a term of them is in no document.</param>
    internal sealed record RequiredPhrases(LexicalIndex Index, long Changes, Pattern[]? Patterns);
}
