using System.Buffers;
using System.Text.Unicode;
using Sophia.Memory.Records;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Text;

/// <summary>
/// Finds the words of a record's content that stand for terms, and the passages with most of them.
/// <list type="number">
/// <item>The content is read as the index reads it: a word matches if its term, or that of a part of it, is asked for.</item>
/// <item>A passage spans at most <see cref="PassageLength"/> characters. The one with most different terms comes first (then with
/// most words, then the first in the text); another one must add a term that none before it has.</item>
/// <item>What is left of the length is filled with the text around it, from word to word.</item>
/// </list>
/// </summary>
internal static class Highlighter
{
    public const int MostPassages = 3;

    /// <summary>UTF-16 units.</summary>
    public const int PassageLength = 240;

    /// <summary>Of longer content the beginning is looked at, in UTF-16 units.</summary>
    public const int LongestText = 1 << 18;

    private static readonly SearchValues<char> OfNames = SearchValues.Create(".@+#");

    /// <param name="Start">In the text.</param>
    /// <param name="End">Behind the word.</param>
    /// <param name="Term">Place among the terms.</param>
    private readonly record struct Match(int Start, int End, int Term);

    private readonly record struct Passage(string Text, List<Match> Matches, int First, int Last, int Terms)
    {
        public int Words => Last - First + 1;
    }

    public static IReadOnlyList<Highlight> Highlight(MemoryRecord record, TextAnalyzer analyzer, IReadOnlyList<string> terms)
    {
        var places = new Dictionary<string, int>(terms.Count, StringComparer.Ordinal);
        foreach (var term in terms)
        {
            places.TryAdd(term, places.Count);
        }

        var best = new List<Passage>();
        foreach (var text in Texts(record))
        {
            var matches = Find(text, analyzer, places);
            if (matches.Count > 0)
            {
                AddPassages(text, matches, places.Count, best);
            }
        }

        best.Sort(static (a, b) => a.Terms != b.Terms ? b.Terms.CompareTo(a.Terms) : b.Words.CompareTo(a.Words));
        return Choose(best, new bool[places.Count]);
    }

    private static IEnumerable<string> Texts(MemoryRecord record)
    {
        if (record.Kind == ContentKind.Json && RecordWords.TryReadStrings(record.Content.Span) is { } strings)
        {
            var left = LongestText;
            foreach (var text in strings)
            {
                yield return text.Length <= left ? text : text[..left];
                left -= Math.Min(left, text.Length);
            }
        }
        else if (record.Kind is ContentKind.Json or ContentKind.Text)
        {
            var chars = ArrayPool<char>.Shared.Rent(Math.Min(record.Content.Length, LongestText));
            Utf8.ToUtf16(record.Content.Span, chars.AsSpan(0, Math.Min(record.Content.Length, LongestText)), out _, out var length);
            var text = new string(chars, 0, length);
            ArrayPool<char>.Shared.Return(chars);
            yield return text;
        }
    }

