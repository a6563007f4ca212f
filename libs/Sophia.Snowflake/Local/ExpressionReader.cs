using System.Text;
using Sophia.Snowflake.Local.Remote;

namespace Sophia.Snowflake.Local;

/// <summary>Reads an expression of Snowflake's and gives the engine's; what it has no rule for is refused by name.</summary>
/// <param name="query">Gives a whole query in the engine's words, for one that stands inside an expression.</param>
internal sealed partial class ExpressionReader(SqlCursor at, IReadOnlyDictionary<string, string?> state, FunctionCatalogue functions, Func<string> query)
{
    private int _marks, _numbered;

    /// <summary>How many values must be bound.</summary>
    public int Binds => Math.Max(_marks, _numbered);

    /// <summary>Names that stand for a VARIANT without saying so: the columns of FLATTEN.</summary>
    public HashSet<string> Variants { get; } = [];

    public Piece Read()
    {
        at.Enter();
        var left = And();
        for (var links = 0; at.Try("OR"); SqlCursor.Link(ref links)) left = new($"({left} OR {And()})", SqlKind.Boolean);
        at.Leave();
        return left;
    }

    private Piece And()
    {
        var left = Not();
        for (var links = 0; at.Try("AND"); SqlCursor.Link(ref links)) left = new($"({left} AND {Not()})", SqlKind.Boolean);
        return left;
    }

    private Piece Not()
    {
        at.Enter();
        var piece = at.Try("NOT") ? new Piece($"(NOT {Not()})", SqlKind.Boolean) : Predicate();
        at.Leave();
        return piece;
    }

    private Piece Predicate()
    {
        var left = Sum();
        for (var links = 0; ; SqlCursor.Link(ref links))
        {
            if (at.Now.Kind == SqlTokenKind.Symbol && at.Now.Text is "=" or "<>" or "!=" or "<" or "<=" or ">" or ">=")
            {
                var sign = at.Take().Text;
                if (at.Is("ANY") || at.Is("ALL") || at.Is("SOME")) throw SnowflakeException.Unsupported($"{sign} {at.Now.Text.ToUpperInvariant()}");
                left = Compare(left, sign, Sum());
            }
            else if (at.Try("IS"))
            {
                var not = at.Try("NOT") ? "NOT " : "";
                left = at.Try("DISTINCT", "FROM") ? new($"({left} IS {not}DISTINCT FROM {Sum()})", SqlKind.Boolean)
                    : at.Is("NULL") || at.Is("TRUE") || at.Is("FALSE") ? new($"({left} IS {not}{at.Take().Text.ToUpperInvariant()})", SqlKind.Boolean)
                    : throw at.Unexpected();
            }
            else
            {
                var start = at.At;
                var not = at.Try("NOT") ? "NOT " : "";
                if (at.Try("BETWEEN"))
                {
                    var low = Sum();
                    at.Expect("AND");
                    var high = Sum();
                    var both = $"({Compare(left, ">=", low)} AND {Compare(left, "<=", high)})";
                    left = new(not.Length > 0 ? $"(NOT {both})" : both, SqlKind.Boolean);
                }
                else if (at.Try("IN")) left = In(left, not);
                else if (at.Is("LIKE") || at.Is("ILIKE")) left = Like(left, not);
                else if (at.Try("RLIKE") || at.Try("REGEXP")) left = new($"({not}regexp_full_match({AsText(left)}, {AsText(Sum())}))", SqlKind.Boolean);
                else
                {
                    at.Back(start);
                    return left;
                }
            }
        }
    }

    private Piece In(Piece left, string not)
    {
        at.Expect("(");
        if (at.Is("SELECT") || at.Is("WITH"))
        {
            var inner = query();
            at.Expect(")");
            return new($"({(left.Kind == SqlKind.Variant ? AsText(left) : left.Sql)} {not}IN ({inner}))", SqlKind.Boolean);
        }
        var items = List(")");
        if (items.Count == 0) throw at.Unexpected();
        if (left.Kind != SqlKind.Variant) return new($"({left} {not}IN ({string.Join(", ", items)}))", SqlKind.Boolean);
        return new($"({not}({string.Join(" OR ", items.Select(i => Compare(left, "=", i)))}))", SqlKind.Boolean);
    }

