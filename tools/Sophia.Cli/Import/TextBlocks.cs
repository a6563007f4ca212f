namespace Sophia.Cli.Import;

/// <summary>A heading, a fenced code block or a paragraph: a slice of the text.</summary>
/// <param name="Heading">The headings that it stands under; for a heading, itself included.</param>
internal readonly record struct TextBlock(int Start, int End, bool IsHeading, string? Heading);

/// <summary>
/// Finds the blocks of a text whose lines end in "\n". Of CommonMark it knows what decides where a document may be
/// split: headings with # (4.2) and underlined ones (4.3), and fenced code (4.5), in which a # is no heading.
/// </summary>
internal sealed class TextBlocks
{
    private readonly string _text;
    private readonly bool _isMarkdown;
    private readonly List<TextBlock> _blocks = [];
    private readonly string?[] _titles = new string?[6];
    private int _start = -1;
    private int _linesOfBlock;
    private string? _heading;
    private (char Mark, int Length)? _fence;

    private TextBlocks(string text, bool isMarkdown) => (_text, _isMarkdown) = (text, isMarkdown);

    public static IReadOnlyList<TextBlock> Of(string text, bool isMarkdown)
    {
        var blocks = new TextBlocks(text, isMarkdown);
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start);
            if (end < 0) end = text.Length;
            blocks.Line(start, end);
            start = end + 1;
        }
        blocks.Close(text.Length);
        return blocks._blocks;
    }

    private void Line(int start, int end)
    {
        var line = _text.AsSpan(start, end - start);
        if (_fence is { } fence)
        {
            if (!ClosesFence(line, fence)) return;
            _fence = null;
            Close(end);
        }
        else if (line.IsWhiteSpace()) Close(start);
        else if (_isMarkdown && OpensFence(line) is { } opened)
        {
            Close(start);
            (_start, _fence) = (start, opened);
        }
        else if (_isMarkdown && HashHeading(line) is { } hash)
        {
            Close(start);
            Add(start, end, hash.Level, hash.Title);
        }
        else if (_isMarkdown && _start >= 0 && _linesOfBlock == 1 && UnderlineLevel(line) is { } level)
        {
            var title = _text.AsSpan(_start, start - _start).Trim().ToString();
            Add(_start, end, level, title);
            _start = -1;
        }
        else
        {
            if (_start < 0) (_start, _linesOfBlock) = (start, 0);
            _linesOfBlock++;
        }
    }

    private void Close(int end)
    {
        if (_start < 0) return;
        while (end > _start && char.IsWhiteSpace(_text[end - 1])) end--;
        if (end > _start) _blocks.Add(new TextBlock(_start, end, false, _heading));
        _start = -1;
    }

    private void Add(int start, int end, int level, string title)
    {
        _titles[level - 1] = title;
        Array.Clear(_titles, level, _titles.Length - level);
        _heading = string.Join(" > ", _titles.Where(static t => !string.IsNullOrEmpty(t)));
        if (_heading.Length == 0) _heading = null;
        _blocks.Add(new TextBlock(start, end, true, _heading));
    }

    private static (int Level, string Title)? HashHeading(ReadOnlySpan<char> line)
    {
        if (Unindented(line) is not { } at || line[at] != '#') return null;
        var rest = line[at..];
        var level = rest.IndexOfAnyExcept('#') is var n && n < 0 ? rest.Length : n;
        if (level > 6 || (level < rest.Length && rest[level] is not (' ' or '\t'))) return null;
        var title = rest[level..].Trim();
        var withoutClosing = title.TrimEnd('#');
        if (withoutClosing.IsEmpty || withoutClosing[^1] is ' ' or '\t') title = withoutClosing.TrimEnd();
        return (level, title.ToString());
    }

    private static int? UnderlineLevel(ReadOnlySpan<char> line)
    {
        if (Unindented(line) is not { } at) return null;
        var rule = line[at..].TrimEnd();
        if (rule.IndexOfAnyExcept('=') < 0) return 1;
        return rule.Length > 1 && rule.IndexOfAnyExcept('-') < 0 ? 2 : null;
    }

    private static (char Mark, int Length)? OpensFence(ReadOnlySpan<char> line)
    {
        if (Unindented(line) is not { } at || line[at] is not ('`' or '~')) return null;
        var mark = line[at];
        var length = line[at..].IndexOfAnyExcept(mark) is var n && n < 0 ? line.Length - at : n;
        // A line such as ```x``` is code in a line of text, not a fence.
        return length < 3 || (mark == '`' && line[(at + length)..].Contains('`')) ? null : (mark, length);
    }

    private static bool ClosesFence(ReadOnlySpan<char> line, (char Mark, int Length) fence)
    {
        var trimmed = line.Trim();
        return Unindented(line) is not null && trimmed.Length >= fence.Length && trimmed.IndexOfAnyExcept(fence.Mark) < 0;
    }

    /// <summary>Where the line's text begins; null when it is blank or indented by four, which makes it code.</summary>
    private static int? Unindented(ReadOnlySpan<char> line)
    {
        var at = line.IndexOfAnyExcept(' ');
        return at is < 0 or > 3 ? null : at;
    }
}
