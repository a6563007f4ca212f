using Sophia.Gpu.Text;

namespace Sophia.Gpu.Lexical;

/// <summary>The distinct terms that a query asks for, in its order.</summary>
internal sealed class LexicalQuery
{
    /// <summary>Of a longer query the first terms count.</summary>
    public const int MostTerms = 256;

    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly List<string> _terms = [];

    /// <summary>Stop words are left out as long as there are other words.</summary>
    public LexicalQuery(TextAnalyzer analyzer, string? text)
    {
        var words = new List<Word>();
        analyzer.Analyze(text, words);
        var hasOthers = words.Exists(word => !word.IsStopWord);
        foreach (var word in words)
        {
            if (_terms.Count < MostTerms && !(hasOthers && word.IsStopWord) && _places.TryAdd(word.Term, _terms.Count))
            {
                _terms.Add(word.Term);
            }
        }
    }

    public IReadOnlyList<string> Terms => _terms;

    public bool IsEmpty => _terms.Count == 0;

    /// <summary>Where the term stands in <see cref="Terms"/>, or −1.</summary>
    public int PlaceOf(string term) => _places.TryGetValue(term, out var place) ? place : -1;
}
