namespace Sophia.Memory.Caching;

/// <summary>
/// Which records this process is just writing: from before the commit until the shared cache has heard of it. Between the
/// two the shared cache may hold a value that is older than this process's cursor, and must not be asked for it. Records
/// are counted in slots by their hash; two in one slot cost a visit to the store, nothing else.
/// </summary>
internal sealed class UnsharedWrites
{
    private const int Slots = 1 << 14;
    private readonly int[] _writing = new int[Slots];

    public void Begin(int hash) => Interlocked.Increment(ref Slot(hash));

    public void End(int hash) => Interlocked.Decrement(ref Slot(hash));

    /// <summary>
    /// Asked after the cursor was read: when it is false, every own change up to that cursor is in the shared cache, or the
    /// shared cache is left out until a new epoch.
    /// </summary>
    public bool Contains(int hash) => Volatile.Read(ref Slot(hash)) > 0;

    private ref int Slot(int hash) => ref _writing[(hash ^ (hash >>> 15)) & (Slots - 1)];
}
