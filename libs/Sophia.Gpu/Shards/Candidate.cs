using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>A row that may become a hit, with its scores. A part that does not apply to it is null.</summary>
internal sealed class Candidate(int row, string key, RecordId id, Sequence sequence)
{
    private List<ScorePart>? _factors;

    public int Row { get; } = row;

    public string Key { get; } = key;

    public RecordId Id { get; } = id;

    public Sequence Sequence { get; } = sequence;

    /// <summary>BM25; null without a matching term.</summary>
    public double? Lexical { get; set; }

    /// <summary>BM25 of a turn and those around it as one text; 0 for others.</summary>
    public double Window { get; set; }

    /// <summary>What BM25 is multiplied by, 0…1: less for a turn that has few of the query's terms.</summary>
    public double Coverage { get; init; } = 1;

    /// <summary>Cosine; null without a vector.</summary>
    public double? Cosine { get; init; }

    /// <summary>Keys of the rows for which it stands, besides its own (<see cref="Shards.Twins"/>), in order: all come after it, with the same score.</summary>
    public string[] Twins { get; set; } = [];

    public int LexicalRank { get; set; }

    public int VectorRank { get; set; }

    public double LexicalContribution { get; set; }

    public double VectorContribution { get; set; }

    /// <summary>What words and vector give it, without its surroundings and other factors.</summary>
    public double OwnScore => LexicalContribution + VectorContribution;

    /// <summary>All but words and vector: those that apply.</summary>
    public IReadOnlyList<ScorePart> Factors => _factors ?? (IReadOnlyList<ScorePart>)[];

    public double Score { get; private set; }

    public void Add(ScorePart factor) => (_factors ??= []).Add(factor);

    /// <summary>What it is by itself counts only in part, since its surroundings count too.</summary>
    public void Shrink(double share)
    {
        LexicalContribution *= share;
        VectorContribution *= share;
    }

    /// <summary>To be called when all parts are there.</summary>
    public void Sum()
    {
        Score = OwnScore;
        for (var i = 0; i < Factors.Count; i++)
        {
            Score += Factors[i].Contribution;
        }
    }
}
