using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Memory.Search.Cluster;

/// <summary>What a shard says to a <see cref="PartCall"/>; of other kinds the parts are empty.</summary>
public sealed record PartAnswer
{
    public WordFacts? Words { get; init; }

    public IReadOnlyList<RowFacts> Rows { get; init; } = [];

    public IReadOnlyList<VectorFacts> Vectors { get; init; } = [];

    /// <inheritdoc cref="ShardAnswer.RowsScanned"/>
    public long RowsScanned { get; init; }

    /// <inheritdoc cref="ShardAnswer.RowsMatching"/>
    public long RowsMatching { get; init; }

    public IReadOnlyList<FilterNote> FilterNotes { get; init; } = [];

    /// <summary>Of candidates: some rows have neighbours; null from nodes of the version before.</summary>
    public bool? HasConversations { get; init; }
}

/// <param name="Documents">Living documents.</param>
/// <param name="Words">Of all of them together.</param>
/// <param name="HasConversations">Some rows have neighbours.</param>
/// <param name="DocumentsWith">By term of the query.</param>
public sealed record WordFacts(
    int Documents, long Words, bool HasConversations, IReadOnlyDictionary<string, int> DocumentsWith, IReadOnlyList<DoubtfulWord> Doubtful);

/// <summary>A word of the query that hardly a document here has, and those near to it that some have.</summary>
/// <param name="Raw">In lower case.</param>
public sealed record DoubtfulWord(string Raw, IReadOnlyList<NearWord> Near);

/// <param name="Spelling">One that has the term.</param>
/// <param name="Edits">Letters to change, 1 or 2.</param>
/// <param name="Documents">That have the term.</param>
public sealed record NearWord(string Term, string Spelling, int Edits, int Documents);

public sealed record VectorFacts(RecordId Id, float[] Vector);

/// <summary>A row of a shard with what its score is made of. Times are UTC ticks, as a shard keeps them.</summary>
public sealed record RowFacts(string Key, RecordId Id, Sequence Sequence, long Created, long ValidFrom, long ValidTo)
{
    /// <summary>It passes the query's filter.</summary>
    public bool Passes { get; init; }

    /// <summary>It is a candidate by itself, and not only around one.</summary>
    public bool IsCandidate { get; init; }

    /// <summary>Null: it has no neighbours.</summary>
    public TextPlace? Place { get; init; }

    /// <summary>It is a turn that somebody said whom the query names.</summary>
    public bool IsNamed { get; init; }

    /// <summary>None for what is no turn, and from nodes of the version before.</summary>
    public TurnTraits Traits { get; init; }

    public double? Importance { get; init; }

    /// <summary>BM25 in all shards together; null without a term of the query.</summary>
    public double? Lexical { get; init; }

    /// <summary>Null without a vector, or where none is asked for.</summary>
    public double? Cosine { get; init; }

    public bool HasVector { get; init; }

    /// <summary>Words of its document; −1 without one.</summary>
    public int Words { get; init; } = -1;

    /// <summary>Where the query's terms stand in the document: pairs of a place and the number of a term, ascending by place.</summary>
    public IReadOnlyList<int> Terms { get; init; } = [];

    /// <summary>A hash of the content's words, as written, and symbols, in their order; the same on every node of one version; 0 without any.</summary>
    public ulong Content { get; init; }
}
