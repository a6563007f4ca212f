using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Sophia.Client;

/// <summary>How to rank: by words, by vector, or by both fused.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SearchMode>))]
public enum SearchMode
{
    [JsonStringEnumMemberName("hybrid")] Hybrid,
    [JsonStringEnumMemberName("lexical")] Lexical,
    [JsonStringEnumMemberName("vector")] Vector,
}

/// <summary>Which records may be found or forgotten. Everything that is set must hold.</summary>
public sealed record MemoryFilter
{
    public IReadOnlyList<string>? AllTags { get; init; }
    public IReadOnlyList<string>? AnyTags { get; init; }
    public IReadOnlyList<string>? NoTags { get; init; }
    public string? KeyPrefix { get; init; }
    public DateTimeOffset? CreatedFrom { get; init; }
    public DateTimeOffset? CreatedTo { get; init; }
    public DateTimeOffset? UpdatedFrom { get; init; }
    public DateTimeOffset? UpdatedTo { get; init; }
    public DateTimeOffset? ValidAt { get; init; }

    /// <summary>Per attribute a value (equal) or conditions: <c>{"priority":{"ge":2},"lang":{"in":["en","de"]}}</c>.</summary>
    public JsonObject? Attributes { get; init; }
}

/// <summary>What happens to records that say almost what a better hit says.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Diversity>))]
public enum Diversity
{
    /// <summary>They are left out and named by the hit that stands for them.</summary>
    [JsonStringEnumMemberName("fold")] Fold,
    [JsonStringEnumMemberName("off")] Off,
}

/// <param name="Weight">0–1: what a record of this moment gains, as a share of the best hit's score by words and vector.</param>
/// <param name="HalfLifeDays">Above 0: after so many days it gains half.</param>
public sealed record RecencyWeight(double Weight, double HalfLifeDays);

/// <summary>A search. At least one of <see cref="Query"/> and <see cref="Vector"/> is set.</summary>
public sealed record SearchRequest
{
    public string? Query { get; init; }
    public float[]? Vector { get; init; }

    /// <summary>How many hits at most. Default: the service's, 10.</summary>
    public int? K { get; init; }

    public SearchMode? Mode { get; init; }
    public MemoryFilter? Filter { get; init; }
    public DateTimeOffset? AsOf { get; init; }
    public string? MinSequence { get; init; }
    public int? TimeoutMs { get; init; }

    /// <summary>Shards that are not there are left out, and named in <see cref="SearchResult.Partial"/>, instead of waited for.</summary>
    public bool? AllowPartial { get; init; }

    /// <summary>How many neighbours to give before and after each hit, 0–20. Default: none.</summary>
    public int? Context { get; init; }

    /// <summary>How much age counts. Default: not at all.</summary>
    public RecencyWeight? Recency { get; init; }

    /// <summary>0–1: how much the attribute <c>importance</c> counts. Default: not at all.</summary>
    public double? Importance { get; init; }

    /// <summary>What happens to near-duplicates of better hits. Default: they are folded.</summary>
    public Diversity? Diversity { get; init; }

    /// <summary>Whether misspelt words of the query are also looked for as they may have been meant. Default: the service's, true.</summary>
    public bool? Typos { get; init; }

    /// <summary>Whether hits carry the passages that matched. Default: the service's, true.</summary>
    public bool? Highlight { get; init; }

    /// <summary>What else to send: <c>vector</c>.</summary>
    public IReadOnlyList<string>? Include { get; init; }
}

/// <summary>One part of a hit's score.</summary>
/// <param name="Name"><c>lexical</c>, <c>vector</c>, <c>neighbour</c>, <c>speaker</c>, <c>proximity</c>, <c>date</c>, <c>phrase</c>, <c>recency</c>, <c>importance</c>.</param>
/// <param name="Score">On the part's own scale.</param>
/// <param name="Rank">1 for the best by this part.</param>
/// <param name="Contribution">What it adds to the fused score.</param>
public sealed record ScorePart(string Name, double Score, int? Rank, double? Contribution);

/// <summary>A record that was left out because it says almost what a better hit says.</summary>
/// <param name="Similarity">Cosine of the two vectors.</param>
public sealed record FoldedMemory(string Key, double Similarity);

