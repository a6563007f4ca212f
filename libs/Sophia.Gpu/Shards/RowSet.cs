using System.Numerics;

namespace Sophia.Gpu.Shards;

/// <summary>A set of rows, one bit each.</summary>
internal sealed class RowSet(int rows)
{
    private readonly ulong[] _bits = new ulong[(rows + 63) / 64];

    public int Count
    {
        get
        {
            var count = 0;
            foreach (var word in _bits)
            {
                count += BitOperations.PopCount(word);
            }

            return count;
        }
    }

    public void Add(int row) => _bits[row >> 6] |= 1UL << row;

    /// <summary>False also for rows that came after the set was made.</summary>
    public bool Contains(int row) => (uint)(row >> 6) < (uint)_bits.Length && (_bits[row >> 6] & (1UL << row)) != 0;
}
