using System.Globalization;
using System.Text;
using Sophia.Gpu.Lexical;
using Sophia.Gpu.Text;
using Sophia.Memory.Records;

namespace Sophia.Gpu.Shards;

/// <summary>
/// Who said which turn of a conversation. Of a question that names somebody who speaks there the answer is mostly in what that one
/// said: 19 of 20 marked turns of two public sets are. The name alone as a word does not tell that, since the others say it too.
/// One thread at a time changes it, while none reads; readers may be many.
/// </summary>
internal sealed class Speakers(TextAnalyzer analyzer)
{
    /// <summary>What a turn of somebody whom the query names gains, as a share of the best own score.</summary>
    public const double Weight = 0.1;

    public const string PartName = "speaker";

    private const string AttributeName = "speaker";
    private const int LongestName = 40;
    private const int MostWords = 4;
    private const int Nobody = 0;
    private const int ObjectBytes = 40;

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<Speaker?> _speakers = [null];
    private readonly Stack<int> _free = new();
    private int[] _rows = [];
    private long _namesBytes;

    /// <summary>A number of 4 bytes a row, and the name and its terms of each who speaks.</summary>
    public long SizeInMemory => (_rows.Length * 4L) + (_speakers.Capacity * 8L) + _namesBytes;

    /// <summary>
    /// The attribute <c>speaker</c>, if it is text, else what stands before the first colon and space of the text where it looks like a
    /// name: at most 40 characters, letters and digits, the first a letter; one word, or up to four of which the first does not begin small.
    /// </summary>
    /// <returns>Null for what is no turn, and where nobody is named, or by more than 40 characters.</returns>
    public static string? NameOf(MemoryRecord record, ReadOnlySpan<AttributeReader.ParsedAttribute> attributes, ConversationPlace place)
    {
        if (!place.IsTurn)
        {
            return null;
        }

        foreach (ref readonly var attribute in attributes)
        {
            if (attribute is { Name: AttributeName, Kind: CellKind.Text, Text: { Length: > 0 } name })
            {
                return name.Length <= LongestName ? name : null;
            }
        }

        return record.Kind == ContentKind.Text ? NameBefore(record.Content.Span) : null;
    }

    /// <summary>The text of a turn without the name before it.</summary>
    /// <param name="speaker">Who said it, or null.</param>
    public static ReadOnlySpan<byte> SaidIn(ReadOnlySpan<byte> utf8, string? speaker) =>
        speaker is not null && NameBefore(utf8) == speaker ? utf8[(EndOfName(utf8) + 2)..] : utf8;

    /// <summary>Says who said the row's turn, after forgetting who did.</summary>
    /// <param name="name">Null for nobody.</param>
    public void Set(int row, string? name)
    {
        Remove(row);
        if (name is null)
        {
            return;
        }

        if (row >= _rows.Length)
        {
            Array.Resize(ref _rows, Math.Max(16, Math.Max(row + 1, _rows.Length * 3 / 2)));
        }

        if (!_numbers.TryGetValue(name, out var number))
        {
            number = Add(name);
        }

        _rows[row] = number;
        _speakers[number]!.Turns++;
    }

    public void Remove(int row)
    {
        if (row >= _rows.Length || _rows[row] is not (not Nobody and var number))
        {
            return;
        }

        _rows[row] = Nobody;
        var speaker = _speakers[number]!;
        if (--speaker.Turns == 0)
        {
            // The name goes with the last turn: it may have been forgotten.
            _numbers.Remove(speaker.Name);
            _speakers[number] = null;
            _namesBytes -= speaker.Bytes;
            _free.Push(number);
        }
    }

    /// <summary>Whether it is a turn of somebody of whose name the query has a word; stop words aside.</summary>
    public bool IsNamed(int row, LexicalQuery query) =>
        row < _rows.Length && _rows[row] is not Nobody and var number && Array.Exists(_speakers[number]!.Terms, query.Asks);

    private int Add(string name)
    {
        var words = new List<Word>();
        analyzer.Analyze(name, words);
        var speaker = new Speaker(name, [.. words.Where(static word => !word.IsStopWord).Select(static word => word.Term).Distinct(StringComparer.Ordinal)]);
        if (_free.TryPop(out var number))
        {
            _speakers[number] = speaker;
        }
        else
        {
            number = _speakers.Count;
            _speakers.Add(speaker);
        }

        _numbers.Add(name, number);
        _namesBytes += speaker.Bytes;
        return number;
    }

    private static string? NameBefore(ReadOnlySpan<byte> utf8) =>
        EndOfName(utf8) is > 0 and var end && Encoding.UTF8.GetString(utf8[..end]) is { Length: <= LongestName } name && IsName(name) ? name : null;

    // A character is at most four bytes.
    private static int EndOfName(ReadOnlySpan<byte> utf8) => utf8[..Math.Min(utf8.Length, (4 * LongestName) + 2)].IndexOf(": "u8);

    private static bool IsName(string name)
    {
        var (words, before) = (0, ' ');
        foreach (var letter in name)
        {
            if (!(char.IsLetterOrDigit(letter) || letter is ' ' or '.' or '-' or '\'' or '’' or '_' || IsMark(letter)))
            {
                return false;
            }

            words += before == ' ' && letter != ' ' ? 1 : 0;
            before = letter;
        }

        return char.IsLetter(name[0]) && (words == 1 || (words <= MostWords && !char.IsLower(name[0])));
    }

    // An accent of its own, a vowel of Hindi.
    private static bool IsMark(char letter) => char.GetUnicodeCategory(letter) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private sealed class Speaker(string name, string[] terms)
    {
        public string Name => name;

        public string[] Terms => terms;

        public int Turns { get; set; }

        /// <summary>With its place in the table of names.</summary>
        public long Bytes { get; } = (5 * ObjectBytes) + (2L * name.Length) + terms.Sum(static term => ObjectBytes + (2L * term.Length));
    }
}
