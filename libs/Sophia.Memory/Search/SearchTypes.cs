using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Memory.Search;

public enum SearchMode
{
    /// <summary>Words and vectors, fused.</summary>
    Hybrid,

    /// <summary>BM25 over the words.</summary>
    Lexical,

    /// <summary>Cosine similarity of vectors, exact.</summary>
    Vector,
}

/// <summary>How an attribute is compared. A missing attribute, or one of another type, matches only <see cref="Missing"/>.</summary>
public enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// <summary>Equal to one of the values.</summary>
    In,
    /// <summary>The attribute is there, whatever its type.</summary>
    Exists,
    Missing,
}

/// <summary>One scalar of JSON.</summary>
/// <param name="Text">Set for strings.</param>
/// <param name="Number">Set for numbers.</param>
/// <param name="Truth">Set for true and false.</param>
public readonly record struct AttributeValue(string? Text, double? Number, bool? Truth);

/// <summary>A condition on one top-level attribute; of an array attribute, any element may satisfy it.</summary>
/// <param name="Values">One value, several for In, none for Exists and Missing.</param>
public sealed record AttributeCondition(string Name, Comparison Comparison, IReadOnlyList<AttributeValue> Values);

/// <summary>What records must satisfy; every part that is set must hold.</summary>
public sealed record RecordFilter
{
    /// <summary>All of these tags.</summary>
    public IReadOnlyList<string> AllTags { get; init; } = [];

    /// <summary>At least one of these tags, unless empty.</summary>
    public IReadOnlyList<string> AnyTags { get; init; } = [];

    /// <summary>None of these tags.</summary>
    public IReadOnlyList<string> NoTags { get; init; } = [];

    public IReadOnlyList<AttributeCondition> Attributes { get; init; } = [];

    public string? KeyPrefix { get; init; }

    /// <summary>Inclusive.</summary>
    public DateTimeOffset? CreatedFrom { get; init; }

    /// <summary>Exclusive.</summary>
    public DateTimeOffset? CreatedTo { get; init; }

    /// <summary>Inclusive.</summary>
    public DateTimeOffset? UpdatedFrom { get; init; }

    /// <summary>Exclusive.</summary>
    public DateTimeOffset? UpdatedTo { get; init; }

    /// <summary>The fact held at this instant: valid-from is absent or not later, valid-to is absent or later.</summary>
    public DateTimeOffset? ValidAt { get; init; }

    public bool IsEmpty => AllTags.Count == 0 && AnyTags.Count == 0 && NoTags.Count == 0 && Attributes.Count == 0 &&
        KeyPrefix is null && CreatedFrom is null && CreatedTo is null && UpdatedFrom is null && UpdatedTo is null && ValidAt is null;
}

/// <summary>A query to one shard.</summary>
public sealed record ShardQuery
{
    /// <summary>The words; null or empty when only the vector is asked for.</summary>
    public string? Text { get; init; }

    /// <summary>Of the namespace's dimension; null when only the words are asked for.</summary>
    public float[]? Vector { get; init; }

    public SearchMode Mode { get; init; }

    /// <summary>How many hits at most, 1–1,000.</summary>
    public int K { get; init; } = 10;

    public RecordFilter? Filter { get; init; }

    /// <summary>Records that have expired by now are not hits; ages count back from here.</summary>
    public DateTimeOffset Now { get; init; }

    /// <summary>How many neighbours to name before and after each hit, 0–20.</summary>
    public int Context { get; init; }

    /// <summary>A record is also found through those around it in its conversation or document.</summary>
    public bool Neighbours { get; init; } = true;

    /// <summary>Null: age does not count.</summary>
    public Recency? Recency { get; init; }

    /// <summary>0–1: what the attribute <c>importance</c> at 1 gains, as a share of the best hit's score by words and vector.</summary>
    public double Importance { get; init; }

    /// <summary>Records of these times are looked for too, and score higher.</summary>
    public IReadOnlyList<DateMention> Dates { get; init; } = [];

    /// <summary>Near-duplicates of better hits are left out and named by them.</summary>
    public bool Fold { get; init; }

    /// <summary>A word of the query that hardly a record has is also looked for as it may have been meant.</summary>
    public bool Typos { get; init; }
}

/// <summary>One part of a score.</summary>
/// <param name="Name">lexical, vector, neighbour, speaker, proximity, date, phrase, recency or importance.</param>
/// <param name="Score">
/// The part's own score: BM25; cosine in −1…1; the scores that neighbours and conversation lend; how near the query's words stand,
/// as a share of the best BM25, at most 1; the share of the query's phrases that it has; 1 for a record of a time that
/// the query speaks of, and for what somebody said whom it names; the age as 1 for now and halved by each half-life; the attribute
/// <c>importance</c> within 0…1.
/// </param>
/// <param name="Rank">The record's place in the order by words or by vector, from 1; 0 if it was not among that part's candidates, and for other parts.</param>
/// <param name="Contribution">What it adds to the fused score.</param>
public readonly record struct ScorePart(string Name, double Score, int Rank, double Contribution);

/// <summary>A hit of a shard, best first; equal scores are ordered by key.</summary>
/// <param name="MatchedTerms">Terms of the query found in the record, as stemmed.</param>
public sealed record ShardHit(
    string Key, RecordId Id, Sequence Sequence, double Score, IReadOnlyList<ScorePart> Parts, IReadOnlyList<string> MatchedTerms)
{
    /// <summary>Near-duplicates that were left out for this hit, best first.</summary>
    public IReadOnlyList<FoldedRecord> Folded { get; init; } = [];

    /// <summary>The nearest neighbours before it that pass the filter, in their order.</summary>
    public IReadOnlyList<NeighbourKey> Before { get; init; } = [];

    /// <summary>The nearest neighbours behind it that pass the filter, in their order.</summary>
    public IReadOnlyList<NeighbourKey> After { get; init; } = [];
}

/// <summary>What a shard found.</summary>
/// <param name="RowsScanned">Rows whose distance was computed.</param>
/// <param name="RowsMatching">Rows that passed the filter and had not expired.</param>
public sealed record ShardAnswer(IReadOnlyList<ShardHit> Hits, long RowsScanned, long RowsMatching)
{
    /// <summary>Attributes of the filter that records lack or have in another type.</summary>
    public IReadOnlyList<FilterNote> FilterNotes { get; init; } = [];

    /// <summary>What stood in double quotes, in the order of the query: each with a plus before it, or all of a query that is nothing else, is in every hit; others raise the hits that have them.</summary>
    public IReadOnlyList<string> Phrases { get; init; } = [];

    /// <summary>Words of the query that were looked for in other spellings.</summary>
    public IReadOnlyList<Correction> Corrections { get; init; } = [];
}

/// <summary>
/// Records that a condition of the filter left out because it could not be tested on them. They are counted among those that
/// the filter's tags, times and key prefix let through.
/// </summary>
/// <param name="Attribute">The attribute's name.</param>
/// <param name="Missing">Records without it.</param>
/// <param name="Mistyped">Records that have it, with no value of a type that the condition compares with.</param>
public sealed record FilterNote(string Attribute, long Missing, long Mistyped);
