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
    private int[] _slots = ArrayPool<int>.Shared.Rent(256);
    private float[] _uppers = ArrayPool<float>.Shared.Rent(256);
    private int _lowers;

    public float Threshold { get; private set; } = float.NegativeInfinity;

    public int Count { get; private set; }

    /// <summary>True after <see cref="Offer"/> said false.</summary>
    public bool IsOverLimit { get; private set; }

    public ReadOnlySpan<int> Slots => _slots.AsSpan(0, Count);

    /// <summary>A threshold that another part of the scan has reached: it holds for all.</summary>
    public void Raise(float threshold) => Threshold = Math.Max(Threshold, threshold);

    /// <summary>False when more slots remain than the limit.</summary>
    public bool Offer(int slot, float lower, float upper)
    {
        if (_lowers < k)
        {
            SiftUp(lower);
        }
        else if (lower > _lowest[0])
        {
            SiftDown(lower, k);
        }

        if (_lowers == k)
        {
            Raise(_lowest[0]);
        }

        if (Count == Math.Min(_slots.Length, _uppers.Length) && !MakeRoom())
        {
            IsOverLimit = true;
            return false;
        }

        _slots[Count] = slot;
        _uppers[Count++] = upper;
        return true;
    }

    /// <summary>Takes in what another part of the scan kept; false when more remain than the limit.</summary>
    public bool Unite(CertainRows other)
    {
        for (var i = 0; i < other._lowers; i++)
        {
            if (_lowers < k)
            {
                SiftUp(other._lowest[i]);
            }
            else if (other._lowest[i] > _lowest[0])
            {
                SiftDown(other._lowest[i], k);
            }
        }

        if (_lowers == k)
        {
            Raise(_lowest[0]);
        }

        Raise(other.Threshold);
        for (var i = 0; i < other.Count; i++)
        {
            if (other._uppers[i] < Threshold)
            {
                continue;
            }

            if (Count == Math.Min(_slots.Length, _uppers.Length) && !MakeRoom())
            {
                return false;
            }

            _slots[Count] = other._slots[i];
            _uppers[Count++] = other._uppers[i];
        }

        return true;
    }

    /// <summary>Drops what the threshold has left behind; false when more remain than the limit.</summary>
    public bool Prune()
    {
        var kept = 0;
        for (var i = 0; i < Count; i++)
        {
            if (_uppers[i] >= Threshold)
            {
                _slots[kept] = _slots[i];
                _uppers[kept++] = _uppers[i];
            }
        }

        Count = kept;
        return kept <= limit;
    }

    public void Dispose()
    {
        ArrayPool<float>.Shared.Return(_lowest);
        ArrayPool<float>.Shared.Return(_uppers);
        ArrayPool<int>.Shared.Return(_slots);
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
            Grow(ref _slots, Count);
            Grow(ref _uppers, Count);
        }

        return true;
    }

    private static void Grow<T>(ref T[] array, int used)
    {
        var larger = ArrayPool<T>.Shared.Rent(used * 3);
        array.AsSpan(0, used).CopyTo(larger);
        ArrayPool<T>.Shared.Return(array);
        array = larger;
    }

    private void SiftUp(float lower)
    {
        var at = _lowers++;
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
}
