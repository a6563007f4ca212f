using Sophia.Gpu.Shards;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// The best rows seen so far, at most so many: a binary heap with the worst on top. Equal scores are ordered by key.
/// </summary>
/// <param name="keys">Key by row; a row removed meanwhile may have none.</param>
internal sealed class TopRows(int capacity, ChunkedRows<string?> keys)
{
    private readonly double[] _scores = new double[capacity];
    private readonly int[] _rows = new int[capacity];

    public int Count { get; private set; }

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
        if (Count < capacity)
        {
            SiftUp(Count++, row, score);
        }
        else if (score >= _scores[0] && IsBetter(score, row, _scores[0], _rows[0]))
        {
            SiftDown(row, score);
        }
    }

    public void OfferAll(TopRows other)
    {
        for (var i = 0; i < other.Count; i++)
        {
            Offer(other._rows[i], other._scores[i]);
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

    private bool IsBetter(double score, int row, double otherScore, int otherRow) =>
        score > otherScore || (score == otherScore && string.CompareOrdinal(KeyOf(row), KeyOf(otherRow)) < 0);

    // Rows that came after the keys were taken have none: they are newer than the search.
    private string? KeyOf(int row) => keys.Holds(row) ? keys[row] : null;

    private void SiftUp(int at, int row, double score)
    {
        while (at > 0)
        {
            var parent = (at - 1) / 2;
            if (!IsBetter(_scores[parent], _rows[parent], score, row))
            {
                break;
            }

            _scores[at] = _scores[parent];
            _rows[at] = _rows[parent];
            at = parent;
        }

        _scores[at] = score;
        _rows[at] = row;
    }

    private void SiftDown(int row, double score)
    {
        var at = 0;
        while (true)
        {
            var child = (2 * at) + 1;
            if (child >= Count)
            {
                break;
            }

            if (child + 1 < Count && IsBetter(_scores[child], _rows[child], _scores[child + 1], _rows[child + 1]))
            {
                child++;
            }

            if (!IsBetter(score, row, _scores[child], _rows[child]))
            {
                break;
            }

            _scores[at] = _scores[child];
            _rows[at] = _rows[child];
            at = child;
        }

        _scores[at] = score;
        _rows[at] = row;
    }
}
