using Sophia.Gpu.Lexical;
using Sophia.Gpu.Text;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Shards;

/// <summary>
/// A shard made of rows that several shards told, which ranks them as one shard with all records would: it has every row that
/// this one would look at, in the same conversations, and words weigh what they weigh in all shards together.
/// </summary>
internal sealed partial class HostShard
{
    private const string NotPassing = "-";
    private static readonly RecordFilter Passing = new() { NoTags = [NotPassing] };

    /// <summary>Any word that the query does not have.</summary>
    private static readonly Word Other = new("\u0001", "\u0001", isStopWord: false);

    /// <param name="settings">Of the namespace.</param>
    /// <param name="vectors">Of rows that may be near-duplicates, by id.</param>
    /// <param name="wanted">Candidates by words and by vector.</param>
    public static HostShard OfRows(
        NamespaceSettings settings, LexicalQuery? words, IEnumerable<RowFacts> rows, IReadOnlyDictionary<RecordId, float[]> vectors, int wanted)
    {
        var shard = new HostShard(settings with { VectorSource = VectorSource.None, Dimensions = 0 }) { _given = new GivenRows(words, wanted) };
        var told = Array.ConvertAll(words?.Told() ?? [], static term => new Word(term, term, isStopWord: false));
        foreach (var row in rows)
        {
            shard.Take(row, told, vectors.GetValueOrDefault(row.Id));
        }

        return shard;
    }

    /// <param name="widening">How many times the usual number of candidates to look at.</param>
    public ShardAnswer Rank(ShardQuery query, int widening, CancellationToken cancellationToken) =>
        Search(query with { Vector = null, Filter = Passing, Typos = false }, widening, Margin, holdingLock: true, out _, cancellationToken)!;

    private void Take(RowFacts facts, Word[] told, float[]? vector)
    {
        AttributeReader.ParsedAttribute[] attributes =
            facts.Importance is { } importance ? [new AttributeReader.ParsedAttribute(ImportanceName, CellKind.Number, null, importance)] : [];
        var row = _rows.Set(
            new MemoryRecord
            {
                Key = facts.Key, Id = facts.Id, Sequence = facts.Sequence, NamespaceId = 0, Content = default, ContentType = "", Tags = facts.Passes ? [] : [NotPassing],
                CreatedAt = At(facts.Created), UpdatedAt = At(facts.Created),
                ValidFrom = facts.ValidFrom == long.MinValue ? null : At(facts.ValidFrom), ValidTo = facts.ValidTo == long.MaxValue ? null : At(facts.ValidTo),
            },
            attributes);
        _conversations.Set(row, facts.Place is { } place ? new ConversationPlace(place.Name, place.Kind, place.Position) : default);
        if (facts.Words >= 0)
        {
            var words = new Word[facts.Words];
            Array.Fill(words, Other);
            for (var i = 0; i + 1 < facts.Terms.Count; i += 2)
            {
                words[facts.Terms[i]] = told[facts.Terms[i + 1]];
            }

            _rows.Documents[row] = _lexical.Add(row, words);
        }

        _rows[row].Content = facts.Content;
        _rows[row].Traits = facts.Traits;
        _rows[row].Vector = facts.HasVector ? row : RowTable.NoVector;
        _given!.Add(row, facts.Cosine, vector, facts.IsNamed);
    }

    private static DateTimeOffset At(long ticks) => new(ticks, TimeSpan.Zero);
}
