using System.Buffers;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// The slots that may be among the best k, from scores with bounds. The k-th best lower bound is a threshold that only
/// rises; a slot whose upper bound does not reach it is certainly not among the best k.
/// </summary>
/// <param name="limit">Slots to keep at most; beyond it the scan is given up.</param>
internal sealed class CertainRows(int k, int limit) : IDisposable
{
    private readonly float[] _lowest = ArrayPool<float>.Shared.Rent(k);
    private int _lowestCount;
    private Row[] _kept = ArrayPool<Row>.Shared.Rent(256);

    public float Threshold { get; private set; } = float.NegativeInfinity;

    public int Count { get; private set; }

    /// <summary>True after <see cref="Offer"/> said false.</summary>
    public bool IsOverLimit { get; private set; }

    public ReadOnlySpan<Row> Rows => _kept.AsSpan(0, Count);

    /// <summary>A threshold that another part of the scan has reached: it holds for all.</summary>
    public void Raise(float threshold) => Threshold = Math.Max(Threshold, threshold);

    /// <summary>False when more slots remain than the limit.</summary>
    public bool Offer(int slot, float lower, float upper)
    {
        Raise(lower, k);
        if (Count == _kept.Length && !MakeRoom())
        {
            IsOverLimit = true;
            return false;
        }

        _kept[Count++] = new Row(slot, lower, upper);
        return true;
    }

    /// <summary>Takes in what another part of the scan kept; false when more remain than the limit.</summary>
    public bool Unite(CertainRows other)
    {
        for (var i = 0; i < other._lowestCount; i++)
        {
            Raise(other._lowest[i], k);
        }

        Raise(other.Threshold);
        foreach (ref readonly var row in other.Rows)
        {
            if (row.Upper < Threshold)
            {
                continue;
            }

            if (Count == _kept.Length && !MakeRoom())
            {
                return false;
            }

            _kept[Count++] = row;
        }

        return true;
    }

    /// <summary>Drops what the threshold has left behind; false when more remain than the limit.</summary>
    public bool Prune()
    {
        var kept = 0;
        for (var i = 0; i < Count; i++)
        {
            if (_kept[i].Upper >= Threshold)
            {
                _kept[kept++] = _kept[i];
            }
        }

        Count = kept;
        return kept <= limit;
    }

    /// <summary>Puts first the slots whose lower bounds reach the threshold: at least k of them, if there are so many at all.</summary>
    /// <returns>How many these are.</returns>
    public int PutBestFirst()
    {
        var best = 0;
        for (var i = 0; i < Count; i++)
        {
            if (_kept[i].Lower >= Threshold)
            {
                (_kept[best], _kept[i]) = (_kept[i], _kept[best]);
                best++;
            }
        }

        return best;
    }

    public void Dispose()
    {
        ArrayPool<float>.Shared.Return(_lowest);
        ArrayPool<Row>.Shared.Return(_kept);
    }

    private bool MakeRoom()
    {
        var before = Count;
        if (!Prune())
        {
            return false;
        }

        // Where pruning helps little, it would come too often.
        if (Count > before / 2)
        {
            var larger = ArrayPool<Row>.Shared.Rent(Count * 3);
            Rows.CopyTo(larger);
            ArrayPool<Row>.Shared.Return(_kept);
            _kept = larger;
        }

        return true;
    }

    /// <summary>Takes a lower bound into the best of them, whose least is the threshold.</summary>
    private void Raise(float lower, int most)
    {
        if (_lowestCount < most)
        {
            SiftUp(lower);
        }
        else if (lower > _lowest[0])
        {
            SiftDown(lower, most);
        }

        if (_lowestCount == most)
        {
            Raise(_lowest[0]);
        }
    }

    private void SiftUp(float lower)
    {
        var at = _lowestCount++;
        while (at > 0 && _lowest[(at - 1) / 2] > lower)
        {
            _lowest[at] = _lowest[(at - 1) / 2];
            at = (at - 1) / 2;
        }

        _lowest[at] = lower;
    }

    private void SiftDown(float lower, int count)
    {
        var at = 0;
        while ((2 * at) + 1 < count)
        {
            var child = (2 * at) + 1;
            if (child + 1 < count && _lowest[child + 1] < _lowest[child])
            {
                child++;
            }

            if (_lowest[child] >= lower)
            {
                break;
            }

            _lowest[at] = _lowest[child];
            at = child;
        }

        _lowest[at] = lower;
    }

    /// <param name="Slot">In the pages.</param>
    /// <param name="Lower">What it scores at least.</param>
    /// <param name="Upper">What it scores at most.</param>
    internal readonly record struct Row(int Slot, float Lower, float Upper);
}
