using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Gpu.Shards;

/// <summary>A row that may become a hit, with its scores. A part that does not apply to it is null.</summary>
internal sealed class Candidate(string key, RecordId id, Sequence sequence)
{
    public string Key { get; } = key;

    public RecordId Id { get; } = id;

    public Sequence Sequence { get; } = sequence;

    /// <summary>BM25; null without a matching term.</summary>
    public double? Lexical { get; init; }

    /// <summary>Cosine; null without a vector.</summary>
    public double? Cosine { get; init; }

    public IReadOnlyList<string> MatchedTerms { get; init; } = [];

    public int LexicalRank { get; set; }

    public int VectorRank { get; set; }

    public double LexicalContribution { get; set; }

    public double VectorContribution { get; set; }

    public double Score => LexicalContribution + VectorContribution;
}
