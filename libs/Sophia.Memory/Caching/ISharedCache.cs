using Sophia.Memory.Records;
using Sophia.Memory.Log;

namespace Sophia.Memory.Caching;

/// <summary>
/// The shared part of L1 (Redis): records by id, newest sequence wins. It may forget anything at any time and never
/// answers with an older value after <see cref="StartEpochAsync"/>. Calls throw <see cref="CacheUnavailableException"/>
/// when it cannot be reached; the hierarchy bounds their time and goes on without it.
/// </summary>
public interface ISharedCache : IAsyncDisposable
{
    string Engine { get; }

    /// <summary>The epoch as this process last saw it, without asking for it; null before the first.</summary>
    string? Epoch { get; }

    /// <summary>Until when values of earlier epochs may lie there, where nobody reaches them; null when there are none any more.</summary>
    DateTimeOffset? UnreachableUntil { get; }

    /// <summary>Raised when the connection is lost, and when it is there again: it may be one to a server that lost the last changes.</summary>
    event Action? Interrupted;

    /// <summary>Raised when another node says that the log has grown; carries the partition.</summary>
    event Action<int>? LogGrew;

    ValueTask<MemoryRecord?> GetAsync(RecordId id, CancellationToken cancellationToken);

    /// <summary>How many of these records it has; asked for together, and without their contents.</summary>
    Task<int> CountAsync(IReadOnlyCollection<RecordId> ids, CancellationToken cancellationToken);

    /// <summary>
    /// Sets each record unless the cache has a newer one (or a newer removal mark); keeps it no longer than its expiry. Where
    /// another epoch has begun since the one given, it sets no values, which may be old by now without the new epoch having
    /// heard of what replaced them: as <see cref="RemoveIfOlderAsync"/>, it only refuses what is older still.
    /// </summary>
    /// <param name="epoch">As <see cref="Epoch"/> was before the records were read from the store, or committed to it.</param>
    Task SetIfNewerAsync(IReadOnlyList<MemoryRecord> records, string? epoch, CancellationToken cancellationToken);

    /// <summary>Removes each unless the cache has a newer one, and for a minute refuses values older than the sequence.</summary>
    Task RemoveIfOlderAsync(IReadOnlyList<(RecordId Id, Sequence Sequence)> removals, CancellationToken cancellationToken);

    /// <summary>Makes everything stored so far unreachable, for every node.</summary>
    Task StartEpochAsync(CancellationToken cancellationToken);

    /// <summary>Wakes the other nodes' cursors.</summary>
    Task AnnounceAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellationToken);

    /// <summary>Round-trip time, to know that it answers.</summary>
    Task<TimeSpan> PingAsync(CancellationToken cancellationToken);

    /// <summary>Bytes it uses and the limit it has (0 for none); null when it cannot tell.</summary>
    Task<(long UsedBytes, long LimitBytes)?> SizeAsync(CancellationToken cancellationToken);
}

/// <summary>The shared cache cannot be reached now.</summary>
public sealed class CacheUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
