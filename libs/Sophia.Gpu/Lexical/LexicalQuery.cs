using System.Buffers;
using Sophia.Gpu.Text;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Lexical;

/// <summary>The distinct terms that a query asks for, in its order, each with what it weighs.</summary>
internal sealed class LexicalQuery
{
    /// <summary>Of a longer query the first terms count.</summary>
    public const int MostTerms = 256;

    /// <summary>
    /// What the parts of a name or number count beside the whole: v1 and 2 help to find v1.2, but who writes v1.2 does not
    /// mean them.
    /// </summary>
    public const double PartWeight = 0.25;

    /// <summary>What the word behind a leading dot counts beside the whole: who writes .zip means zip files, however they are written.</summary>
    public const double EndingWeight = 0.75;

    /// <summary>Further ones are words like others.</summary>
    private const int MostPhrases = 16;

    /// <summary>Each of these is looked for by itself. Further ones are words like others.</summary>
    private const int MostWished = 4;

    private static readonly SearchValues<char> Opening = SearchValues.Create("\"“„«");
    private static readonly SearchValues<char> Closing = SearchValues.Create("\"“”»");
    private static readonly SearchValues<char> Joiners = SearchValues.Create("._@+#");

    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly List<string> _terms = [];
    private readonly List<double> _weights = [];

    private readonly List<Word> _words = [];

    /// <summary>Stop words are left out as long as there are other words.</summary>
    public LexicalQuery(TextAnalyzer analyzer, string? text)
    {
        Phrases = ReadPhrases(analyzer, text);
        Required = [.. Phrases.Where(static phrase => phrase.IsRequired)];
        Wished = [.. Phrases.Where(static phrase => !phrase.IsRequired).DistinctBy(static phrase => string.Join(' ', phrase.Terms), StringComparer.Ordinal).Take(MostWished)];
        var words = _words;
        analyzer.Analyze(text, words);
        var hasOthers = words.Exists(word => !word.IsStopWord);
        string? whole = null;
        foreach (var word in words)
        {
            var isPart = whole is not null && IsPart(whole, word.Raw);
            var isEnding = isPart && whole![0] == '.' && word.Raw.Length == whole.Length - 1;
            if (!isPart)
            {
                whole = word.Raw.AsSpan().ContainsAny(Joiners) ? word.Raw : null;
                // What follows the apostrophe of a name.
                isPart = word.IsName && whole is null;
            }

            if (!(hasOthers && word.IsStopWord))
            {
                Add(word.Term, isEnding ? EndingWeight : isPart ? PartWeight : 1);
            }
        }

        // A record must be found by a phrase alone, though it be of stop words.
        foreach (var phrase in Required)
        {
            if (!Array.Exists(phrase.Terms, _places.ContainsKey))
            {
                Add(phrase.Terms[0], 1);
            }
        }
    }

    public IReadOnlyList<string> Terms => _terms;

    /// <summary>By place in <see cref="Terms"/>: what a term counts, above 0, at most 1.</summary>
    public IReadOnlyList<double> Weights => _weights;

    /// <summary>What stood in double quotes, in the query's order.</summary>
    public IReadOnlyList<Phrase> Phrases { get; }

    /// <summary>
    /// Those that every hit has, its terms one after the other: with a plus before their quotes, and all where there is none
    /// with a plus and the query is nothing but phrases.
    /// </summary>
    public IReadOnlyList<Phrase> Required { get; }

    /// <summary>Those that raise the records that have them, as in: when did she read "Emma"?</summary>
    public IReadOnlyList<Phrase> Wished { get; }

    /// <summary>All words in their order, as often as they stand there.</summary>
    public IReadOnlyList<Word> Words => _words;

    public bool IsEmpty => _terms.Count == 0;

    /// <summary>What terms weigh, where other shards count too; null: as the documents of the index say.</summary>
    public QueryWords? Corpus { get; set; }

    /// <summary>What an index made of the terms last, for it to use again.</summary>
    public LexicalIndex.QueryTerms? Bound { get; set; }

    /// <summary>The same of <see cref="Required"/>.</summary>
    public LexicalIndex.RequiredPhrases? BoundRequired { get; set; }

    /// <summary>Terms that say whether a document is a hit and what it scores: those asked for and those of phrases.</summary>
    public string[] Told() => [.. _terms.Concat(Phrases.SelectMany(static phrase => phrase.Terms)).Distinct(StringComparer.Ordinal)];

    /// <param name="Text">As it was written.</param>
    /// <param name="Terms">At least one; stop words too.</param>
    internal sealed record Phrase(string Text, string[] Terms, bool IsRequired);

    /// <summary>Whether the term is one of those asked for.</summary>
    public bool Asks(string term) => _places.ContainsKey(term);

    /// <summary>The terms of the phrases that hits must have.</summary>
    public HashSet<string> Quoted() => Required.SelectMany(static phrase => phrase.Terms).ToHashSet(StringComparer.Ordinal);

    /// <summary>The term is asked for too; of two weights the larger counts.</summary>
    public void Add(string term, double weight)
    {
        Bound = null;
        if (_places.TryGetValue(term, out var place))
        {
            _weights[place] = Math.Max(_weights[place], weight);
        }
        else if (_terms.Count < MostTerms)
        {
            _places.Add(term, _terms.Count);
            _terms.Add(term);
            _weights.Add(weight);
        }
    }

    private List<Phrase> ReadPhrases(TextAnalyzer analyzer, string? text)
    {
        var phrases = new List<Phrase>();
        var isNothingElse = true;
        var at = 0;
        while (text is not null && phrases.Count < MostPhrases)
        {
            var start = text.AsSpan(at).IndexOfAny(Opening);
            var length = start < 0 ? -1 : text.AsSpan(at + start + 1).IndexOfAny(Closing);
            if (length < 0)
            {
                break;
            }

            start += at + 1;
            isNothingElse &= !HasWords(analyzer, text[at..(start - 1)]);
            var quoted = text.Substring(start, length);
            analyzer.Analyze(quoted, _words);
            if (_words.Count > 0)
            {
                phrases.Add(new Phrase(quoted.Trim(), [.. _words.Select(static word => word.Term)], HasPlus(text, start - 2)));
            }

            _words.Clear();
            at = start + length + 1;
        }

        // What follows the last phrase that counts is not looked at.
        return phrases.Count > 0 && isNothingElse && !phrases.Exists(static phrase => phrase.IsRequired) &&
            (phrases.Count == MostPhrases || !HasWords(analyzer, text![at..]))
            ? phrases.ConvertAll(static phrase => phrase with { IsRequired = true }) : phrases;
    }

    // A plus behind a word is the word's: C++"two words".
    private static bool HasPlus(string text, int at) => at >= 0 && text[at] == '+' && (at == 0 || (text[at - 1] != '+' && !char.IsLetterOrDigit(text[at - 1])));

    private bool HasWords(TextAnalyzer analyzer, string text)
    {
        analyzer.Analyze(text, _words);
        var hasWords = _words.Count > 0;
        _words.Clear();
        return hasWords;
    }

    private static bool IsPart(string whole, string raw)
    {
        var at = whole.IndexOf(raw, StringComparison.Ordinal);
        var end = at + raw.Length;
        return at >= 0 && raw.Length < whole.Length && (at == 0 || !char.IsLetterOrDigit(whole[at - 1])) &&
            (end == whole.Length || !(char.IsLetterOrDigit(whole[end]) || Accents.IsMark(whole[end])));
    }
}
