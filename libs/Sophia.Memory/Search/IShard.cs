using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Memory.Search;

/// <summary>The engine of L0: makes shards, which hold the vectors and the postings of namespaces.</summary>
public interface IShardEngine
{
    /// <summary>The engine's name for people, such as "host memory, AVX-512".</summary>
    string Engine { get; }

    IShard Create(NamespaceInfo ns);

    /// <summary>Overwrites on devices what was taken away of shards before, or went with them.</summary>
    /// <returns>For people, a sentence of each device on which that could not be done in time.</returns>
    Task<IReadOnlyList<string>> OverwriteAsync(TimeSpan timeout, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);

    /// <summary>The best passages of a record's content, with the words in them that stand for the terms.</summary>
    /// <param name="language">Of the namespace.</param>
    /// <param name="terms">As in <see cref="ShardHit.MatchedTerms"/>.</param>
    /// <returns>At most three, the best first; none where no term stands in the content.</returns>
    IReadOnlyList<Highlight> Highlight(string language, MemoryRecord record, IReadOnlyList<string> terms);
}

/// <summary>A record with what a shard has read in it.</summary>
public abstract class PreparedRecord(MemoryRecord record)
{
    public MemoryRecord Record { get; } = record;
}

/// <summary>Why a shard goes from memory though it may be asked for again.</summary>
/// <param name="Reason">For people, and as a tag of meters: a word or two.</param>
/// <param name="Idle">Since it was last used.</param>
public sealed record ShardEviction(string Reason, TimeSpan Idle);

/// <summary>
/// The searchable view of one namespace. One caller at a time changes it; any number may search meanwhile, and a search
/// sees every change whose call returned before the search began.
/// </summary>
public interface IShard : IDisposable
{
    /// <summary>
    /// Applies a record as the current version. One that is older than what the shard has for its id (by sequence), or
    /// than a removal that it has seen, changes nothing; so a change may be applied twice.
    /// </summary>
    void Put(MemoryRecord record);

    /// <summary>Reads in a record what the shard needs to take it in, which is the longer part of it. Changes nothing; any number of callers at once.</summary>
    /// <exception cref="ArgumentException">As of <see cref="Put(MemoryRecord)"/>.</exception>
    PreparedRecord Prepare(MemoryRecord record);

    /// <inheritdoc cref="Put(MemoryRecord)"/>
    /// <param name="record">Of this shard's <see cref="Prepare"/>.</param>
    void Put(PreparedRecord record);

    /// <summary>Takes a record away and overwrites its vector. An id that is not there is remembered only by its sequence's order.</summary>
    void Remove(RecordId id, Sequence sequence);

    /// <exception cref="ArgumentException">The vector's length is not the namespace's dimension.</exception>
    /// <exception cref="ShardDamagedException">What it holds is not what was written into it.</exception>
    ShardAnswer Search(ShardQuery query, CancellationToken cancellationToken);

    /// <summary>Makes several searches, faster than one after another where they look at the same vectors.</summary>
    /// <returns>The answers, in order.</returns>
    /// <exception cref="ArgumentException">A vector's length is not the namespace's dimension.</exception>
    IReadOnlyList<ShardAnswer> Search(IReadOnlyList<ShardQuery> queries, CancellationToken cancellationToken);

    /// <summary>Its part in a search over several shards.</summary>
    /// <exception cref="ArgumentException">The vector's length is not the namespace's dimension.</exception>
    PartAnswer Ask(PartCall call, CancellationToken cancellationToken);

    /// <summary>Its parts in several searches, faster than one after another where candidates are asked for by vector.</summary>
    /// <returns>The answers, in order.</returns>
    /// <exception cref="ArgumentException">A vector's length is not the namespace's dimension.</exception>
    IReadOnlyList<PartAnswer> Ask(IReadOnlyList<PartCall> calls, CancellationToken cancellationToken);

    /// <summary>Records it holds.</summary>
    int Count { get; }

    /// <summary>Places that it has made for records, those of records that went included: they are used again, and never given back.</summary>
    int Slots { get; }

    /// <summary>Bytes it takes, vectors, postings and rows together, near enough to budget by.</summary>
    long SizeInMemory { get; }

    /// <summary>No search begins in it any more: what it has on devices is given back there, though it may be changed until it is disposed of.</summary>
    /// <param name="eviction">Null: nobody needs it any more.</param>
    void Withdraw(ShardEviction? eviction)
    {
    }

    /// <summary>Disposes of it; pages that it gives back to a pool are counted as evicted.</summary>
    void Evict(ShardEviction eviction) => Dispose();
}