    private Piece Like(Piece left, string not)
    {
        var word = at.Take().Text.ToUpperInvariant();
        var every = at.Is("ALL");
        if (at.Try("ANY") || at.Try("ALL"))
        {
            at.Expect("(");
            var all = List(")");
            return new($"({not}({string.Join(every ? " AND " : " OR ", all.Select(p => $"{AsText(left)} {word} {AsText(p)}"))}))", SqlKind.Boolean);
        }
        var pattern = AsText(Sum());
        var escape = at.Try("ESCAPE") ? $" ESCAPE {SqlNames.Literal(SqlNames.Text(at.Take()))}" : "";
        return new($"({AsText(left)} {not}{word} {pattern}{escape})", SqlKind.Boolean);
    }

    private Piece Sum()
    {
        var left = Product();
        for (var links = 0; at.Now.Kind == SqlTokenKind.Symbol && at.Now.Text is "+" or "-" or "||"; SqlCursor.Link(ref links))
        {
            var sign = at.Take().Text;
            var right = Product();
            left = sign == "||" ? new($"({AsText(left)} || {AsText(right)})", SqlKind.Text) : new($"({Counted(left)} {sign} {Counted(right)})", left.Kind == SqlKind.Moment ? SqlKind.Unknown : Counted(left).Kind, left.Scale is { } a && right.Scale is { } b ? Math.Max(a, b) : null);
        }
        return left;
    }

    private Piece Product()
    {
        var left = Unary();
        for (var links = 0; at.Now.Kind == SqlTokenKind.Symbol && at.Now.Text is "*" or "/" or "%"; SqlCursor.Link(ref links))
        {
            var sign = at.Take().Text;
            var right = Unary();
            left = sign switch
            {
                "*" => new($"({Counted(left)} * {Counted(right)})", SqlKind.Number, left.Scale + right.Scale),
                "/" => Quotients.Of(Counted(left), Counted(right)),
                _ => new($"sf_mod({Counted(left)}, {Counted(right)})", SqlKind.Number),
            };
        }
        return left;
    }

    private Piece Unary()
    {
        at.Enter();
        var piece = at.Try("-") ? Counted(Unary()) is var number ? new Piece($"(- {number})", SqlKind.Number, number.Scale) : default : at.Try("+") ? Unary() : Behind(Primary());
        at.Leave();
        return piece;
    }

    // What stands behind a value: a cast, a path into a VARIANT, an element.
    private Piece Behind(Piece value)
    {
        for (var links = 0; ; SqlCursor.Link(ref links))
        {
            if (at.Try("::")) value = Cast(value, SqlType.Read(at), false);
            else if (at.Is(":") && at.Peek(1).Kind is SqlTokenKind.Word or SqlTokenKind.QuotedName)
            {
                at.Take();
                var path = new StringBuilder("$").Append(Key(at.Take()));
                while (true)
                {
                    if (at.Try(".")) path.Append(Key(at.Take()));
                    else if (at.Is("[") && at.Peek(2).Is("]") && at.Peek(1).Kind is SqlTokenKind.Number or SqlTokenKind.Literal)
                    {
                        at.Take();
                        path.Append(at.Now.Kind == SqlTokenKind.Number ? $"[{SqlType.Whole(at, 0, int.MaxValue, "An index")}]" : Key(new(SqlTokenKind.QuotedName, $"\"{SqlNames.Text(at.Take())}\"")));
                        at.Take();
                    }
                    else break;
                }
                value = new($"json_extract({value}, {SqlNames.Literal(path.ToString())})", SqlKind.Variant);
            }
            else if (at.Try("["))
            {
                var index = Read();
                at.Expect("]");
                value = new($"sf_get({value}, {index})", SqlKind.Variant);
            }
            else if (at.Is("COLLATE")) throw SnowflakeException.Unsupported("COLLATE");
            else return value;
        }
    }

    private static string Key(SqlToken token)
    {
        var name = token.Kind switch
        {
            SqlTokenKind.Word => token.Text,
            SqlTokenKind.QuotedName => token.Text[1..^1],
            _ => throw SnowflakeException.Syntax($"syntax error: unexpected '{token.Text}' in a path."),
        };
        return name.Contains('"', StringComparison.Ordinal) || name.Contains('\\', StringComparison.Ordinal) ? throw SnowflakeException.Unsupported("a quote in a path") : $".\"{name}\"";
    }

    /// <summary>Expressions with commas up to a closing sign, which is taken.</summary>
    public List<Piece> List(string close)
    {
        List<Piece> items = [];
        while (!at.Try(close))
        {
            if (items.Count > 0) at.Expect(",");
            items.Add(Read());
        }
        return items;
    }
}
