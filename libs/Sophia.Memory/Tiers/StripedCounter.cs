namespace Sophia.Memory.Tiers;

/// <summary>A counter that many cores may raise at once: one padded cell per core, summed when read.</summary>
internal sealed class StripedCounter
{
    // 8 longs are one cache line of 64 bytes; two keep the adjacent-line prefetcher off the neighbour.
    private const int Padding = 16;
    private static readonly int Mask = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, 64)) - 1;
    private readonly long[] _cells = new long[(Mask + 2) * Padding];

    public void Add(long amount) => Interlocked.Add(ref _cells[((Thread.GetCurrentProcessorId() & Mask) + 1) * Padding], amount);

    public long Sum()
    {
        long sum = 0;
        for (var i = Padding; i < _cells.Length; i += Padding)
        {
            sum += Volatile.Read(ref _cells[i]);
        }

        return sum;
    }
}
