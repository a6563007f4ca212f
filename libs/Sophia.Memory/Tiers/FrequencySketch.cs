using System.Numerics;

namespace Sophia.Memory.Tiers;

/// <summary>
/// How often something was seen lately: a count-min sketch of 4-bit counters with periodic halving, after TinyLFU
/// (Einziger, Friedman, Manes: "TinyLFU: A Highly Efficient Cache Admission Policy", ACM ToS 2017).
/// 1. Each item has four counters in one 64-byte block, chosen by its hash. 2. Seeing it raises those that are lowest.
/// 3. Its estimate is the lowest of the four. 4. After ten times as many sightings as there are items to tell apart, all
/// counters are halved: the decay window. Races between threads lose a count now and then, which is ok for an estimate.
/// </summary>
public sealed class FrequencySketch
{
    private const ulong HalfMask = 0x7777_7777_7777_7777;
    private readonly ulong[] _table;
    private readonly int _blockMask;
    private readonly int _window;
    private int _seen;

    /// <param name="capacity">How many items it should tell apart.</param>
    public FrequencySketch(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        var words = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(capacity, 64));
        _table = new ulong[words];
        _blockMask = (words >> 3) - 1;
        _window = capacity > int.MaxValue / 10 ? int.MaxValue : 10 * capacity;
    }

    /// <summary>Notes a sighting and gives the estimate after it, 1–15.</summary>
    public int Increment(int hash)
    {
        var mixed = Mix((uint)hash);
        var block = ((int)mixed & _blockMask) << 3;
        var counters = Mix(mixed ^ 0x9E37_79B9);
        var lowest = Estimate(block, counters);
        if (lowest < 15)
        {
            for (var i = 0; i < 4; i++)
            {
                var (word, shift) = Cell(block, counters, i);
                if (((_table[word] >> shift) & 0xF) == (ulong)lowest)
                {
                    _table[word] += 1UL << shift;
                }
            }
        }

        if (Interlocked.Increment(ref _seen) >= _window)
        {
            Halve();
        }

        return Math.Min(lowest + 1, 15);
    }

    /// <summary>How often it was seen in the window, 0–15; never too low but for halving and races.</summary>
    public int Estimate(int hash)
    {
        var mixed = Mix((uint)hash);
        return Estimate(((int)mixed & _blockMask) << 3, Mix(mixed ^ 0x9E37_79B9));
    }

    private int Estimate(int block, uint counters)
    {
        var lowest = 15;
        for (var i = 0; i < 4; i++)
        {
            var (word, shift) = Cell(block, counters, i);
            lowest = Math.Min(lowest, (int)((_table[word] >> shift) & 0xF));
        }

        return lowest;
    }

    private static (int Word, int Shift) Cell(int block, uint counters, int i)
    {
        var bits = counters >> (i << 3);
        return (block + (int)(bits & 1) + (i << 1), (int)((bits >> 1) & 0xF) << 2);
    }

    private void Halve()
    {
        Interlocked.Exchange(ref _seen, _window / 2);
        for (var i = 0; i < _table.Length; i++)
        {
            _table[i] = (_table[i] >> 1) & HalfMask;
        }
    }

    private static uint Mix(uint x)
    {
        x = ((x >> 16) ^ x) * 0x45D9_F3B;
        x = ((x >> 16) ^ x) * 0x45D9_F3B;
        return (x >> 16) ^ x;
    }
}
