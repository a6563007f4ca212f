using System.Globalization;
using System.Text;

namespace Sophia.Gpu.Text;

/// <summary>
/// Reads the words of a text, lower-cased, without allocating.
/// <list type="bullet">
/// <item>A word is a run of letters, digits and combining marks of any script.</item>
/// <item>An underscore, or a full stop between digits, joins: <c>foo_bar</c> gives foo_bar, foo, bar; <c>v1.2</c> gives v1.2, v1, 2.</item>
/// <item>Apostrophes within words are dropped (don't: dont), with the s of the possessive (Ada's: ada).</item>
/// <item>Ideographs and kana are words of their own: those scripts put no spaces between words.</item>
/// <item>Of a word longer than <see cref="MaxLength"/> only the beginning counts.</item>
/// </list>
/// </summary>
/// <param name="buffer">Holds the current word; at least <see cref="MaxLength"/> long.</param>
/// <param name="position">Where to begin.</param>
/// <param name="elides">The apostrophe after a short word of French that has lost its vowel ends the word (l'eau: l, eau).</param>
internal ref struct WordReader(ReadOnlySpan<char> text, Span<char> buffer, int position = 0, bool elides = false)
{
    /// <summary>UTF-16 units of the longest word.</summary>
    public const int MaxLength = 64;

    /// <summary>For each ASCII character its lower case if it belongs to words, else 0.</summary>
    private static ReadOnlySpan<byte> Ascii =>
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"u8 +
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"u8 + "0123456789\0\0\0\0\0\0"u8 +
        "\0abcdefghijklmnopqrstuvwxyz\0\0\0\0\0\0abcdefghijklmnopqrstuvwxyz\0\0\0\0\0"u8;

    private readonly ReadOnlySpan<char> _text = text;
    private readonly Span<char> _buffer = buffer;
    private readonly bool _elides = elides;
    private int _at = position;
    private int _length;
    private int _part = MaxLength + 1;
    private bool _isCompound;
    private int _beforePossessive = -1;

    /// <summary>Up to where the text has been read.</summary>
    public readonly int Position => _at;

    /// <summary>Where the word at hand begins in the text, also for its parts.</summary>
    public int Start { get; private set; }

    /// <summary>Behind the last character of the word at hand; the s of the possessive is not of it.</summary>
    public readonly int End => _beforePossessive > Start ? _beforePossessive : _at;

    /// <summary>Like <see cref="Next"/>, but ends after one word and the parts that it is made of.</summary>
    public bool NextOfOne(out ReadOnlySpan<char> word)
    {
        if (_length == 0)
        {
            return Next(out word);
        }

        word = default;
        return _part < _length && NextPart(out word);
    }

    public bool Next(out ReadOnlySpan<char> word)
    {
        if (_part < _length && NextPart(out word))
        {
            return true;
        }

        _at = NextStart(_text, _at);
        if (_at == _text.Length)
        {
            word = default;
            return false;
        }

        Read();
        word = _buffer[.._length];
        _part = _isCompound ? 0 : MaxLength + 1;
        return true;
    }

    /// <summary>Where the next word begins, from the place on; the text's length where there is none.</summary>
    public static int NextStart(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && WordUnits(text, at) == 0)
        {
            at++;
        }

        return at;
    }

    private bool NextPart(out ReadOnlySpan<char> word)
    {
        var rest = _buffer[_part.._length];
        var end = rest.IndexOfAny('_', '.');
        word = end < 0 ? rest : rest[..end];
        _part += word.Length + 1;
        return word.Length > 0;
    }

    private void Read()
    {
        Start = _at;
        _length = 0;
        _isCompound = false;
        if (IsWordAlone(_text[_at]))
        {
            Append(_text[_at++]);
            return;
        }

        while (_at < _text.Length)
        {
            var c = _text[_at];
            if (c < 128)
            {
                var lower = Ascii[c];
                if (lower != 0)
                {
                    Append((char)lower);
                    _at++;
                }
                else if (!TryJoin(c))
                {
                    return;
                }
            }
            else
            {
                var units = IsWordAlone(c) ? 0 : WordUnits(_text, _at);
                if (units == 0 && !(c == '’' && TryJoin(c)))
                {
                    return;
                }

                if (units == 1)
                {
                    Append(char.ToLowerInvariant(c));
                }
                else if (units == 2 && _length + 2 <= MaxLength)
                {
                    Rune.ToLowerInvariant(new Rune(c, _text[_at + 1])).EncodeToUtf16(_buffer[_length..]);
                    _length += 2;
                }

                _at += units;
            }
        }
    }

    private void Append(char c)
    {
        if (_length < MaxLength)
        {
            _buffer[_length++] = c;
        }
    }

    /// <summary>Goes past a character that joins what stands on its two sides; false if it ends the word.</summary>
    private bool TryJoin(char c)
    {
        if (_at + 1 >= _text.Length || WordUnits(_text, _at + 1) == 0 || IsWordAlone(_text[_at + 1]))
        {
            return false;
        }

        var next = _text[_at + 1];
        switch (c)
        {
            case '_':
            case '.' when char.IsAsciiDigit(next) && char.IsAsciiDigit(_text[_at - 1]):
                _isCompound = true;
                Append(c);
                _at++;
                return true;
            case '\'' or '’' when _elides && IsElided(_buffer[.._length]):
                return false;
            case '\'' or '’' when char.IsLetter(next) && char.IsLetter(_text[_at - 1]):
                var isPossessive = next is 's' or 'S' && (_at + 2 >= _text.Length || WordUnits(_text, _at + 2) == 0);
                _beforePossessive = isPossessive ? _at : _beforePossessive;
                _at += isPossessive ? 2 : 1;
                return !isPossessive;
            default:
                return false;
        }
    }

    /// <summary>How many UTF-16 units of a word stand here: 0, 1, or 2 for a surrogate pair.</summary>
    private static int WordUnits(ReadOnlySpan<char> text, int at)
    {
        var c = text[at];
        if (c < 128)
        {
            return Ascii[c] != 0 ? 1 : 0;
        }

        if (char.IsHighSurrogate(c))
        {
            return at + 1 < text.Length && Rune.TryCreate(c, text[at + 1], out var rune) && Rune.IsLetterOrDigit(rune) ? 2 : 0;
        }

        return char.IsLetterOrDigit(c) ||
            char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark ? 1 : 0;
    }

    private static bool IsWordAlone(char c) => c is (>= '\u3041' and <= '\u30ff') or (>= '\u3400' and <= '\u9fff');

    private static bool IsElided(ReadOnlySpan<char> word) =>
        word is ['c' or 'd' or 'j' or 'l' or 'm' or 'n' or 's' or 't'] or "qu" or "jusqu" or "lorsqu" or "puisqu" or "quoiqu";
}
