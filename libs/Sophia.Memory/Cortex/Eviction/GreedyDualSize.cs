namespace Sophia.Memory.Cortex.Eviction;

/// <summary>
/// Which kept answer saves least for its room:
/// <list type="number">
/// <item>An answer is worth age + uses × saving ÷ bytes, where age is the cache's at its last use.</item>
/// <item>When all take more than the budget, the one of least worth goes (of equals the one that came first), and its worth becomes the
/// cache's age: so what was worth much once and is not used any more is overtaken by what is used now.</item>
/// <item>A use changes nothing here. Worths only rise, so the order is made good when it is asked for: one whose worth is
/// more than its place says is put back, and the next is looked at.</item>
/// </list>
/// Source: Cherkasova, "Improving WWW Proxies Performance with Greedy-Dual-Size-Frequency Caching Policy", HP Laboratories
/// HPL-98-69 (R.1), 1998, after Cao and Irani, "Cost-Aware WWW Proxy Caching Algorithms", USITS 1997.
/// One thread at a time, but for <see cref="Age"/>, <see cref="Bytes"/> and <see cref="Count"/>.
/// </summary>
internal sealed class GreedyDualSize
{
    private const int FewGone = 1024;

    private readonly PriorityQueue<CachedAnswer, (double Worth, long Order)> _order = new();
    private long _came;
    private double _age;
    private long _bytes;
    private int _count;

    /// <summary>The worth of the last one that was evicted: what a new one begins with.</summary>
    public double Age => Volatile.Read(ref _age);

    /// <summary>Of those that are here.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    public int Count => Volatile.Read(ref _count);

    public void Add(CachedAnswer answer)
    {
        _order.Enqueue(answer, (answer.Worth, ++_came));
        Volatile.Write(ref _bytes, _bytes + answer.Bytes);
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>It is no longer here; again does nothing.</summary>
    public void Remove(CachedAnswer answer)
    {
        if (answer.IsGone)
        {
            return;
        }

        answer.IsGone = true;
        Volatile.Write(ref _bytes, _bytes - answer.Bytes);
        Volatile.Write(ref _count, _count - 1);
        if (_order.Count > FewGone && _order.Count > 2 * _count)
        {
            var left = _order.UnorderedItems.Where(static item => !item.Element.IsGone).ToArray();
            _order.Clear();
            _order.EnqueueRange(left);
        }
    }

    /// <summary>Takes out the one of least worth; null when there is none.</summary>
    public CachedAnswer? Evict()
    {
        while (_order.TryDequeue(out var answer, out var place))
        {
            if (answer.IsGone)
            {
                continue;
            }

            if (answer.Worth > place.Worth)
            {
                _order.Enqueue(answer, (answer.Worth, place.Order));
                continue;
            }

            Volatile.Write(ref _age, Math.Max(_age, place.Worth));
            Remove(answer);
            return answer;
        }

        return null;
    }
}
