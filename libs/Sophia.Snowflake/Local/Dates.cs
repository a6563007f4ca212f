using System.Text;

namespace Sophia.Snowflake.Local;

/// <summary>The functions whose first argument is a part of a date, and the formats of dates.</summary>
internal static class Dates
{
    private static readonly Dictionary<string, string> Parts = new(StringComparer.OrdinalIgnoreCase)
    {
        ["YEAR"] = "year", ["Y"] = "year", ["YY"] = "year", ["YYYY"] = "year", ["YR"] = "year", ["YEARS"] = "year", ["QUARTER"] = "quarter", ["Q"] = "quarter", ["QTR"] = "quarter", ["QUARTERS"] = "quarter",
        ["MONTH"] = "month", ["MM"] = "month", ["MON"] = "month", ["MONS"] = "month", ["MONTHS"] = "month", ["WEEK"] = "week", ["W"] = "week", ["WK"] = "week", ["WEEKS"] = "week",
        ["DAY"] = "day", ["D"] = "day", ["DD"] = "day", ["DAYS"] = "day", ["DAYOFMONTH"] = "day", ["HOUR"] = "hour", ["H"] = "hour", ["HH"] = "hour", ["HR"] = "hour", ["HOURS"] = "hour",
        ["MINUTE"] = "minute", ["M"] = "minute", ["MI"] = "minute", ["MIN"] = "minute", ["MINUTES"] = "minute", ["SECOND"] = "second", ["S"] = "second", ["SEC"] = "second", ["SECONDS"] = "second",
        ["MILLISECOND"] = "millisecond", ["MS"] = "millisecond", ["MSEC"] = "millisecond", ["MILLISECONDS"] = "millisecond", ["MICROSECOND"] = "microsecond", ["US"] = "microsecond", ["MICROSECONDS"] = "microsecond",
    };

    private static readonly Dictionary<string, string> Read1 = new(StringComparer.OrdinalIgnoreCase)
    {
        ["DAYOFWEEK"] = "dow", ["DOW"] = "dow", ["WEEKDAY"] = "dow", ["DAYOFWEEKISO"] = "isodow", ["DAYOFYEAR"] = "doy", ["DOY"] = "doy", ["WEEKISO"] = "week", ["EPOCH_SECOND"] = "epoch", ["EPOCH"] = "epoch",
    };

    public static Piece Read(string name, SqlCursor at, ExpressionReader expressions)
    {
        var part = Part(at, name is "DATE_PART" or "EXTRACT");
        if (name == "EXTRACT") at.Expect("FROM"); else at.Expect(",");
        var values = expressions.List(")");
        if (values.Count != (name.EndsWith("ADD", StringComparison.Ordinal) || name.EndsWith("DIFF", StringComparison.Ordinal) ? 2 : 1)) throw Functions.WrongCount(name);
        var moments = values.Select(Moment).ToArray();
        switch (name)
        {
            case "DATEADD" or "TIMESTAMPADD" or "TIMEADD":
                // A date stays a date where whole days are added.
                // A date out of an aggregate becomes a moment: the engine chooses among macros before it knows that value's type.
                return new(part is "year" or "quarter" or "month" or "week" or "day" ? $"{(Quotients.IsGrouped(moments[1]) ? "sf_add_to_moment" : "sf_add_days")}({moments[1]}, to_{(part == "quarter" ? "month" : part)}s(CAST({values[0]} AS {(part is "day" or "week" or "year" or "month" or "quarter" ? "INTEGER" : "BIGINT")}){(part == "quarter" ? " * 3" : "")}))"
                    : $"({moments[1]} + to_{part}s({values[0]}))", SqlKind.Moment);
            case "DATEDIFF" or "TIMESTAMPDIFF" or "TIMEDIFF":
                return new($"date_diff('{part}', {moments[0]}, {moments[1]})", SqlKind.Number);
            case "DATE_TRUNC":
                return new($"{(Quotients.IsGrouped(moments[0]) ? "date_trunc" : "sf_trunc")}('{part}', {moments[0]})", SqlKind.Moment);
            default:
                return new(part == "second" ? $"CAST(floor(date_part('second', {moments[0]})) AS BIGINT)" : part == "epoch" ? $"CAST(floor(epoch({moments[0]})) AS BIGINT)" : $"date_part('{part}', {moments[0]})", SqlKind.Number);
        }
    }

    // A text that stands where a moment is meant.
    private static Piece Moment(Piece value) => value.Kind switch
    {
        SqlKind.Text => new($"CAST({value} AS TIMESTAMP)", SqlKind.Moment),
        SqlKind.Variant => new($"CAST({ExpressionReader.AsText(value)} AS TIMESTAMP)", SqlKind.Moment),
        _ => value,
    };

    private static string Part(SqlCursor at, bool reads)
    {
        var token = at.Take();
        var name = token.Kind == SqlTokenKind.Literal ? SqlNames.Text(token) : token.Text;
        return Parts.TryGetValue(name, out var part) || (reads && Read1.TryGetValue(name, out part)) ? part
            : throw SnowflakeException.Syntax($"'{name}' is not a valid date/time component.");
    }

    private static readonly (string Theirs, string Ours)[] Elements =
    [
        ("YYYY", "%Y"), ("YY", "%y"), ("MMMM", "%B"), ("MON", "%b"), ("MM", "%m"), ("DD", "%d"), ("DY", "%a"), ("HH24", "%H"), ("HH12", "%I"), ("AM", "%p"), ("PM", "%p"), ("MI", "%M"), ("SS", "%S"),
        ("FF3", "%g"), ("FF6", "%f"), ("FF9", "%n"),
    ];

    /// <summary>A format such as YYYY-MM-DD HH24:MI:SS in the engine's words.</summary>
    public static string Format(Piece format)
    {
        if (format.Kind != SqlKind.Text || format.Sql[0] != '\'') throw SnowflakeException.Unsupported("a format that is no constant");
        var text = format.Sql[1..^1].Replace("''", "'", StringComparison.Ordinal);
        var sql = new StringBuilder();
        for (var i = 0; i < text.Length;)
        {
            var element = Elements.FirstOrDefault(e => string.Compare(text, i, e.Theirs, 0, e.Theirs.Length, StringComparison.OrdinalIgnoreCase) == 0);
            if (element.Theirs is not null) { sql.Append(element.Ours); i += element.Theirs.Length; }
            else if (text[i] == '"' && text.IndexOf('"', i + 1) is > 0 and var end) { sql.Append(text[(i + 1)..end].Replace("%", "%%", StringComparison.Ordinal)); i = end + 1; }
            else if (char.IsLetter(text[i]) && text[i] is not ('T' or 'Z')) throw SnowflakeException.Unsupported($"the format '{text}'");
            else { sql.Append(text[i] == '%' ? "%%" : text[i].ToString()); i++; }
        }
        return SqlNames.Literal(sql.ToString());
    }
}
