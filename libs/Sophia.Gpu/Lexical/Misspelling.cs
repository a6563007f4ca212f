using Sophia.Gpu.Text;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Lexical;

/// <summary>
/// A word of a query that few records or none have, and what may have been meant.
/// <list type="number">
/// <item>Every word that one edit makes of it is stemmed and looked up: this finds slips in endings, which stems hide.</item>
/// <item>Its stem is held against the vocabulary, with one edit from 4 letters on and two from 8 on.</item>
/// <item>Of a word that no record has, the nearest count, the commonest first. A word that is there keeps its place, and only a
/// far commoner one at one edit is asked for beside it.</item>
/// </list>
/// Numbers, identifiers and short words are taken as they are.
/// </summary>
internal sealed class Misspelling(Word word, int documents)
{
    private const int Shortest = 4;
    private const int ShortestOfTwoEdits = 8;
    private const int Longest = 32;
    private const int MostSuggestions = 3;
    private const int RareDocuments = 2;
    private const int FarCommoner = 50;

    /// <summary>Two ways of writing one letter: Müller and Mueller are one edit apart.</summary>
    private static readonly (string Marked, string Plain)[] Umlauts =
        [("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("å", "aa"), ("ø", "oe"), ("æ", "ae")];

    private readonly Dictionary<string, (string Spelling, int Edits)> _near = new(StringComparer.Ordinal);

    public string Raw => word.Raw;

    /// <returns>Null if the word is taken as it is.</returns>
    public static Misspelling? Of(Word word, int documents) =>
        documents > RareDocuments || word.IsStopWord || word.IsName || word.Raw.Length is < Shortest or > Longest || !IsOfLetters(word.Raw)
            ? null : new Misspelling(word, documents);

    public void Look(TextAnalyzer analyzer, Vocabulary vocabulary, CancellationToken cancellationToken)
    {
        foreach (var edit in Edits(Raw))
        {
            _near.TryAdd(analyzer.TermOf(edit), (edit, 1));
        }

        var near = new List<(string Term, int Edits)>();
        vocabulary.Near(word.Term, documents == 0 && word.Term.Length >= ShortestOfTwoEdits ? 2 : 1, near, cancellationToken);
        foreach (var (term, edits) in near)
        {
            if (IsOfLetters(term))
            {
                _near.TryAdd(term, (term, edits));
            }
        }

        _near.Remove(word.Term);
    }

    /// <summary>What to ask for in its place, the likeliest first; a weight is how near it is.</summary>
    /// <param name="documentsWith">Of a term.</param>
    public List<(string Spelling, string Term, double Weight)> Suggestions(Func<string, int> documentsWith) => Choose(Raw, documents, Found(documentsWith));

    /// <summary>Those near to it that some document has.</summary>
    public List<NearWord> Found(Func<string, int> documentsWith)
    {
        var found = new List<NearWord>();
        foreach (var (term, (spelling, edits)) in _near)
        {
            if (documentsWith(term) is > 0 and var count)
            {
                found.Add(new NearWord(term, spelling, edits, count));
            }
        }

        return found;
    }

    /// <inheritdoc cref="Suggestions"/>
    /// <param name="raw">The word.</param>
    /// <param name="documents">That have it.</param>
    public static List<(string Spelling, string Term, double Weight)> Choose(string raw, int documents, List<NearWord> found)
    {
        // A word that is there has one-edit neighbours only, whatever a shard without it looked for.
        found.RemoveAll(one => one.Documents < documents * FarCommoner || (documents > 0 && one.Edits > 1));
        found.Sort((a, b) =>
            a.Edits != b.Edits ? a.Edits.CompareTo(b.Edits)
            : (a.Term[0] == raw[0]) != (b.Term[0] == raw[0]) ? (a.Term[0] == raw[0] ? -1 : 1)
            : a.Documents != b.Documents ? b.Documents.CompareTo(a.Documents)
            : string.CompareOrdinal(a.Term, b.Term));
        var factor = documents == 0 ? 1 : 0.4;
        return [.. found.TakeWhile(one => one.Edits == found[0].Edits).Take(documents == 0 ? MostSuggestions : 1)
            .Select(one => (one.Spelling, one.Term, factor * (1 - ((double)one.Edits / raw.Length))))];
    }

    private static bool IsOfLetters(string word)
    {
        foreach (var letter in word)
        {
            if (!char.IsLetter(letter))
            {
                return false;
            }
        }

        return true;
    }

    // Umlauts and swaps first: they are the likeliest, and the first spelling of a term is the one that is shown.
    private static IEnumerable<string> Edits(string word)
    {
        foreach (var (marked, plain) in Umlauts)
        {
            if (word.Contains(plain, StringComparison.Ordinal))
            {
                yield return word.Replace(plain, marked, StringComparison.Ordinal);
            }

            if (word.Contains(marked, StringComparison.Ordinal))
            {
                yield return word.Replace(marked, plain, StringComparison.Ordinal);
            }
        }

        for (var i = 0; i + 1 < word.Length; i++)
        {
            if (word[i] != word[i + 1])
            {
                yield return $"{word[..i]}{word[i + 1]}{word[i]}{word[(i + 2)..]}";
            }
        }

        for (var i = 0; i < word.Length; i++)
        {
            yield return word.Remove(i, 1);
        }

        for (var i = 0; i <= word.Length; i++)
        {
            for (var letter = 'a'; letter <= 'z'; letter++)
            {
                yield return word.Insert(i, letter.ToString());
                if (i < word.Length && word[i] != letter)
                {
                    yield return $"{word[..i]}{letter}{word[(i + 1)..]}";
                }
            }
        }
    }
}