/// <summary>The records around a hit in its conversation or document, in order.</summary>
public sealed record HitContext(IReadOnlyList<MemoryRecord> Before, IReadOnlyList<MemoryRecord> After);

/// <summary>A record that was found.</summary>
public sealed record SearchHit : MemoryRecord
{
    public double Score { get; init; }
    public IReadOnlyList<ScorePart> Parts { get => field ?? []; init; }
    public IReadOnlyList<string> MatchedTerms { get => field ?? []; init; }

    /// <summary>Near-duplicates that were left out for this hit; null from a service that does not fold.</summary>
    public IReadOnlyList<FoldedMemory>? Folded { get; init; }

    /// <summary>What stands around it, as far as <see cref="SearchRequest.Context"/> asked for it.</summary>
    public HitContext? Context { get; init; }

    /// <summary>The best passages of its content, the best first.</summary>
    public IReadOnlyList<Highlight> Highlights { get => field ?? []; init; }
}

/// <summary>A passage of a hit's content and the words in it that matched.</summary>
/// <param name="Text">Plain text, as it stands in the content: escape it where markup is meant.</param>
/// <param name="Ranges">Start and length of each word in <paramref name="Text"/>, in characters (UTF-16 units).</param>
public sealed record Highlight(string Text, IReadOnlyList<int[]> Ranges);

/// <summary>The hits, best first.</summary>
/// <param name="Scanned">Records compared.</param>
/// <param name="Matching">Records that the filter let through.</param>
public sealed record SearchResult(
    [property: JsonRequired] IReadOnlyList<SearchHit> Hits, string? Tier, string? Mode, double TookMs, long Scanned, long Matching, string? Sequence)
{
    /// <summary>Attributes of the filter that records lack or have in another type, so that a wrong name or type shows.</summary>
    public IReadOnlyList<FilterNote> FilterNotes { get => field ?? []; init; }

    /// <summary>What was read out of the query; null from a service that does not say.</summary>
    public Understood? Understood { get; init; }

    /// <summary>Why the search is less than was asked for, such as by words alone while the model is away; null when it is not.</summary>
    public string? Degraded { get; init; }

    /// <summary>What was not looked at; null when all was, as always unless the request allows it.</summary>
    public PartialSearch? Partial { get; init; }

    /// <summary>Records of the namespace that could not be compared by vector, since the model that makes their vectors did not answer; 0 for none.</summary>
    public long WithoutVector { get; init; }
}

/// <param name="Missing">Shards of the namespace that were not there; at least one.</param>
public sealed record PartialSearch(IReadOnlyList<MissingShard> Missing);

/// <param name="Shard">Its number in the namespace, from 0.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record MissingShard(int Shard, string Reason);

/// <summary>What a search read out of its query.</summary>
public sealed record Understood
{
    /// <summary>What stood in double quotes, in the order of the query: each with a plus before it, or all of a query that is nothing else, is in every hit; others raise the hits that have them.</summary>
    public IReadOnlyList<string> Phrases { get => field ?? []; init; }

    /// <summary>Words that hardly a record has, and the spellings that were looked for as well.</summary>
    public IReadOnlyList<Correction> Corrections { get => field ?? []; init; }

    /// <summary>In the query's order.</summary>
    public IReadOnlyList<DateMention> Dates { get => field ?? []; init; }
}

/// <summary>A time that the query speaks of; records of it score higher, by the part <c>date</c>.</summary>
/// <param name="Text">As it stands in the query.</param>
/// <param name="From">Inclusive; null without a beginning.</param>
/// <param name="To">Exclusive; null without an end.</param>
public sealed record DateMention(string Text, DateTimeOffset? From, DateTimeOffset? To);

/// <param name="To">The likeliest first.</param>
public sealed record Correction(string From, IReadOnlyList<string> To);

/// <summary>Records that a condition of the filter left out because it could not be tested on them.</summary>
/// <param name="Missing">Records without the attribute.</param>
/// <param name="Mistyped">Records whose attribute has a type that the condition does not compare with.</param>
public sealed record FilterNote(string Attribute, long Missing, long Mistyped);
