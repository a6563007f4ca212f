using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Search.Cluster;

/// <summary>
/// Which records of a namespace a shard has: those whose current version is numbered within its span. So a new version moves a
/// record to the last shard, shards fill one after another, and one is loaded by a range of the log.
/// <list type="number">
/// <item>The last shard, when it is full, opens the next, which begins <see cref="Ahead"/> changes behind the end of the log.</item>
/// <item>An open shard takes a change only if it has looked at the map when the log ended less than <see cref="Ahead"/> before
/// that change. So nothing is taken that belongs to a shard opened meanwhile, though several nodes follow the log at
/// their own pace and the shard may be loaded by two of them.</item>
/// </list>
/// One task changes it; any may read.
/// </summary>
/// <param name="map">Null: the shard has the whole namespace.</param>
/// <param name="capacity">Records with which it is full.</param>
internal sealed class ShardSpan(NamespaceInfo ns, int number, IShardMap? map, long capacity)
{
    /// <summary>Changes of the partition; the same on every node.</summary>
    public const int Ahead = 256;

    private int _known = 1;
    private long _first;
    private long _end = long.MaxValue;
    private long _mayTake = map is null ? long.MaxValue : -1;

    public int Number => number;

    public bool IsWhole => map is null;

    /// <summary>How many shards the namespace had when the map was read last; 1 before.</summary>
    public int Known => Volatile.Read(ref _known);

    /// <summary>How many shards the namespace has, also where the map was not read yet.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be read now.</exception>
    public async ValueTask<int> CountAsync(CancellationToken cancellationToken) =>
        map is null || Known > 1 ? Known : (await map.ReadAsync(ns.Id, cancellationToken).ConfigureAwait(false)).Count + 1;

    /// <summary>There is a shard behind it, to which newer versions go.</summary>
    public bool HasNext => Volatile.Read(ref _end) != long.MaxValue;

    public Sequence First => Sequence.Of(ns.Partition, _first);

    /// <summary>Exclusive; null when open.</summary>
    public Sequence? End => HasNext ? Sequence.Of(ns.Partition, _end) : null;

    public bool Holds(Sequence sequence) => sequence.Number >= _first && sequence.Number < Volatile.Read(ref _end);

    /// <summary>False: the map must be read before changes up to the number are taken.</summary>
    public bool MayTake(long upTo) => upTo <= _mayTake;

    public bool IsFull(long records) => map is not null && !HasNext && records >= capacity;

    /// <param name="seen">A number that the log has; the cursor's before the call.</param>
    /// <exception cref="RefusedException">shard-not-open: there is no such shard yet.</exception>
    public async ValueTask ReadAsync(long seen, CancellationToken cancellationToken)
    {
        if (map is null)
        {
            return;
        }

        var firsts = await map.ReadAsync(ns.Id, cancellationToken).ConfigureAwait(false);
        if (number > firsts.Count)
        {
            throw new RefusedException("shard-not-open", $"Namespace '{ns.Name}' has no shard {number} yet.", "Ask its other shards.");
        }

        Volatile.Write(ref _known, firsts.Count + 1);
        _first = number == 0 ? 0 : firsts[number - 1];
        Volatile.Write(ref _end, number < firsts.Count ? firsts[number] : long.MaxValue);
        _mayTake = HasNext ? long.MaxValue : seen + Ahead;
    }

    /// <summary>Ends the span, for the shard is full.</summary>
    public async ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        Volatile.Write(ref _end, await map!.OpenAsync(ns, number + 1, Ahead, cancellationToken).ConfigureAwait(false));
        Volatile.Write(ref _known, number + 2);
        _mayTake = long.MaxValue;
    }
}
