using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Sophia.Snowflake.Local;

/// <summary>Values that stand for themselves.</summary>
internal sealed partial class ExpressionReader
{
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

    [GeneratedRegex(@"\A([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\z")]
    private static partial Regex NumberForm();

    [GeneratedRegex(@"\A\s*[0-9]{1,9}\s+(year|month|week|day|hour|minute|second)s?\s*\z", RegexOptions.IgnoreCase)]
    private static partial Regex IntervalForm();
}
