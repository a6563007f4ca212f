using System.Numerics;
using Sophia.Gpu.Text;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>
/// Leaves out what says the same as a better hit.
/// <list type="number">
/// <item>Two texts are near-duplicates when their contents have the same words in the same order: they differ in case and
/// punctuation at most. Cosines alone do not tell: long texts that differ in one number or one name come closer to each
/// other than two short ones that mean the same; nor do stems, which join names.</item>
/// <item>Where both have vectors, these must agree too (a cosine of at least <see cref="Near"/>).</item>
/// <item>Records without words (bytes, or nothing) are near-duplicates when their vectors have one direction.</item>
/// </list>
/// Words are compared by a 64-bit hash. What is left out is named by the hit that stands for it. Costs one look-up a
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

    /// <summary>Records left out.</summary>
    public int Count { get; private set; }

    /// <summary>What <see cref="RowTable.Row.Content"/> keeps of the words of a content; the same words, the same hash, on every node.</summary>
    public static ulong HashOf(ReadOnlySpan<Word> words)
    {
        ulong hash = 0;
        foreach (var word in words)
        {
            hash = (BitOperations.RotateLeft(hash, 23) ^ word.RawHash) * 0x9E3779B97F4A7C15;
        }

        return hash;
    }

    /// <summary>True when the candidate is left out; false makes it the next hit.</summary>
    public bool TryFold(int row)
    {
        if (!_hitsByContent.TryGetValue(rows[row].Content, out var hits))
        {
            _hitsByContent.Add(rows[row].Content, hits = []);
        }

        for (var i = 0; i < Math.Min(hits.Count, MostCompared); i++)
        {
            var kept = _kept[hits[i]];
            if (SimilarityOf(kept.Row, row) is { } similarity)
            {
                (kept.Folded ??= []).Add(new FoldedRecord(rows.Keys[row]!, similarity));
                Count++;
                return true;
            }
        }

        hits.Add(_kept.Count);
        _kept.Add(new Kept(row));
        return false;
    }

    public IReadOnlyList<FoldedRecord> Of(int hit) => _kept[hit].Folded ?? [];

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

        public List<FoldedRecord>? Folded { get; set; }
    }
}
