using Sophia.Gpu.Lexical;
using Sophia.Gpu.Text;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>What a query's words mean here: phrases, and words that nobody wrote like this.</summary>
internal sealed partial class HostShard
{
    /// <summary>New terms taken into the vocabulary in one hold of the lock: well under a millisecond.</summary>
    private const int TermsAtOnce = 4096;

    /// <summary>Of a query with more such words the first are corrected.</summary>
    public const int MostCorrections = 8;

    /// <summary>The words of the query with what is asked for in place of misspelt ones; null where only the vector is asked for.</summary>
    private LexicalQuery? ReadWords(ShardQuery query, List<Correction> corrections, CancellationToken cancellationToken)
    {
        corrections.Clear();
        if (_given is { } given)
        {
            return given.Words;
        }

        if (query.Mode == SearchMode.Vector)
        {
            return null;
        }

        var words = new LexicalQuery(_analyzer, query.Text);
        if (!query.Typos)
        {
            return words;
        }

        foreach (var doubtful in Read(shard => shard.Doubtful(query, words, MostCorrections)))
        {
            doubtful.Look(_analyzer, ReadVocabulary(cancellationToken), cancellationToken);
            var suggestions = Read(shard => doubtful.Suggestions(shard._lexical.DocumentsWith));
            foreach (var (_, term, weight) in suggestions)
            {
                words.Add(term, weight);
            }

            if (suggestions.Count > 0)
            {
                corrections.Add(new Correction(doubtful.Raw, [.. suggestions.Select(static one => one.Spelling)]) { Terms = [.. suggestions.Select(static one => one.Term)] });
            }
        }

        return words;
    }

    /// <summary>Terms that are no misspellings: what is quoted is meant as it stands, and what was read as a date is not misspelt.</summary>
    public static HashSet<string> Meant(ShardQuery query, LexicalQuery words, TextAnalyzer analyzer)
    {
        var meant = words.Quoted();
        meant.UnionWith(TermsOfDates(query, analyzer));
        return meant;
    }

    private List<Misspelling> Doubtful(ShardQuery query, LexicalQuery words, int most)
    {
        var meant = Meant(query, words, _analyzer);
        var found = new List<Misspelling>();
        foreach (var word in words.Words)
        {
            if (found.Count < most && !meant.Contains(word.Term) && !found.Exists(other => other.Raw == word.Raw) &&
                Misspelling.Of(word, _lexical.DocumentsWith(word.Term)) is { } doubtful)
            {
                found.Add(doubtful);
            }
        }

        return found;
    }

    private Vocabulary ReadVocabulary(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (vocabulary, isComplete) = Read(static shard => (shard._lexical.Spelled(TermsAtOnce, out var complete), complete));
            if (isComplete)
            {
                return vocabulary;
            }
        }
    }

    /// <summary>The rows that the filter lets through; null for all.</summary>
    private FilteredRows? RowsOf(RowFilter filter, CancellationToken cancellationToken)
    {
        if (filter.PassesAll)
        {
            return null;
        }

        var before = _filters.Find(filter.Filter);
        var rows = filter.Evaluate(before, cancellationToken);
        if (rows != before)
        {
            _filters.Keep(filter.Filter, rows);
        }

        return rows;
    }

    private static string[] TextsOf(LexicalQuery? words) => words is null ? [] : [.. words.Phrases.Select(static phrase => phrase.Text)];

    /// <summary>True if the row has every phrase that hits must have.</summary>
    private bool HasRequired(LexicalQuery? words, int row) => words is not { Required.Count: > 0 } ||
        (_rows.Documents[row] != RowTable.NoDocument && _lexical.HasRequired(words, _rows.Documents[row]));
}
