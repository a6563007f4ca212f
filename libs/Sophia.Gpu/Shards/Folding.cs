using Sophia.Gpu.Text;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>
/// Leaves out what says the same as a better hit.
/// <list type="number">
/// <item>Two texts are near-duplicates when their contents have the same words and symbols (<see cref="SymbolHash"/>) in the
/// same order: they differ in case and punctuation at most. Cosines alone do not tell: long texts that differ in one number
/// or one name come closer to each other than two short ones that mean the same; nor do stems, which join names.</item>
/// <item>Where both have vectors, these must agree too (a cosine of at least <see cref="Near"/>).</item>
/// <item>Records without words and symbols (bytes, or nothing) are near-duplicates when their vectors have one direction.</item>
/// </list>
/// Words and symbols are compared by a 64-bit hash. What is left out is named by the hit that stands for it. Costs one look-up a
/// candidate, however many hits there are.
/// </summary>
internal sealed class Folding(RowTable rows, Func<int, int, double> cosineOf)
{
    public const double Near = 0.98;
    public const double SameDirection = 1 - 1e-6;

    /// <summary>Of many hits with the same words and different vectors, so many of the best are compared with.</summary>
    private const int MostCompared = 100;

    private readonly Dictionary<ulong, List<int>> _hitsByContent = [];
    private readonly List<Kept> _kept = [];
    private readonly List<ulong> _twins = [];
    private readonly List<(Candidate Candidate, int Hit, double Similarity)> _groups = [];

    /// <summary>Records left out.</summary>
    public int Count { get; private set; }

    /// <summary>What <see cref="RowTable.Row.Content"/> keeps of a content; the same words and symbols, the same hash, on every node.</summary>
    public static ulong HashOf(ReadOnlySpan<Word> words, SymbolHash symbols)
    {
        ulong hash = 0;
        foreach (var word in words)
        {
            hash = TermHash.Then(hash, word.RawHash);
        }

        return symbols.Value == 0 ? hash : TermHash.Then(hash, symbols.Value);
    }

    /// <summary>True when the candidate is left out; false makes it the next hit.</summary>
    public bool TryFold(Candidate candidate)
    {
        var row = candidate.Row;
        if (!_hitsByContent.TryGetValue(rows[row].Content, out var hits))
        {
            _hitsByContent.Add(rows[row].Content, hits = []);
        }

        for (var i = 0; i < Math.Min(hits.Count, MostCompared); i++)
        {
            var kept = _kept[hits[i]];
            if (SimilarityOf(kept.Row, row) is { } similarity)
            {
                kept.Folded.Add((candidate.Score, new FoldedRecord(candidate.Key, similarity)));
                _twins.Add(rows.Twins[row]);
                Stand(candidate, hits[i], similarity);
                Count++;
                return true;
            }
        }

        if (hits.Count < MostCompared)
        {
            _twins.Add(rows.Twins[row]);
        }

        Stand(candidate, _kept.Count, null);
        hits.Add(_kept.Count);
        _kept.Add(new Kept(row));
        return false;
    }

    /// <summary>Tells what was looked at, so that its twins can be set apart.</summary>
    public void Tell(Twins? twins)
    {
        foreach (var twin in _twins)
        {
            twins?.Add(twin);
        }
    }

    /// <summary>Names the rows for which candidates stand: those that would have been met, one by one, before the last hit.</summary>
    /// <param name="last">Null where there are fewer hits than asked for.</param>
    public void NameTwins(Candidate? last)
    {
        foreach (var (candidate, hit, similarity) in _groups)
        {
            var keys = last is null || candidate.Score > last.Score ? candidate.Twins
                : Array.FindAll(candidate.Twins, key => string.CompareOrdinal(key, last.Key) < 0);
            _kept[hit].Groups.Add((candidate.Score, similarity, keys));
        }
    }

    public IReadOnlyList<FoldedRecord> Of(int hit) => _kept[hit].All();

    /// <param name="similarity">Of its twins to the hit; null where it is the hit.</param>
    private void Stand(Candidate candidate, int hit, double? similarity)
    {
        if (candidate.Twins.Length > 0)
        {
            _groups.Add((candidate, hit, similarity ?? SimilarityOf(candidate.Row, candidate.Row) ?? 1));
        }
    }

    /// <summary>Of two rows with the same words; null when they are no near-duplicates.</summary>
    private double? SimilarityOf(int kept, int row)
    {
        var hasWords = rows[row].Content != 0;
        var (slot, keptSlot) = (rows[row].Vector, rows[kept].Vector);
        if (slot == RowTable.NoVector || keptSlot == RowTable.NoVector)
        {
            // Without vectors the same words are the same text, and no words are nothing to go by.
            return hasWords && slot == keptSlot ? 1 : null;
        }

        var cosine = cosineOf(slot, keptSlot);
        return cosine >= (hasWords ? Near : SameDirection) ? Math.Min(cosine, 1) : null;
    }

    private sealed class Kept(int row)
    {
        public int Row => row;

        /// <summary>Candidates that were left out, in their order.</summary>
        public List<(double Score, FoldedRecord Record)> Folded { get; } = [];

        /// <summary>Keys of rows for which candidates stood, in order, each with its score and likeness.</summary>
        public List<(double Score, double Similarity, string[] Keys)> Groups { get; } = [];

        /// <summary>All that were left out, in the order in which they would have been met.</summary>
        public FoldedRecord[] All()
        {
            var count = Folded.Count;
            foreach (var group in Groups)
            {
                count += group.Keys.Length;
            }

            var all = count == 0 ? [] : new FoldedRecord[count];
            var next = 0;
            Span<int> at = Groups.Count == 0 ? [] : new int[Groups.Count];
            for (var i = 0; i < count; i++)
            {
                var best = -1;
                var (score, record) = next < Folded.Count ? Folded[next] : (double.NegativeInfinity, default);
                for (var group = 0; group < at.Length; group++)
                {
                    var (groupScore, similarity, keys) = Groups[group];
                    if (at[group] < keys.Length && (groupScore > score || (groupScore == score && string.CompareOrdinal(keys[at[group]], record.Key) < 0)))
                    {
                        (best, score, record) = (group, groupScore, new FoldedRecord(keys[at[group]], similarity));
                    }
                }

                all[i] = record;
                next += best < 0 ? 1 : 0;
                if (best >= 0)
                {
                    at[best]++;
                }
            }

            return all;
        }
    }
}
