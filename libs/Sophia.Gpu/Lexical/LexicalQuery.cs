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

    /// <summary>Further ones are words like others.</summary>
    private const int MostPhrases = 16;

    private static readonly SearchValues<char> Opening = SearchValues.Create("\"“„«");
    private static readonly SearchValues<char> Closing = SearchValues.Create("\"“”»");
    private static readonly SearchValues<char> Joiners = SearchValues.Create("._@+#");

    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly List<string> _terms = [];
    private readonly List<double> _weights = [];

    private readonly List<Phrase> _phrases = [];
    private readonly List<Word> _words = [];

    /// <summary>Stop words are left out as long as there are other words.</summary>
    public LexicalQuery(TextAnalyzer analyzer, string? text)
    {
        ReadPhrases(analyzer, text);
        var words = _words;
        analyzer.Analyze(text, words);
        var hasOthers = words.Exists(word => !word.IsStopWord);
        string? whole = null;
        foreach (var word in words)
        {
            var isPart = whole is not null && IsPart(whole, word.Raw);
            if (!isPart)
            {
                whole = word.Raw.AsSpan().ContainsAny(Joiners) ? word.Raw : null;
                // What follows the apostrophe of a name.
                isPart = word.IsName && whole is null;
            }

            if (!(hasOthers && word.IsStopWord))
            {
                Add(word.Term, isPart ? PartWeight : 1);
            }
        }

        // A record must be found by a phrase alone, though it be of stop words.
        foreach (var phrase in _phrases)
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

    /// <summary>What stood in double quotes: the terms must stand in a record one after the other.</summary>
    public IReadOnlyList<Phrase> Phrases => _phrases;

    /// <summary>All words in their order, as often as they stand there.</summary>
    public IReadOnlyList<Word> Words => _words;

    public bool IsEmpty => _terms.Count == 0;

    /// <summary>What terms weigh, where other shards count too; null: as the documents of the index say.</summary>
    public QueryWords? Corpus { get; set; }

    /// <summary>What an index made of the terms last, for it to use again.</summary>
    public LexicalIndex.QueryTerms? Bound { get; set; }

    /// <summary>Terms that say whether a document is a hit and what it scores: those asked for and those of phrases.</summary>
    public string[] Told() => [.. _terms.Concat(_phrases.SelectMany(static phrase => phrase.Terms)).Distinct(StringComparer.Ordinal)];

    /// <param name="Text">As it was written.</param>
    /// <param name="Terms">At least one; stop words too.</param>
    internal sealed record Phrase(string Text, string[] Terms);

    /// <summary>The terms of the phrases.</summary>
    public HashSet<string> Quoted() => _phrases.SelectMany(static phrase => phrase.Terms).ToHashSet(StringComparer.Ordinal);

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

    private void ReadPhrases(TextAnalyzer analyzer, string? text)
    {
        for (var at = 0; text is not null && _phrases.Count < MostPhrases;)
        {
            var start = text.AsSpan(at).IndexOfAny(Opening);
            if (start < 0)
            {
                return;
            }

            start += at + 1;
            var length = text.AsSpan(start).IndexOfAny(Closing);
            if (length < 0)
            {
                return;
            }

            var quoted = text.Substring(start, length);
            analyzer.Analyze(quoted, _words);
            if (_words.Count > 0)
            {
                _phrases.Add(new Phrase(quoted.Trim(), [.. _words.Select(static word => word.Term)]));
            }

            _words.Clear();
            at = start + length + 1;
        }
    }

    private static bool IsPart(string whole, string raw)
    {
        var at = whole.IndexOf(raw, StringComparison.Ordinal);
        var end = at + raw.Length;
        return at >= 0 && raw.Length < whole.Length && (at == 0 || !char.IsLetterOrDigit(whole[at - 1])) &&
            (end == whole.Length || !char.IsLetterOrDigit(whole[end]));
    }
}
