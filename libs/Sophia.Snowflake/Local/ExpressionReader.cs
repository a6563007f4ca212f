using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
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

    /// <summary>Compares; a VARIANT is read as what stands on the other side.</summary>
    public static Piece Compare(Piece left, string sign, Piece right)
    {
        if (left.Kind == SqlKind.Variant && right.Kind != SqlKind.Variant) left = Alike(left, right, sign);
        else if (right.Kind == SqlKind.Variant && left.Kind != SqlKind.Variant) right = Alike(right, left, sign);
        return new($"({left} {sign} {right})", SqlKind.Boolean);
    }

    private static Piece Alike(Piece variant, Piece other, string sign) => other.Kind switch
    {
        SqlKind.Text => new(AsText(variant), SqlKind.Text),
        SqlKind.Number => new($"CAST({variant} AS DOUBLE)", SqlKind.Number),
        SqlKind.Boolean => new($"CAST({variant} AS BOOLEAN)", SqlKind.Boolean),
        SqlKind.Moment => new($"CAST({AsText(variant)} AS TIMESTAMP)", SqlKind.Moment),
        _ when other.Sql == "NULL" => variant,
        _ => throw SnowflakeException.Unsupported($"a VARIANT {sign} a value whose type the statement does not show; cast the VARIANT"),
    };

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

    /// <summary>As a number: a VARIANT becomes a double.</summary>
    public static Piece Counted(Piece piece) => piece.Kind == SqlKind.Variant ? new($"CAST({piece} AS DOUBLE)", SqlKind.Number) : piece;

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

    private Piece Primary()
    {
        var token = at.Now;
        if (token.Kind == SqlTokenKind.Number) return new(Number(at.Take().Text), SqlKind.Number, Quotients.ScaleOf(token.Text));
        if (token.Is(".") && at.Peek(1).Kind == SqlTokenKind.Number) { at.Take(); return new(Number("." + at.Take().Text), SqlKind.Number); }
        if (token.Kind == SqlTokenKind.Literal) return new(SqlNames.Literal(SqlNames.Text(at.Take())), SqlKind.Text);
        if (at.Try("?")) return new($"${++_marks}");
        if (token.Is(":") && at.Peek(1).Kind == SqlTokenKind.Number)
        {
            at.Take();
            var number = SqlType.Whole(at, 1, 65_536, "The place of a bound value");
            _numbered = Math.Max(_numbered, number);
            return new($"${number}");
        }
        if (at.Try("(")) return Parenthesis();
        if (at.Try("[")) return Elements();
        if (at.Try("{")) return Object();
        if (at.Try("CASE")) return Case();
        if (at.Try("EXISTS")) { at.Expect("("); var inner = query(); at.Expect(")"); return new($"EXISTS ({inner})", SqlKind.Boolean); }
        if (at.Is("CAST") || at.Is("TRY_CAST"))
        {
            var attempt = at.Take().Is("TRY_CAST");
            at.Expect("(");
            var value = Read();
            at.Expect("AS");
            var type = SqlType.Read(at);
            at.Expect(")");
            return Cast(value, type, attempt);
        }
        if (at.Try("NULL")) return new("NULL");
        if (at.Try("TRUE")) return new("TRUE", SqlKind.Boolean);
        if (at.Try("FALSE")) return new("FALSE", SqlKind.Boolean);
        if (at.Is("INTERVAL") && at.Peek(1).Kind == SqlTokenKind.Literal) return Interval();
        if (token.Kind == SqlTokenKind.Word && at.Peek(1).Kind == SqlTokenKind.Literal) return Cast(new(SqlNames.Literal(SqlNames.Text(at.Peek(1))), SqlKind.Text), Dated(), false);
        if (token.Kind == SqlTokenKind.Word && !at.Peek(1).Is("(") && Functions.WithoutParentheses.Contains(token.Text)) return Call(at.Take().Text.ToUpperInvariant(), []);
        if (token.Kind == SqlTokenKind.Word && at.Peek(1).Is("(")) return Function();
        if (token.Is("$") || token.Is("@") || token.Text is "->") throw SnowflakeException.Unsupported($"'{token.Text}' in an expression");
        var name = SqlNames.Dotted(at);
        if (at.Is("(")) return Qualified(name);
        if (name.Count > 1 && name[^1] == "NEXTVAL") return new($"nextval({SqlNames.Literal(SqlNames.Quoted(name.Take(name.Count - 1)))})", SqlKind.Number);
        return new(SqlNames.Quoted(name), Variants.Contains(name[^1]) ? SqlKind.Variant : SqlKind.Unknown);
    }

    private SqlType Dated()
    {
        var word = at.Now;
        if (!(word.Is("DATE") || word.Is("TIME") || word.Is("TIMESTAMP") || word.Is("TIMESTAMP_NTZ") || word.Is("TIMESTAMP_LTZ") || word.Is("TIMESTAMP_TZ"))) throw at.Unexpected();
        var type = SqlType.Read(at);
        at.Take();
        return type;
    }

    private static string Number(string text) => NumberForm().IsMatch(text) ? text : throw SnowflakeException.Syntax($"syntax error: '{text}' is no number.");

    private Piece Parenthesis()
    {
        if (at.Is("SELECT") || at.Is("WITH") || at.Is("VALUES"))
        {
            var inner = query();
            at.Expect(")");
            return new($"({inner})");
        }
        var items = List(")");
        return items.Count switch { 0 => throw at.Unexpected(), 1 => items[0] with { Sql = $"({items[0]})" }, _ => new($"({string.Join(", ", items)})") };
    }

    // The constant of a VECTOR, or an ARRAY.
    private Piece Elements()
    {
        var items = List("]");
        if (at.Is("::") && at.Peek(1).Is("VECTOR"))
        {
            at.Take();
            var type = SqlType.Read(at);
            if (items.Count != type.Length) throw new SnowflakeException("100078", "22000", $"Array-like value being cast to a vector has incorrect dimension: {items.Count} where {type.Name} is wanted.");
            return new($"CAST([{string.Join(", ", items)}] AS {type.Engine})", SqlKind.Vector);
        }
        return new($"json_array({string.Join(", ", items)})", SqlKind.Variant);
    }

    private Piece Object()
    {
        List<string> members = [];
        while (!at.Try("}"))
        {
            if (members.Count > 0) at.Expect(",");
            if (at.Is("*")) throw SnowflakeException.Unsupported("{*}");
            members.Add(SqlNames.Literal(SqlNames.Text(at.Take())));
            at.Expect(":");
            members.Add(Read().Sql);
        }
        return new($"sf_without_nulls(json_object({string.Join(", ", members)}))", SqlKind.Variant);
    }

    private Piece Case()
    {
        var sql = new StringBuilder("CASE");
        Piece? subject = at.Is("WHEN") ? null : Read();
        SqlKind? kind = null;
        List<Piece> results = [];
        List<string> conditions = [];
        while (at.Try("WHEN"))
        {
            var when = Read();
            conditions.Add(subject is { } value ? Compare(value, "=", when).Sql : when.Sql);
            at.Expect("THEN");
            results.Add(Read());
        }
        if (conditions.Count == 0) throw at.Unexpected();
        if (at.Try("ELSE")) results.Add(Read());
        at.Expect("END");
        results = Functions.Alike(results);
        for (var i = 0; i < conditions.Count; i++) sql.Append(CultureInfo.InvariantCulture, $" WHEN {conditions[i]} THEN {results[i]}");
        if (results.Count > conditions.Count) sql.Append(CultureInfo.InvariantCulture, $" ELSE {results[^1]}");
        foreach (var result in results) kind = kind is null || kind == result.Kind ? result.Kind : SqlKind.Unknown;
        return new($"({sql} END)", kind ?? SqlKind.Unknown);
    }

    private Piece Interval()
    {
        at.Take();
        var text = SqlNames.Text(at.Take());
        return IntervalForm().IsMatch(text) ? new($"INTERVAL {SqlNames.Literal(text)}") : throw SnowflakeException.Unsupported($"INTERVAL '{text}'");
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

    /// <summary>As a text: a VARIANT's string without its quotes, a moment in Snowflake's form.</summary>
    public static string AsText(Piece value) => value.Kind switch
    {
        SqlKind.Text => value.Sql,
        SqlKind.Variant => $"({value} ->> '$')",
        _ when value.Sql == "NULL" || value.Sql[0] == '$' => $"CAST({value} AS VARCHAR)",
        _ => $"sf_text({value})",
    };

    // The text that PARSE_JSON was given: what reads it next need not have it checked before.
    private static string Unparsed(string json)
    {
        const string Parse = "sf_parse_json(";
        if (!json.StartsWith(Parse, StringComparison.Ordinal) || json.Contains('\'', StringComparison.Ordinal) || json.Contains('"', StringComparison.Ordinal) && json.Count(static c => c == '"') % 2 != 0) return json;
        var depth = 0;
        for (var i = Parse.Length - 1; i < json.Length; i++)
        {
            depth += json[i] == '(' ? 1 : json[i] == ')' ? -1 : 0;
            if (depth == 0) return i == json.Length - 1 ? json[(Parse.Length - 1)..] : json;
        }
        return json;
    }

    public static Piece Cast(Piece value, SqlType type, bool attempt)
    {
        var cast = attempt ? "TRY_CAST" : "CAST";
        switch (type.Engine)
        {
            case "VARCHAR": return new(type.Length > 0 ? $"left({AsText(value)}, {type.Length})" : AsText(value), SqlKind.Text);
            case "JSON": return value.Kind == SqlKind.Variant ? value : new($"to_json({(value.Sql[0] == '$' ? $"CAST({value} AS VARCHAR)" : value.Sql)})", SqlKind.Variant);
            case "BLOB": return new($"sf_binary({value})");
            case "BOOLEAN" when value.Kind == SqlKind.Text: return new(attempt ? $"sf_try_boolean({value})" : $"sf_boolean({value})", SqlKind.Boolean);
            case "DATE" or "TIME" or "TIMESTAMP" or "TIMESTAMPTZ" when value.Kind == SqlKind.Variant: return new($"{cast}({AsText(value)} AS {type.Engine})", type.Kind);
        }
        // Read by the JSON reader, at a third of the cost of a cast; what is no number is an error in both.
        if (type.Kind == SqlKind.Vector && value.Kind == SqlKind.Variant && !attempt)
            return new($"CAST(from_json_strict({Unparsed(value.Sql)}, '[\"{type.Engine[..type.Engine.IndexOf('[', StringComparison.Ordinal)]}\"]') AS {type.Engine})", type.Kind);
        if (type.Kind == SqlKind.Vector) return new($"{cast}({cast}({value} AS {type.Engine[..type.Engine.IndexOf('[', StringComparison.Ordinal)]}[]) AS {type.Engine})", type.Kind);
        return new($"{cast}({value} AS {type.Engine})", type.Kind, Quotients.ScaleOf(type));
    }

    [GeneratedRegex(@"\A([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\z")]
    private static partial Regex NumberForm();

    [GeneratedRegex(@"\A\s*[0-9]{1,9}\s+(year|month|week|day|hour|minute|second)s?\s*\z", RegexOptions.IgnoreCase)]
    private static partial Regex IntervalForm();
}
