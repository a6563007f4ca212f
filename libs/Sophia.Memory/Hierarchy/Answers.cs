using Sophia.Memory.Caching;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Hierarchy;

/// <summary>One put of a request.</summary>
public sealed record PutRequest(RecordDraft Draft, Precondition Precondition = default);

/// <param name="Receipts">One per operation, in order.</param>
/// <param name="Keys">For appended records the key that was made, else null; in order.</param>
/// <param name="Replayed">The receipts are those of an earlier request with the same idempotency key.</param>
public sealed record WriteAnswer(IReadOnlyList<Receipt> Receipts, IReadOnlyList<string?> Keys, bool Replayed)
{
    /// <summary>The last sequence of the request, or none if nothing was written before either.</summary>
    public Sequence Last => Receipts.Count == 0 ? Sequence.None : Receipts.Max(r => r.Sequence.Value) is var v ? new Sequence(v) : default;
}

/// <summary>A record as read; <see cref="Entry"/> is null when there is none.</summary>
public readonly record struct ReadAnswer(NearEntry? Entry);

/// <summary>A page of records; <see cref="Next"/> is the key to go on after, null at the end.</summary>
public sealed record RecordPage(IReadOnlyList<MemoryRecord> Items, string? Next);

/// <summary>A page of history, newest first; <see cref="Next"/> is none at the end.</summary>
public sealed record HistoryPage(IReadOnlyList<LogEntry> Items, Sequence Next);

/// <summary>A search as a caller asks for it.</summary>
public sealed record SearchRequest
{
    public string? Query { get; init; }

    public float[]? Vector { get; init; }

    /// <summary>1–1,000.</summary>
    public int K { get; init; } = 10;

    public SearchMode Mode { get; init; }

    public RecordFilter? Filter { get; init; }

    /// <summary>Search what was recorded at this instant instead of now.</summary>
    public DateTimeOffset? AsOf { get; init; }

    public Sequence MinSequence { get; init; }

    /// <inheritdoc cref="ShardQuery.Typos"/>
    public bool Typos { get; init; } = true;

    /// <summary>Show where in its content each hit has the words.</summary>
    public bool Highlight { get; init; } = true;

    /// <summary>How long to wait for <see cref="MinSequence"/> and for a shard to load; with <see cref="AsOf"/>, to make one.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many neighbours to give before and after each hit, 0–20.</summary>
    public int Context { get; init; }

    /// <summary>Null: age does not count.</summary>
    public Recency? Recency { get; init; }

    /// <summary>0–1: how much the attribute <c>importance</c> counts.</summary>
    public double Importance { get; init; }

    /// <summary>Near-duplicates of better hits are left out, and named by them.</summary>
    public bool Fold { get; init; } = true;

    /// <summary>Shards that are not there are left out and named in the answer instead of waited for.</summary>
    public bool AllowPartial { get; init; }
}

public sealed record SearchHit(MemoryRecord Record, ShardHit Found)
{
    /// <summary>The records before it in its conversation or document, in order.</summary>
    public IReadOnlyList<MemoryRecord> Before { get; init; } = [];

    /// <summary>The records behind it in its conversation or document, in order.</summary>
    public IReadOnlyList<MemoryRecord> After { get; init; } = [];

    /// <summary>The best passages of its content with the words that matched, the best first.</summary>
    public IReadOnlyList<Highlight> Highlights { get; init; } = [];
}

/// <param name="Seen">The cursor of the shard in the namespace's partition when the search began.</param>
public sealed record SearchAnswer(IReadOnlyList<SearchHit> Hits, SearchMode Mode, long RowsScanned, long RowsMatching, Sequence Seen)
{
    /// <inheritdoc cref="ShardAnswer.FilterNotes"/>
    public IReadOnlyList<FilterNote> FilterNotes { get; init; } = [];

    /// <summary>The times that the query speaks of, in its order.</summary>
    public IReadOnlyList<DateMention> Dates { get; init; } = [];

    /// <inheritdoc cref="ShardAnswer.Phrases"/>
    public IReadOnlyList<string> Phrases { get; init; } = [];

    /// <inheritdoc cref="ShardAnswer.Corrections"/>
    public IReadOnlyList<Correction> Corrections { get; init; } = [];

    /// <summary>Shards whose records were not looked at; empty unless the request allows it.</summary>
    public IReadOnlyList<MissingShard> Missing { get; init; } = [];

    /// <summary>
    /// Records of the namespace, whatever the filter, that the search could not compare by vector, since their vectors of the
    /// namespace's model could not be had; 0 in a search by words.
    /// </summary>
    public long WithoutVector { get; init; }
}

/// <summary>What to forget: exactly one of the four is set.</summary>
public sealed record ForgetRequest
{
    public IReadOnlyList<string>? Keys { get; init; }

    public string? Prefix { get; init; }

    public RecordFilter? Filter { get; init; }

    public bool All { get; init; }

    public bool DryRun { get; init; }
}

/// <summary>What was, or with a dry run would be, erased where.</summary>
/// <param name="Matched">Records that the request names and that exist.</param>
/// <param name="Keys">The first 100 of them.</param>
/// <param name="Versions">Stored versions of their content, the current ones included.</param>
/// <param name="Vectors">Vectors in the store.</param>
/// <param name="Near">Near copies in this process.</param>
/// <param name="Shared">Records whose copy in the shared cache was removed or fenced; 0 without one.</param>
/// <param name="Shard">Rows of the shard in this process.</param>
/// <param name="Tombstones">Log rows that remain, without key or content.</param>
/// <param name="StillHeldBy">What may hold the bytes still, and until when.</param>
public sealed record ForgetAnswer(
    bool DryRun, long Matched, IReadOnlyList<string> Keys, long Versions, long Vectors, long Near, long Shared, long Shard,
    long Tombstones, IReadOnlyList<string> StillHeldBy, Sequence Last)
{
    /// <summary>Rows of the archive; not counted by a dry run.</summary>
    public long Archived { get; init; }

    /// <summary>What was asked, or waited for, and did not confirm in time that its copies are gone; what it is stands in <see cref="StillHeldBy"/> too.</summary>
    public IReadOnlyList<UnconfirmedCopy> NotConfirmed { get; init; } = [];
}
