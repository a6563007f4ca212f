using System.Globalization;
using System.Text;
using Sophia.Snowflake.Local.Remote;

namespace Sophia.Snowflake.Local;

internal sealed partial class ExpressionReader
{
    private Piece Function()
    {
        var name = at.Take().Text.ToUpperInvariant();
        at.Expect("(");
        if (Functions.Dated.Contains(name)) return Dates.Read(name, at, this);
        if (Functions.Aggregates.TryGetValue(name, out var aggregate)) return Aggregate(name, aggregate);
        return Call(name, List(")"));
    }

    // SNOWFLAKE.CORTEX.COMPLETE(…) and functions of a schema.
    private Piece Qualified(List<string> name)
    {
        at.Expect("(");
        var arguments = List(")");
        var full = string.Join('.', name);
        // One name: it stood in quotes, so it is none of Snowflake's own.
        if (name.Count == 1) return External(Path(), full, arguments);
        if (CortexFunctions.Write(full, arguments) is { } cortex) return cortex;
        return External(name.Count == 2 || (name.Count == 3 && name[0] == LocalSnowflake.Database) ? [name[^2]] : [], name[^1], arguments);
    }

    private string[] Path() => [state["CURRENT_SCHEMA"] ?? LocalSnowflake.DefaultSchema, LocalSnowflake.DefaultSchema];

    private Piece External(string[] schemas, string name, List<Piece> arguments) =>
        functions.Find(schemas, name) is { Count: > 0 } found ? FunctionCalls.Write(found, arguments, functions.Definition) : throw Functions.Unknown(name);

    private Piece Call(string name, List<Piece> arguments)
    {
        if (arguments.Count == 0 && state.TryGetValue(name, out var value)) return new(value is null ? "NULL" : SqlNames.Literal(value), SqlKind.Text);
        if (arguments.Count == 0 && Functions.WithoutParentheses.Contains(name) && at.Try("(")) at.Expect(")");
        if (Functions.Scalars.TryGetValue(name, out var function)) return function.Write(name, arguments);
        return CortexFunctions.Write(name, arguments) ?? External(Path(), name, arguments);
    }

    private Piece Aggregate(string name, Functions.Aggregate aggregate)
    {
        var distinct = at.Try("DISTINCT") ? "DISTINCT " : "";
        List<Piece> arguments = [];
        if (name == "COUNT" && at.Try("*")) at.Expect(")");
        else arguments = List(")");
        if (arguments.Count < aggregate.Least || arguments.Count > aggregate.Most) throw Functions.WrongCount(name);
        var order = "";
        if (at.Try("WITHIN", "GROUP"))
        {
            at.Expect("(");
            order = OrderBy(asNumbers: name is "PERCENTILE_CONT" or "PERCENTILE_DISC");
            at.Expect(")");
        }
        var ignore = at.Try("IGNORE", "NULLS") ? " IGNORE NULLS" : at.Try("RESPECT", "NULLS") ? "" : "";
        var over = at.Is("OVER") ? Over(name is "FIRST_VALUE" or "LAST_VALUE" or "NTH_VALUE") : "";
        if (aggregate.WindowOnly && over.Length == 0) throw SnowflakeException.Syntax($"Window function type [{name}] requires OVER clause.");
        var written = aggregate.Write(new(distinct, arguments, order, ignore, over));
        return written with { Sql = Quotients.Grouped + written.Sql };
    }

    /// <param name="whole">Without a frame it is the whole window, and not up to the row (docs.snowflake.com, LAST_VALUE).</param>
    private string Over(bool whole)
    {
        at.Expect("OVER", "(");
        var sql = new StringBuilder(" OVER (");
        if (at.Try("PARTITION", "BY"))
        {
            sql.Append("PARTITION BY ");
            do sql.Append(sql[^1] == ' ' && sql.ToString().EndsWith("BY ", StringComparison.Ordinal) ? "" : ", ").Append(Read().Sql);
            while (at.Try(","));
        }
        if (at.Is("ORDER")) sql.Append(' ').Append(OrderBy());
        if (at.Is("ROWS") || at.Is("RANGE"))
        {
            sql.Append(' ').Append(at.Take().Text.ToUpperInvariant());
            if (at.Try("BETWEEN"))
            {
                sql.Append(" BETWEEN ").Append(Bound());
                at.Expect("AND");
                sql.Append(" AND ").Append(Bound());
            }
            else sql.Append(' ').Append(Bound());
        }
        else if (whole) sql.Append(" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING");
        at.Expect(")");
        return sql.Append(')').ToString();
    }

    private string Bound()
    {
        if (at.Try("CURRENT", "ROW")) return "CURRENT ROW";
        var size = at.Try("UNBOUNDED") ? "UNBOUNDED" : SqlType.Whole(at, 0, int.MaxValue, "A frame").ToString(CultureInfo.InvariantCulture);
        return at.Try("PRECEDING") ? size + " PRECEDING" : at.Try("FOLLOWING") ? size + " FOLLOWING" : throw at.Unexpected();
    }

    /// <summary>ORDER BY with its keys; NULL is the largest value, as the engine is told at its start.</summary>
    /// <param name="selected">What a key may name by its place or its title.</param>
    /// <param name="asNumbers">The keys are what is counted with, and not only what is sorted by.</param>
    public string OrderBy(IReadOnlyList<(string? Title, Piece Value)>? selected = null, bool asNumbers = false)
    {
        at.Expect("ORDER", "BY");
        if (at.Try("ALL")) return "ORDER BY ALL";
        List<string> keys = [];
        do
        {
            var key = asNumbers ? Counted(Read()).Sql : Ordered(Selected(Read(), selected));
            if (at.Is("ASC") || at.Is("DESC")) key += " " + at.Take().Text.ToUpperInvariant();
            if (at.Try("NULLS")) key += at.Try("FIRST") ? " NULLS FIRST" : at.Try("LAST") ? " NULLS LAST" : throw at.Unexpected();
            keys.Add(key);
        }
        while (at.Try(","));
        return "ORDER BY " + string.Join(", ", keys);
    }

    // Only a VARIANT has to be known: the engine knows what else a place or a title means. Behind a * places are not known.
    private static Piece Selected(Piece key, IReadOnlyList<(string? Title, Piece Value)>? selected)
    {
        if (selected is null) return key;
        var found = int.TryParse(key.Sql, NumberStyles.None, CultureInfo.InvariantCulture, out var place) && place >= 1 && place <= selected.Count
            ? selected.Take(place).All(static s => s.Title is not null) ? selected[place - 1].Value : key
            : selected.FirstOrDefault(s => s.Title is { } title && SqlNames.Quoted(title) == key.Sql).Value;
        return found.Kind == SqlKind.Variant ? found : key;
    }
}
