using System.Numerics;

namespace Sophia.Gpu.Lexical;

/// <summary>
/// The terms of an index, to be searched for those that are spelled nearly like another word.
/// <list type="number">
/// <item>A term's signature has a bit for each pair of letters in it, its ends included. One edit changes at most three pairs,
/// so terms whose signatures differ in more are passed over; the rest is measured letter by letter.</item>
/// <item>It is made when a query first needs it and then takes in new terms from query to query, so writing pays nothing.</item>
/// <item>A term that is forgotten goes at once, and one that takes over its number comes at once.</item>
/// </list>
/// It grows under the shard's read lock by one thread at a time, changes under its write lock, and is read without either.
/// </summary>
internal sealed class Vocabulary
{
    private readonly Lock _growing = new();
    private string?[] _terms = [];
    private ulong[] _signatures = [];

    /// <summary>Terms with a number below are known.</summary>
    private int Known { get; set; }

    public long SizeInMemory => _terms.Length * 16L;

    /// <summary>Takes in the next terms.</summary>
    /// <returns>True if there are no more.</returns>
    public bool Grow(TermTable table, int most)
    {
        lock (_growing)
        {
            var end = Math.Min(table.Used, Known + most);
            if (end > _terms.Length)
            {
                var length = Math.Max(Math.Max(1024, end), _terms.Length * 3 / 2);
                Array.Resize(ref _signatures, length);
                Array.Resize(ref _terms, length);
            }

            for (var term = Known; term < end; term++)
            {
                Set(term, table[term].Text);
            }

            Known = end;
            return end == table.Used;
        }
    }

    /// <param name="text">Null: the number stands for no term any more.</param>
    public void Replace(int term, string? text)
    {
        if (term < Known)
        {
            Set(term, text);
        }
    }

    private void Set(int term, string? text)
    {
        _signatures[term] = text is null ? 0 : SignatureOf(text);
        _terms[term] = text;
    }

    /// <summary>Adds the terms within so many edits; a few with two swaps of letters may be missing.</summary>
    public void Near(string word, int mostEdits, List<(string Term, int Edits)> near, CancellationToken cancellationToken)
    {
        var signature = SignatureOf(word);
        var mostPairs = (2 * mostEdits) + 1;
        var (signatures, terms) = (_signatures, _terms);
        var known = Math.Min(Known, Math.Min(signatures.Length, terms.Length));
        for (var i = 0; i < known; i++)
        {
            if (BitOperations.PopCount(signature & ~signatures[i]) > mostPairs || terms[i] is not { } term ||
                Math.Abs(term.Length - word.Length) > mostEdits || BitOperations.PopCount(signatures[i] & ~signature) > mostPairs)
            {
                continue;
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (EditDistance.Of(word, term, mostEdits) is var edits && edits <= mostEdits && edits > 0)
            {
                near.Add((term, edits));
            }
        }
    }

    private static ulong SignatureOf(string word)
    {
        ulong signature = 0;
        uint last = '^';
        foreach (var letter in word)
        {
            signature |= BitOf(last, letter);
            last = letter;
        }

        return signature | BitOf(last, '$');
    }

    private static ulong BitOf(uint first, uint second) => 1UL << (int)((((first * 31) + second) * 0x9e3779b9u) >> 26);
}
