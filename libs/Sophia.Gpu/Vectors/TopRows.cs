using Sophia.Gpu.Shards;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// The best rows seen so far, at most so many: a binary heap with the worst on top. Equal scores are ordered by the key that a row
/// had when it was offered: one that goes or is used again meanwhile must not change its place in the heap, or, as the worst kept
/// one, it would turn away others that are as good.
/// </summary>
/// <param name="keys">Key by row; a row removed meanwhile may have none.</param>
internal sealed class TopRows(int capacity, ChunkedRows<string?> keys)
{
    private readonly double[] _scores = new double[capacity];
    private readonly int[] _rows = new int[capacity];
    private readonly string?[] _keys = new string?[capacity];

    public int Count { get; private set; }

    /// <summary>So many more would be kept whatever they score.</summary>
    public int Room => capacity - Count;

    /// <summary>Rows that a scan counted among the best and that went, or changed for the worse, before it ended: others may be missing for them.</summary>
    public int Lost { get; set; }

    /// <summary>Slots whose rows were not what their sums say, or were being written: to be looked at when nobody writes.</summary>
    public List<int>? Suspects { get; private set; }

    public void Suspect(int slot)
    {
        (Suspects ??= []).Add(slot);
        Lost++;
    }

    /// <summary>A row with a lower score would not be kept.</summary>
    public double Worst => Count < capacity ? double.NegativeInfinity : _scores[0];

    /// <summary>In no particular order.</summary>
    public ReadOnlySpan<int> Rows => _rows.AsSpan(0, Count);

    /// <summary>By place in <see cref="Rows"/>.</summary>
    public ReadOnlySpan<double> Scores => _scores.AsSpan(0, Count);

    public void Offer(int row, double score)
    {
        // Keys stand all over memory, and most rows are not good enough to need theirs.
        if (Count < capacity || score >= _scores[0])
        {
            Offer(row, score, KeyOf(row));
        }
    }

    public void OfferAll(TopRows other)
    {
        for (var i = 0; i < other.Count; i++)
        {
            Offer(other._rows[i], other._scores[i], other._keys[i]);
        }
    }

    /// <summary>An empty one of the same capacity and keys, for a part of the rows.</summary>
    public TopRows Another() => new(capacity, keys);

    /// <summary>Takes in what was found in a part of the rows, and what was lost there.</summary>
    public void TakeIn(TopRows part)
    {
        OfferAll(part);
        Lost += part.Lost;
        if (part.Suspects is { } suspects)
        {
            (Suspects ??= []).AddRange(suspects);
        }
    }

    private void Offer(int row, double score, string? key)
    {
        if (Count < capacity)
        {
            SiftUp(Count++, row, score, key);
        }
        else if (IsBetter(score, key, _scores[0], _keys[0]))
        {
            SiftDown(row, score, key);
        }
    }

    // A row without a key went before it was offered, or is newer than the search: no hit, so the last of its equals.
    private static bool IsBetter(double score, string? key, double otherScore, string? otherKey) =>
        score > otherScore || (score == otherScore && key is not null && (otherKey is null || string.CompareOrdinal(key, otherKey) < 0));

    // Rows that came after the keys were taken have none: they are newer than the search.
    private string? KeyOf(int row) => keys.Holds(row) ? keys[row] : null;

    private void SiftUp(int at, int row, double score, string? key)
    {
        while (at > 0)
        {
            var parent = (at - 1) / 2;
            if (!IsBetter(_scores[parent], _keys[parent], score, key))
            {
                break;
            }

            Put(at, _rows[parent], _scores[parent], _keys[parent]);
            at = parent;
        }

        Put(at, row, score, key);
    }

    private void SiftDown(int row, double score, string? key)
    {
        var at = 0;
        while (true)
        {
            var child = (2 * at) + 1;
            if (child >= Count)
            {
                break;
            }

            if (child + 1 < Count && IsBetter(_scores[child], _keys[child], _scores[child + 1], _keys[child + 1]))
            {
                child++;
            }

            if (!IsBetter(score, key, _scores[child], _keys[child]))
            {
                break;
            }

            Put(at, _rows[child], _scores[child], _keys[child]);
            at = child;
        }

        Put(at, row, score, key);
    }

    private void Put(int at, int row, double score, string? key) => (_rows[at], _scores[at], _keys[at]) = (row, score, key);
}
