namespace Sophia.Bench.Quality;

/// <summary>
/// BM25 as the textbooks have it, with nothing of Sophia's in it: k1 1.2, b 0.75, idf ln(1 + (N − n + 0.5)/(n + 0.5)).
/// Plain: runs of ASCII letters and digits in lower case. Stemmed: without stop words, by Porter's stems.
/// </summary>
internal sealed class ReferenceBm25
{
    private const double K1 = 1.2;
    private const double B = 0.75;

    // The stop words of van Rijsbergen's list that are pronouns, articles, auxiliaries, prepositions and question words.
    private static readonly HashSet<string> Stops = [.. (
        "a about after again all also am an and any are as at be because been before being both but by can could did do does doing " +
        "down during each few for from further had has have having he her here hers him his how i if in into is it its just me more " +
        "most my no nor not now of off on once only or other our out over own s same she should so some such t than that the their " +
        "them then there these they this those through to too under until up very was we were what when where which while who whom " +
        "why will with would you your yours").Split(' ')];

    private readonly bool _isStemmed;
    private readonly IReadOnlyList<LabelledRecord> _records;
    private readonly Dictionary<string, List<(int Record, int Count)>> _postings = new(StringComparer.Ordinal);
    private readonly int[] _lengths;
    private readonly double _averageLength;

    public ReferenceBm25(IReadOnlyList<LabelledRecord> records, bool isStemmed)
    {
        (_records, _isStemmed, _lengths) = (records, isStemmed, new int[records.Count]);
        for (var i = 0; i < records.Count; i++)
        {
            var terms = TermsOf(records[i].Text).ToArray();
            _lengths[i] = terms.Length;
            foreach (var group in terms.GroupBy(t => t, StringComparer.Ordinal))
            {
                (_postings.TryGetValue(group.Key, out var list) ? list : _postings[group.Key] = []).Add((i, group.Count()));
            }
        }

        _averageLength = _lengths.Average();
    }

    public IReadOnlyList<string> Rank(string query)
    {
        var scores = new Dictionary<int, double>();
        foreach (var term in TermsOf(query).Distinct(StringComparer.Ordinal))
        {
            if (!_postings.TryGetValue(term, out var list))
            {
                continue;
            }

            var idf = Math.Log(1 + ((_records.Count - list.Count + 0.5) / (list.Count + 0.5)));
            foreach (var (record, count) in list)
            {
                var norm = K1 * (1 - B + (B * _lengths[record] / _averageLength));
                scores[record] = scores.GetValueOrDefault(record) + (idf * count * (K1 + 1) / (count + norm));
            }
        }

        return [.. scores.OrderByDescending(s => s.Value).ThenBy(s => s.Key).Take(RankingMetrics.Depth).Select(s => _records[s.Key].Key)];
    }

    private IEnumerable<string> TermsOf(string text)
    {
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && char.IsAsciiLetterOrDigit(text[i]))
            {
                start = start < 0 ? i : start;
            }
            else if (start >= 0)
            {
                var word = text[start..i].ToLowerInvariant();
                start = -1;
                if (!_isStemmed)
                {
                    yield return word;
                }
                else if (!Stops.Contains(word))
                {
                    yield return PorterStemmer.Stem(word);
                }
            }
        }
    }
}
