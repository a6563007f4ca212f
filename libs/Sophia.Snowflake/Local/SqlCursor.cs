namespace Sophia.Snowflake.Local;

/// <summary>A place in a statement's tokens; comments and blanks are passed over.</summary>
internal sealed class SqlCursor
{
    private readonly List<(SqlToken Token, bool Spaced)> _code = [];
    private int _depth;

    public SqlCursor(IEnumerable<SqlToken> tokens)
    {
        var spaced = false;
        foreach (var token in tokens)
        {
            if (token.Kind != SqlTokenKind.Space) _code.Add((token, spaced));
            spaced = token.Kind == SqlTokenKind.Space;
        }
    }

    public int At { get; private set; }
    public bool AtEnd => At >= _code.Count;
    public SqlToken Now => Peek(0);

    public SqlToken Peek(int ahead) => At + ahead < _code.Count ? _code[At + ahead].Token : default;

    public SqlToken Take() => AtEnd ? throw SnowflakeException.Syntax("syntax error: unexpected end of statement.") : _code[At++].Token;

    public bool Is(params ReadOnlySpan<string> words)
    {
        for (var i = 0; i < words.Length; i++)
        {
            if (!Peek(i).Is(words[i])) return false;
        }
        return true;
    }

    /// <summary>Passes over these words, all or none.</summary>
    public bool Try(params ReadOnlySpan<string> words)
    {
        if (!Is(words)) return false;
        At += words.Length;
        return true;
    }

    public void Expect(params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if (!Try(word)) throw Unexpected();
        }
    }

    public void End()
    {
        if (!AtEnd) throw Unexpected();
    }

    public SnowflakeException Unexpected() => AtEnd
        ? SnowflakeException.Syntax("syntax error: unexpected end of statement.")
        : SnowflakeException.Syntax($"syntax error line 1 at token {At + 1} unexpected '{Now.Text}'.");

    /// <summary>The text from a place to here in upper case, as Snowflake titles a column without a name.</summary>
    public string Title(int from) =>
        string.Concat(_code.Skip(from).Take(At - from).Select((t, i) => (i > 0 && t.Spaced ? " " : "") + t.Token.Text)).ToUpperInvariant();

    /// <summary>Goes one level deeper; what is nested without end must not end the process.</summary>
    public void Enter()
    {
        if (++_depth > 200) throw SnowflakeException.Syntax("The statement is nested more than 200 levels deep.");
    }

    public void Leave() => _depth--;

    /// <summary>One more in a row of operators, joins or set operations. The engine takes no more than a thousand levels, and each is one.</summary>
    public static void Link(ref int links)
    {
        if (++links > 900) throw SnowflakeException.Syntax("More than 900 operators, joins or set operations stand in a row.");
    }

    public void Back(int to) => At = to;
}
