using Sophia.Memory.Records;

namespace Sophia.Memory.Search.Cluster;

/// <summary>What is asked of each shard of a namespace that has several, so that all together rank as one.</summary>
public enum PartKind
{
    /// <summary>How many documents have each word of the query, and what misspelt ones may mean here.</summary>
    Words,

    /// <summary>The rows that may be among the best, with what their scores are made of.</summary>
    Candidates,

    /// <summary>The rows around places in conversations and documents.</summary>
    Surroundings,

    /// <summary>The vectors of records.</summary>
    Vectors,
}

public sealed record PartCall(PartKind Kind, ShardQuery Query)
{
    /// <summary>The words of all shards; null where the query has none.</summary>
    public QueryWords? Words { get; init; }

    /// <summary>Of candidates: how many of the best by words and by vector; a shard gives a few more.</summary>
    public int Wanted { get; init; }

    /// <summary>Of candidates: how many instead where rows of the shard have neighbours; null: as many.</summary>
    public int? WantedWithNeighbours { get; init; }

    /// <summary>Of candidates: how many times that, since near-duplicates took the places of hits.</summary>
    public int Widening { get; init; } = 1;

    /// <summary>Of surroundings: around what.</summary>
    public IReadOnlyList<TextPlace> Places { get; init; } = [];

    /// <summary>Of surroundings: rows before and behind.</summary>
    public int Reach { get; init; }

    /// <summary>Of vectors: whose; a shard gives those that it has.</summary>
    public IReadOnlyList<RecordId> Ids { get; init; } = [];
}

/// <summary>The words of a query, as they weigh in all shards together.</summary>
/// <param name="Documents">Living documents.</param>
/// <param name="Words">Of all of them together.</param>
/// <param name="DocumentsWith">By term.</param>
/// <param name="Added">Terms that are asked for beside the query's own, since these may be misspelt.</param>
public sealed record QueryWords(int Documents, long Words, IReadOnlyDictionary<string, int> DocumentsWith, IReadOnlyList<AddedTerm> Added);

/// <param name="Weight">Above 0, at most 1.</param>
public sealed record AddedTerm(string Term, double Weight);

/// <summary>Where a row stands.</summary>
/// <param name="Kind">0 in a conversation, 1 in a document, 2 at a path.</param>
/// <param name="Name">Of the conversation or document.</param>
/// <param name="Key">The record's; equal positions are ordered by it.</param>
public sealed record TextPlace(int Kind, string Name, double Position, string Key);
