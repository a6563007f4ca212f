using Sophia.Gpu.Lexical;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.Shards;

/// <summary>
/// What a shard made of the rows of other shards knows of them, since it has neither their texts nor their vectors: the query's
/// words, the cosines, and the vectors of those that may be near-duplicates. The slot of a row's vector is the row's number.
/// </summary>
internal sealed class GivenRows(LexicalQuery? words, int wanted)
{
    private readonly List<double?> _cosines = [];
    private readonly Dictionary<int, float[]> _vectors = [];
    private readonly HashSet<int> _named = [];

    public LexicalQuery? Words => words;

    /// <summary>Candidates by words and by vector, before near-duplicates widen them.</summary>
    public int Wanted => wanted;

    /// <param name="isNamed">It was said by somebody whom the query names.</param>
    public void Add(int row, double? cosine, float[]? vector, bool isNamed)
    {
        while (_cosines.Count <= row)
        {
            _cosines.Add(null);
        }

        _cosines[row] = cosine;
        if (vector is not null)
        {
            _vectors[row] = vector;
        }

        if (isNamed)
        {
            _named.Add(row);
        }
    }

    public bool IsNamed(int row) => _named.Contains(row);

    public double? CosineOf(int row) => row < _cosines.Count ? _cosines[row] : null;

    /// <summary>Of two rows that have vectors.</summary>
    public double CosineOf(int slot, int other) => DotProduct.Exact(_vectors[slot], _vectors[other]);

    /// <param name="rows">Null for all.</param>
    public void Offer(RowSet? rows, TopRows top)
    {
        for (var row = 0; row < _cosines.Count; row++)
        {
            if (_cosines[row] is { } cosine && (rows is null || rows.Contains(row)))
            {
                top.Offer(row, cosine);
            }
        }
    }
}
