using System.Collections.Frozen;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Text;

/// <summary>
/// The words of a language by which a turn shows its <see cref="TurnTraits"/>, and those by which a question shows what it asks for;
/// as the word reader gives them, in lower case and without apostrophes. Where one stands here with a capital, it counts only where it is
/// written with one (May). Only those of English were measured (bench/run.sh quality).
/// </summary>
internal sealed partial class TurnWords
{
    private const int ShortestWithEnding = 5;

    private readonly FrozenDictionary<string, TurnTraits>.AlternateLookup<ReadOnlySpan<char>> _said;
    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _capitals;
    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _auxiliaries;
    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _beforePlaces;
    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _articles;
    private readonly FrozenDictionary<string, TurnTraits> _asked;
    private readonly FrozenSet<string> _asking;
    private readonly (string Start, string End)[] _pastForms;
    private readonly bool _needsAuxiliary;

    /// <param name="self">By which one speaks of oneself.</param>
    /// <param name="past">Words that are past by themselves.</param>
    /// <param name="pastForms">Beginnings and endings, with a hyphen between, of words that are past.</param>
    /// <param name="auxiliaries">Only behind one of these; empty: by themselves.</param>
    /// <param name="beforePlaces">Behind which, an article aside, a word with a capital is a place.</param>
    /// <param name="when">A word that begins a question, or two joined by an underscore; so for the two that follow.</param>
    /// <param name="asking">Who writes them is after what was asked.</param>
    private TurnWords(
        string self, string past, string pastForms, string auxiliaries, string times, string numbers, string beforePlaces, string articles,
        string when, string howMany, string where, string asking)
    {
        var said = Pairs((self, TurnTraits.OfSelf), (past, TurnTraits.OfPast), (times, TurnTraits.NamesTime), (numbers, TurnTraits.NamesNumber));
        _said = said.ToFrozenDictionary(static pair => pair.Key.ToLowerInvariant(), static pair => pair.Value, StringComparer.Ordinal)
            .GetAlternateLookup<ReadOnlySpan<char>>();
        _capitals = Lookup(string.Join(' ', said.Keys.Where(static word => char.IsUpper(word[0]))).ToLowerInvariant());
        _auxiliaries = Lookup(auxiliaries);
        _beforePlaces = Lookup(beforePlaces);
        _articles = Lookup(articles);
        _asked = Pairs((when, TurnTraits.NamesTime), (howMany, TurnTraits.NamesNumber), (where, TurnTraits.NamesPlace)).ToFrozenDictionary(StringComparer.Ordinal);
        _asking = asking.Split(' ').ToFrozenSet(StringComparer.Ordinal);
        _pastForms = [.. pastForms.Split(' ').Select(static form => form.Split('-')).Select(static parts => (parts[0], parts[1]))];
        _needsAuxiliary = auxiliaries.Length > 0;
    }

    /// <summary>What the word alone shows.</summary>
    /// <param name="isCapital">It is written with a capital.</param>
    /// <param name="isBehindAuxiliary">An auxiliary verb stands before it, somewhere.</param>
    public TurnTraits TraitsOf(ReadOnlySpan<char> word, bool isCapital, bool isBehindAuxiliary)
    {
        if (char.IsAsciiDigit(word[0]))
        {
            return word is ['1', '9', >= '0' and <= '9', >= '0' and <= '9'] or ['2', '0', >= '0' and <= '9', >= '0' and <= '9']
                ? TurnTraits.NamesNumber | TurnTraits.NamesTime : TurnTraits.NamesNumber;
        }

        return _said.TryGetValue(word, out var traits) ? isCapital || !_capitals.Contains(word) ? traits : TurnTraits.None
            : (isBehindAuxiliary || !_needsAuxiliary) && HasPastForm(word) ? TurnTraits.OfPast : TurnTraits.None;
    }

    public bool IsAuxiliary(ReadOnlySpan<char> word) => _auxiliaries.Contains(word);

    /// <summary>Behind it a word with a capital is a place, as a rule.</summary>
    public bool StandsBeforePlaces(ReadOnlySpan<char> word) => _beforePlaces.Contains(word);

    public bool IsArticle(ReadOnlySpan<char> word) => _articles.Contains(word);

    /// <summary>What is asked for by a word at the beginning of a question, or by two of one wherever they stand.</summary>
    public TurnTraits AskedBy(string word) => _asked.GetValueOrDefault(word);

    /// <summary>A query with such a word is after what was asked.</summary>
    public bool SpeaksOfAsking(string word) => _asking.Contains(word);

    private bool HasPastForm(ReadOnlySpan<char> word)
    {
        if (word.Length < ShortestWithEnding)
        {
            return false;
        }

        foreach (var (start, end) in _pastForms)
        {
            // Of what ends so, a doubled vowel before it is of the word itself: speed, indeed.
            if (word.Length > end.Length && word.StartsWith(start, StringComparison.Ordinal) && word.EndsWith(end, StringComparison.Ordinal) && word[^(end.Length + 1)] != end[0])
            {
                return true;
            }
        }

        return false;
    }

    private static FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Lookup(string words) =>
        words.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    private static Dictionary<string, TurnTraits> Pairs(params ReadOnlySpan<(string Words, TurnTraits Trait)> lists)
    {
        var pairs = new Dictionary<string, TurnTraits>(StringComparer.Ordinal);
        foreach (var (words, trait) in lists)
        {
            foreach (var word in words.Split(' '))
            {
                pairs[word] = pairs.GetValueOrDefault(word) | trait;
            }
        }

        return pairs;
    }
}
