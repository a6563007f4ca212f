using Sophia.Memory.Log;

namespace Sophia.Memory.Caching;

/// <summary>
/// Keeps a slow reader from putting an old value into a cache after a newer change went by. For each partition a small
/// table of slots holds the highest number of any change whose record hashes there. A reader notes the cursor before it
/// asks the store; what it read may be cached only if its slot has not moved past that cursor since, or if what it read
/// is itself that change or later. Two records in one slot can only cause a refusal too many, never one too few.
/// </summary>
internal sealed class ChangeFence
{
    private const int Slots = 1024;
    private readonly long[] _numbers = new long[Sequence.Partitions * Slots];
    private readonly long[] _whole = new long[Sequence.Partitions];

    public void Note(Sequence sequence, int hash) => Raise(ref Slot(sequence.Partition, hash), sequence);

    /// <summary>A change of a record that is not known any more, such as a forget by another node: it may be any of the partition.</summary>
    public void Note(Sequence sequence) => Raise(ref _whole[sequence.Partition], sequence);

    public bool Allows(Sequence read, int hash, long cursorBeforeRead) =>
        IsPast(Volatile.Read(ref Slot(read.Partition, hash)), read, cursorBeforeRead) &&
        IsPast(Volatile.Read(ref _whole[read.Partition]), read, cursorBeforeRead);

    private static bool IsPast(long changed, Sequence read, long cursorBeforeRead) =>
        changed <= cursorBeforeRead || changed <= read.Number;

    private static void Raise(ref long slot, Sequence sequence)
    {
        var seen = Volatile.Read(ref slot);
        while (seen < sequence.Number)
        {
            var found = Interlocked.CompareExchange(ref slot, sequence.Number, seen);
            if (found == seen)
            {
                return;
            }

            seen = found;
        }
    }

    private ref long Slot(int partition, int hash) => ref _numbers[(partition * Slots) + (hash & (Slots - 1))];
}
