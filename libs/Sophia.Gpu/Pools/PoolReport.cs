namespace Sophia.Gpu.Pools;

/// <summary>A pool at one moment.</summary>
/// <param name="Name">{node}/{device}/{pool}</param>
/// <param name="ProfileBytes">What the device's profile names.</param>
/// <param name="GrantedBytes">What was reserved.</param>
/// <param name="HighWaterBytes">The most that was allocated at once.</param>
/// <param name="Fragmentation">The share of the free pages that does not lie in the longest free run, 0–1.</param>
/// <param name="Refused">Allocations for which there was no room.</param>
/// <param name="Evictions">By reason.</param>
/// <param name="Lifetimes">Of runs, from allocation to free.</param>
/// <param name="Idle">Of evicted runs, from their last use to the eviction.</param>
public sealed record PoolReport(
    string Name, PoolKind Kind, long ProfileBytes, long GrantedBytes, int PageBytes, int Pages, int UsedPages, int PinnedPages, long HighWaterBytes,
    double Fragmentation, long Allocations, long Frees, long Refused, IReadOnlyList<(string Reason, long Count)> Evictions,
    IReadOnlyList<(double BoundSeconds, long Count)> Lifetimes, IReadOnlyList<(double BoundSeconds, long Count)> Idle)
{
    public long UsedBytes => (long)UsedPages * PageBytes;
}
