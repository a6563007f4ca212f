using System.Runtime.InteropServices;
using Sophia.Gpu.Text;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Shards;

/// <summary>What a shard reads in a record beside its words.</summary>
/// <param name="Attributes">The top level of its attributes.</param>
/// <param name="Place">Where they say that it stands.</param>
/// <param name="Content">A hash of the words and symbols of its content, in their order: equal for near-duplicates.</param>
/// <param name="Speaker">Who said it, if it is a turn and tells.</param>
/// <param name="Traits">What it does, if it is a turn.</param>
internal readonly record struct RecordReading(AttributeReader.ParsedAttribute[] Attributes, ConversationPlace Place, ulong Content, string? Speaker, TurnTraits Traits)
{
    /// <param name="words">Empty; the record's words afterwards.</param>
    public static RecordReading Of(MemoryRecord record, TextAnalyzer analyzer, List<Word> words)
    {
        var attributes = AttributeReader.Read(record.Attributes.Span);
        var place = ConversationPlace.Of(attributes);
        var named = RecordWords.Read(record, analyzer, words, place.IsPlaced, out var symbols);
        var speaker = Speakers.NameOf(record, attributes, place);
        return new RecordReading(
            attributes, place, Folding.HashOf(CollectionsMarshal.AsSpan(words)[named..], symbols), speaker,
            record.Kind == ContentKind.Text && place.IsTurn ? TurnReader.TraitsOf(Speakers.SaidIn(record.Content.Span, speaker), analyzer) : TurnTraits.None);
    }
}

/// <summary>A record that was read ahead, by whichever thread.</summary>
internal sealed class PreparedWords : PreparedRecord
{
    private const int MostWordsKept = 1 << 14;

    [ThreadStatic]
    private static List<Word>? t_words;

    private readonly Word[] _words;

    private PreparedWords(MemoryRecord record, RecordReading reading, Word[] words)
        : base(record) => (Reading, _words) = (reading, words);

    public RecordReading Reading { get; }

    public ReadOnlySpan<Word> Words => _words;

    public static PreparedWords Of(MemoryRecord record, TextAnalyzer analyzer)
    {
        var words = t_words ??= new List<Word>(256);
        try
        {
            return new PreparedWords(record, RecordReading.Of(record, analyzer, words), [.. words]);
        }
        finally
        {
            // Of a record that could not be read too: its words are not those of the thread's next one.
            words.Clear();
            if (words.Capacity > MostWordsKept)
            {
                words.Capacity = 256;
            }
        }
    }
}