    private static List<Match> Find(string text, TextAnalyzer analyzer, Dictionary<string, int> places)
    {
        var matches = new List<Match>();
        var hasNames = places.Keys.Any(static term => term.AsSpan().ContainsAny(OfNames));
        Span<char> buffer = stackalloc char[WordReader.MaxLength];
        var reader = new WordReader(text, buffer, 0, analyzer.Elides);
        var named = 0;
        while (reader.Next(out var word))
        {
            if (places.TryGetValue(analyzer.Find(word).Term, out var place))
            {
                matches.Add(new Match(reader.Start, EndOf(text, reader.Start, reader.End), place));
            }

            if ((hasNames || IsHalved(text, reader.Start)) && reader.Start >= named)
            {
                named = Math.Max(AddNames(text, reader.Start, analyzer, places, matches), reader.Start + 1);
            }
        }

        matches.Sort(static (a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : b.End.CompareTo(a.End));
        return matches;
    }

    // Of a word longer than a passage the beginning is marked.
    private static int EndOf(string text, int start, int end)
    {
        if (end - start <= PassageLength)
        {
            return end;
        }

        end = start + PassageLength;
        return char.IsHighSurrogate(text[end - 1]) ? end - 1 : end;
    }

    // O'Brien: of its second half nothing tells in the term.
    private static bool IsHalved(string text, int at) => at + 1 < text.Length && text[at + 1] is '\'' or '’';

    private static int AddNames(string text, int at, TextAnalyzer analyzer, Dictionary<string, int> places, List<Match> matches)
    {
        var reader = new NameReader(text, at, analyzer.Elides);
        while (reader.Next(out var name))
        {
            var lower = name.ToString().ToLowerInvariant();
            if (places.TryGetValue(reader.IsSecondHalf ? analyzer.TermOf(lower) : Accents.Compose(lower), out var place))
            {
                matches.Add(new Match(reader.NameStart, reader.NameEnd, place));
            }
        }

        return reader.End;
    }

    /// <summary>For each match the longest passage that begins with it.</summary>
    private static void AddPassages(string text, List<Match> matches, int terms, List<Passage> passages)
    {
        var counts = new int[terms];
        var (distinct, next) = (0, 0);
        for (var first = 0; first < matches.Count; first++)
        {
            while (next < matches.Count && (next == first || matches[next].End - matches[first].Start <= PassageLength))
            {
                distinct += counts[matches[next++].Term]++ == 0 ? 1 : 0;
            }

            // One that ends where the one before it ends is a part of that.
            if (first == 0 || next - 1 > passages[^1].Last)
            {
                passages.Add(new Passage(text, matches, first, next - 1, distinct));
            }

            distinct -= --counts[matches[first].Term] == 0 ? 1 : 0;
        }
    }

    private static List<Highlight> Choose(List<Passage> best, bool[] shown)
    {
        var chosen = new List<(string Text, int From, int To)>();
        var highlights = new List<Highlight>();
        foreach (var passage in best)
        {
            var adds = false;
            for (var i = passage.First; i <= passage.Last; i++)
            {
                adds |= !shown[passage.Matches[i].Term];
            }

            var (from, to) = Around(passage);
            if (!adds || chosen.Exists(other => ReferenceEquals(other.Text, passage.Text) && from < other.To && to > other.From))
            {
                continue;
            }

            chosen.Add((passage.Text, from, to));
            highlights.Add(new Highlight(passage.Text[from..to], Ranges(passage.Matches, from, to, shown)));
            if (highlights.Count == MostPassages)
            {
                break;
            }
        }

        return highlights;
    }

    private static (int From, int To) Around(Passage passage)
    {
        var text = passage.Text;
        var (start, end) = (passage.Matches[passage.First].Start, passage.Matches[passage.Last].End);
        for (var i = passage.First; i < passage.Last; i++)
        {
            end = Math.Max(end, passage.Matches[i].End);
        }

        var room = Math.Max(0, PassageLength - (end - start));
        var from = Math.Max(0, Math.Min(start - (room / 2), text.Length - PassageLength));
        var to = Math.Min(text.Length, Math.Max(end, from + PassageLength));
        while (from > 0 && from < start && !char.IsWhiteSpace(text[from - 1]))
        {
            from++;
        }

        while (to < text.Length && to > end && !char.IsWhiteSpace(text[to]))
        {
            to--;
        }

        return (from, to);
    }

    private static List<TextRange> Ranges(List<Match> matches, int from, int to, bool[] shown)
    {
        var ranges = new List<TextRange>();
        var end = -1;
        foreach (var match in matches)
        {
            if (match.Start < from || match.End > to)
            {
                continue;
            }

            shown[match.Term] = true;
            if (match.Start >= end)
            {
                ranges.Add(new TextRange(match.Start - from, match.End - match.Start));
                end = match.End;
            }
            else if (match.End > end)
            {
                var last = ranges[^1];
                ranges[^1] = last with { Length = match.End - from - last.Start };
                end = match.End;
            }
        }

        return ranges;
    }
}
