using System.Globalization;

namespace Sophia.Cli.Import;

/// <summary>A piece of a document.</summary>
/// <param name="Heading">The headings above it, outermost first, parted by " > "; null above the first.</param>
internal sealed record TextChunk(string Text, string? Heading);

/// <summary>
/// Splits a document into chunks of at most so many characters:
/// 1. the blocks of the document are its headings (Markdown), its fenced code and its paragraphs;
/// 2. a heading begins a new chunk, and stays with what follows it;
/// 3. whole blocks are packed into a chunk as long as they fit;
/// 4. a block that does not fit is cut at the last line end, else sentence end, else blank before the limit; only a word
///    longer than a chunk is cut within, and then never inside of a character that the reader sees as one.
/// Each chunk is a slice of the text, so nothing but blank space between chunks is lost.
/// </summary>
internal sealed class TextSplitter(int maxCharacters = TextSplitter.DefaultMaxCharacters)
{
    public const int DefaultMaxCharacters = 1200;

    /// <summary>The heading attribute is for people; a pathological heading must not make the record too large.</summary>
    private const int MaxHeadingCharacters = 500;

    public IReadOnlyList<TextChunk> Split(string text, bool isMarkdown)
    {
        text = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var chunks = new List<TextChunk>();
        var (start, end, heading, onlyHeadings) = (-1, -1, (string?)null, false);

        void Emit()
        {
            if (start >= 0 && !string.IsNullOrWhiteSpace(text[start..end])) chunks.Add(new TextChunk(text[start..end].TrimEnd(), heading));
            start = -1;
        }

        foreach (var block in TextBlocks.Of(text, isMarkdown))
        {
            if (start >= 0 && block.IsHeading && !onlyHeadings) Emit();
            var budget = maxCharacters;
            if (start >= 0 && block.End - start > maxCharacters)
            {
                // A heading alone says nothing: what follows is cut so that its beginning still fits beside it.
                budget = maxCharacters - (block.Start - start);
                if (!onlyHeadings || block.IsHeading || budget < maxCharacters / 2)
                {
                    Emit();
                    budget = maxCharacters;
                }
            }
            foreach (var (pieceStart, pieceEnd) in Cut(text, block.Start, block.End, budget))
            {
                if (start >= 0 && pieceEnd - start > maxCharacters) Emit();
                if (start < 0) (start, onlyHeadings, heading) = (pieceStart, block.IsHeading, Limited(block.Heading));
                else if (onlyHeadings) (onlyHeadings, heading) = (block.IsHeading, Limited(block.Heading));
                end = pieceEnd;
            }
        }
        Emit();
        return chunks;
    }

    private IEnumerable<(int Start, int End)> Cut(string text, int start, int end, int budget)
    {
        while (end - start > budget)
        {
            var cut = CutPoint(text, start, budget);
            var pieceEnd = cut;
            while (pieceEnd > start && char.IsWhiteSpace(text[pieceEnd - 1])) pieceEnd--;
            if (pieceEnd > start) yield return (start, pieceEnd);
            start = cut;
            // Blanks at the cut go; an indentation after a line end stays.
            while (start < end && text[start] is ' ' or '\t') start++;
            if (start < end && text[start] == '\n') start++;
            budget = maxCharacters;
        }
        if (end > start) yield return (start, end);
    }

    private static int CutPoint(string text, int start, int budget)
    {
        var limit = start + budget;
        var early = start + budget / 2;
        for (var i = limit; i > early; i--)
            if (text[i] == '\n') return i;
        for (var i = limit; i > early; i--)
            if (EndsSentence(text[i - 1], text[i])) return i;
        for (var i = limit; i > start; i--)
            if (char.IsWhiteSpace(text[i])) return i;
        for (var i = limit; i > early; i--)
            if (!ContinuesCharacter(text, i)) return i;
        return char.IsLowSurrogate(text[limit]) && limit - 1 > start ? limit - 1 : limit;
    }

    private static bool EndsSentence(char last, char next) =>
        last is '。' or '！' or '？' || (last is '.' or '!' or '?' && char.IsWhiteSpace(next));

    /// <summary>Whether a cut here would part a surrogate pair, a base and its marks, or a joined emoji (a fair part of UAX #29).</summary>
    private static bool ContinuesCharacter(string text, int at) =>
        char.IsLowSurrogate(text[at]) || text[at] == '\u200d' || text[at - 1] == '\u200d'
        || CharUnicodeInfo.GetUnicodeCategory(text, at) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        || CharUnicodeInfo.GetUnicodeCategory(text, at) is UnicodeCategory.ModifierSymbol && char.IsSurrogate(text[at]);

    private static string? Limited(string? heading)
    {
        if (heading is null || heading.Length <= MaxHeadingCharacters) return heading;
        var length = char.IsHighSurrogate(heading[MaxHeadingCharacters - 1]) ? MaxHeadingCharacters - 1 : MaxHeadingCharacters;
        return heading[..length];
    }
}
