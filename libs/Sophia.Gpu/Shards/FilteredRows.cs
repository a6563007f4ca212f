using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>
/// The rows that a filter lets through, chunk by chunk, each with the state of the chunk that it was evaluated on; so a later
/// search evaluates only the chunks that have changed since. Never changed.
/// </summary>
/// <param name="version">Of the table that it was evaluated on.</param>
internal sealed class FilteredRows(long version, FilteredRows.Chunk[] chunks, RowSet set, IReadOnlyList<FilterNote> notes)
{
    private int[]? _slots;

    public long Version => version;

    public ReadOnlySpan<Chunk> Chunks => chunks;

    public RowSet Set => set;

    public int Count { get; } = chunks.Sum(static chunk => chunk.Count);

    /// <summary>What the conditions on attributes left out because it was missing or of another type.</summary>
    public IReadOnlyList<FilterNote> Notes => notes;

    public long SizeInMemory
    {
        get
        {
            var bytes = (chunks.Length * (200L + (RowChunk.Words * sizeof(ulong)))) + (chunks.Length * RowChunk.Words * sizeof(ulong)) + 200;
            foreach (var chunk in chunks)
            {
                bytes += (chunk.Slots?.Length ?? 0) * sizeof(int);
            }

            return bytes + ((_slots?.Length ?? 0) * sizeof(int));
        }
    }

    /// <summary>The slots of their vectors, in the order of the rows. To be asked for while the table is as it was evaluated.</summary>
    public int[] SlotsIn(RowTable rows)
    {
        // Two searches may make them at once: the same ones.
        if (_slots is null)
        {
            var slots = new int[Count];
            var count = 0;
            for (var i = 0; i < chunks.Length; i++)
            {
                var own = chunks[i].Slots ??= SlotsOf(rows, i, chunks[i]);
                own.CopyTo(slots, count);
                count += own.Length;
            }

            _slots = count == slots.Length ? slots : slots[..count];
        }

        return _slots;
    }

    private static int[] SlotsOf(RowTable rows, int number, Chunk chunk)
    {
        var slots = new int[chunk.Count];
        var count = 0;
        for (var word = 0; word < chunk.Bits.Length; word++)
        {
            for (var left = chunk.Bits[word]; left != 0; left &= left - 1)
            {
                var row = (number << RowChunk.RowsLog2) + (word * 64) + System.Numerics.BitOperations.TrailingZeroCount(left);
                if (rows[row].Vector is not RowTable.NoVector and var slot)
                {
                    slots[count++] = slot;
                }
            }
        }

        return count == slots.Length ? slots : slots[..count];
    }

    /// <summary>What passes of one chunk of rows.</summary>
    internal sealed class Chunk
    {
        /// <summary>Of the chunk, when it was evaluated.</summary>
        public required long Version { get; init; }

        /// <summary>A bit for each row that passes.</summary>
        public required ulong[] Bits { get; init; }

        public required int Count { get; init; }

        /// <summary>The moments for which it holds, from and until, in UTC ticks: in between, no row expires and none that had expired had not.</summary>
        public required (long From, long Until) Moments { get; init; }

        /// <summary>By condition on an attribute: rows that lack it, and rows that have it in another type.</summary>
        public required (int Missing, int Mistyped)[] Unfit { get; init; }

        public int[]? Slots { get; set; }

        public bool Holds(long version, long now) => Version == version && now >= Moments.From && now < Moments.Until;
    }
}
