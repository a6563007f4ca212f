namespace Sophia.Gpu.Text;

/// <summary>
/// Finds what the word reader takes apart and people mean as one: <c>C++</c>, <c>C#</c>, <c>.NET</c>, <c>#123</c>, e-mail
/// addresses, hosts and file names, and the second half of <c>O'Brien</c>. Such names are indexed beside their parts.
/// </summary>
internal ref struct NameReader
{
    /// <summary>What is longer on one side of the word is no address.</summary>
    private const int MostUnits = WordReader.MaxLength;

    private readonly ReadOnlySpan<char> _text;
    private readonly int _at;
    private readonly int _last;
    private int _step;
    private int _start;
    private int _end;

    /// <param name="at">Where a word begins.</param>
    /// <param name="elides">An apostrophe parts words by itself.</param>
    public NameReader(ReadOnlySpan<char> text, int at, bool elides)
    {
        (_step, _last) = (0, elides ? 4 : 5);
        _text = text;
        (_at, _start, _end) = (at, at, at);
        End = at;
    }

    /// <summary>Behind the last name found: words before it need not be asked for again.</summary>
    public int End { get; private set; }

    /// <summary>Where the name at hand begins.</summary>
    public readonly int NameStart => _start;

    /// <summary>Behind the name at hand.</summary>
    public readonly int NameEnd => _end;

    /// <summary>The name at hand is what follows an apostrophe, all letters.</summary>
    public readonly bool IsSecondHalf => _step > 4;

    /// <summary>The next name that the word belongs to, as it stands in the text.</summary>
    public bool Next(out ReadOnlySpan<char> name)
    {
        name = default;
        while (_step < _last)
        {
            var found = _step++ switch
            {
                0 => FindMarked(),
                1 => FindPlus(),
                2 => FindAddress(),
                3 => FindHostOfAddress(),
                _ => FindAfterApostrophe(),
            };
            if (found && _end - _start <= WordReader.MaxLength)
            {
                name = _text[_start.._end];
                return true;
            }
        }

        return false;
    }

    // #123, .net
    private bool FindMarked()
    {
        if (_at == 0 || _text[_at - 1] is not ('#' or '.'))
        {
            return false;
        }

        var before = _at > 1 ? _text[_at - 2] : ' ';
        (_start, _end) = (_at - 1, WordEnd(_at));
        return _text[_at - 1] == '#'
            ? !IsWord(before) && before is not ('#' or '&')
            : char.IsAsciiLetter(_text[_at]) && (char.IsWhiteSpace(before) || before is '(' or '"' or '\'' or '`' or '[' or '“' or '„' or '«' or '‘');
    }

    // c++, c++17, c#
    private bool FindPlus()
    {
        var end = WordEnd(_at);
        if (!char.IsLetter(_text[_at]) || end >= _text.Length)
        {
            return false;
        }

        _start = _at;
        if (_text[end..].StartsWith("++"))
        {
            _end = WordEnd(end + 2);
            return true;
        }

        _end = end + 1;
        return _text[end] == '#' && (_end == _text.Length || !(IsWord(_text[_end]) || _text[_end] == '#'));
    }

    // ada@example.org, docs.example.org, readme.md
    private bool FindAddress()
    {
        (_start, _end) = (_at, _at);
        while (_start > 0 && _at - _start <= MostUnits && IsOfAddress(_text[_start - 1]))
        {
            _start--;
        }

        while (_end < _text.Length && _end - _at <= MostUnits && IsOfAddress(_text[_end]))
        {
            _end++;
        }

        if (_at - _start > MostUnits || _end - _at > MostUnits)
        {
            return false;
        }

        while (_start < _at && !IsWord(_text[_start]))
        {
            _start++;
        }

        while (_end > _start && !IsWord(_text[_end - 1]))
        {
            _end--;
        }

        var name = _text[_start.._end];
        var host = name.IndexOf('@');
        var found = host < 0 ? IsHost(name) : host > 0 && IsHost(name[(host + 1)..]);
        if (found)
        {
            End = _end;
        }

        return found;
    }

    private bool FindHostOfAddress()
    {
        var host = End > _at ? _text[_start.._end].IndexOf('@') : -1;
        _start += host + 1;
        return host > 0;
    }

    private bool FindAfterApostrophe()
    {
        _start = _at + 2;
        if (_start >= _text.Length || _text[_at + 1] is not ('\'' or '’') || !char.IsLetter(_text[_at]) || (_at > 0 && IsWord(_text[_at - 1])))
        {
            return false;
        }

        var letters = 0;
        for (_end = _start; _end < _text.Length && IsLetter(_text[_end]); _end++)
        {
            letters += Accents.IsMark(_text[_end]) ? 0 : 1;
        }

        return letters >= 3;
    }

    private readonly int WordEnd(int at)
    {
        while (at < _text.Length && (IsWord(_text[at]) || _text[at] == '_'))
        {
            at++;
        }

        return at;
    }

    /// <summary>Labels between single full stops, at least two, the last of letters.</summary>
    private static bool IsHost(ReadOnlySpan<char> name)
    {
        var last = name.LastIndexOf('.');
        if (last <= 0 || name.Length - last < 3 || name.Contains('@') || name.IndexOf("..") >= 0)
        {
            return false;
        }

        foreach (var letter in name[(last + 1)..])
        {
            if (!IsLetter(letter))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsLetter(char c) => char.IsLetter(c) || Accents.IsMark(c);

    private static bool IsWord(char c) => char.IsLetterOrDigit(c) || Accents.IsMark(c);

    private static bool IsOfAddress(char c) => IsWord(c) || c is '.' or '-' or '_' or '@' or '+';
}
