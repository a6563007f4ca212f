using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Tests.Infrastructure;

/// <summary>A real shard; tests put their faults and pauses in front of it.</summary>
internal abstract class DelegatingShard(IShard inner) : IShard
{
    public int Count => inner.Count;

    public int Slots => inner.Slots;

    public virtual long SizeInMemory => inner.SizeInMemory;

    public void Put(MemoryRecord record) => inner.Put(record);

    public PreparedRecord Prepare(MemoryRecord record) => inner.Prepare(record);

    public void Put(PreparedRecord record) => inner.Put(record);

    public virtual void Remove(RecordId id, Sequence sequence) => inner.Remove(id, sequence);

    public virtual IReadOnlyList<ShardAnswer> Search(IReadOnlyList<ShardQuery> queries, CancellationToken cancellationToken) =>
        queries.Count == 1 ? [Search(queries[0], cancellationToken)] : inner.Search(queries, cancellationToken);

    public virtual ShardAnswer Search(ShardQuery query, CancellationToken cancellationToken) => inner.Search(query, cancellationToken);

    public virtual PartAnswer Ask(PartCall call, CancellationToken cancellationToken) => inner.Ask(call, cancellationToken);

    public virtual IReadOnlyList<PartAnswer> Ask(IReadOnlyList<PartCall> calls, CancellationToken cancellationToken) =>
        calls.Count == 1 ? [Ask(calls[0], cancellationToken)] : inner.Ask(calls, cancellationToken);

    public virtual void Withdraw(ShardEviction? eviction) => inner.Withdraw(eviction);

    public virtual void Dispose() => inner.Dispose();

    public virtual void Evict(ShardEviction eviction)
    {
        inner.Evict(eviction);
        Dispose();
    }
}
