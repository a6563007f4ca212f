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

    /// <summary>The same rows; one that may be changed apart.</summary>
    public RowSet Copy()
    {
        var copy = new RowSet(_bits.Length * 64);
        _bits.CopyTo(copy._bits, 0);
        return copy;
    }

    public void Remove(int row) => _bits[row >> 6] &= ~(1UL << row);

    public void Add(int row) => _bits[row >> 6] |= 1UL << row;

    /// <summary>Adds the rows of a chunk's bitmap; those beyond the set's size must not be in it.</summary>
    public void Add(int chunk, ReadOnlySpan<ulong> bits)
    {
        var from = chunk * RowChunk.Words;
        bits[..Math.Min(bits.Length, _bits.Length - from)].CopyTo(_bits.AsSpan(from));
    }

    /// <summary>False also for rows that came after the set was made.</summary>
    public bool Contains(int row) => (uint)(row >> 6) < (uint)_bits.Length && (_bits[row >> 6] & (1UL << row)) != 0;

    /// <summary>The rows in ascending order.</summary>
    public Enumerator GetEnumerator() => new(_bits);

    internal struct Enumerator(ulong[] bits)
    {
        private int _at = -1;
        private ulong _left;

        public readonly int Current => (_at << 6) + BitOperations.TrailingZeroCount(_left);

        public bool MoveNext()
        {
            _left &= _left - 1;
            while (_left == 0)
            {
                if (++_at == bits.Length)
                {
                    return false;
                }

                _left = bits[_at];
            }

            return true;
        }
    }
}
