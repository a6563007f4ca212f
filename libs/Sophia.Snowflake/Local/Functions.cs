namespace Sophia.Snowflake.Local;

/// <summary>The functions that are known: how many arguments each takes and what the engine calls for it. Any other is refused.</summary>
internal static partial class Functions
{
    /// <summary>What stands with a call of an aggregate or window function.</summary>
    public sealed record Call(string Distinct, List<Piece> Arguments, string Order, string Ignore, string Over);

    public sealed record Aggregate(int Least, int Most, Func<Call, Piece> Write, bool WindowOnly = false);

    public sealed record Scalar(int Least, int Most, Func<List<Piece>, Piece> Make)
    {
        public Piece Write(string name, List<Piece> arguments) => arguments.Count >= Least && arguments.Count <= Most ? Make(arguments) : throw WrongCount(name);
    }

    public static readonly HashSet<string> WithoutParentheses = new(StringComparer.OrdinalIgnoreCase) { "CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_TIME", "LOCALTIMESTAMP" };

    /// <summary>Those whose first argument is a part of a date.</summary>
    public static readonly HashSet<string> Dated = new(StringComparer.Ordinal)
    {
        "DATEADD", "TIMESTAMPADD", "TIMEADD", "DATEDIFF", "TIMESTAMPDIFF", "TIMEDIFF", "DATE_TRUNC", "DATE_PART", "EXTRACT",
    };

    public static readonly Dictionary<string, Aggregate> Aggregates = Counting();
    public static readonly Dictionary<string, Scalar> Scalars = All();

    public static SnowflakeException Unknown(string name) => new("002140", "42601", $"SQL compilation error:\nUnknown function {name}.");

    public static SnowflakeException WrongCount(string name) => new("000938", "22023", $"SQL compilation error:\nNot enough or too many arguments for function [{name}].");

    /// <summary>Values of which one is taken: where one is a VARIANT all become one.</summary>
    public static List<Piece> Alike(List<Piece> values) =>
        values.Exists(static v => v.Kind == SqlKind.Variant) && values.Exists(static v => v.Kind != SqlKind.Variant)
            ? values.ConvertAll(static v => v.Kind == SqlKind.Variant || v.Sql == "NULL" ? v : new Piece($"to_json({v})", SqlKind.Variant))
            : values;

    private static string Joined(IEnumerable<Piece> pieces) => string.Join(", ", pieces);

    private static Dictionary<string, Aggregate> Counting()
    {
        var all = new Dictionary<string, Aggregate>(StringComparer.Ordinal)
        {
            ["COUNT"] = new(0, 8, static c => new($"count({c.Distinct}{Counted(c.Arguments)}){c.Over}", SqlKind.Number)),
            ["ARRAY_AGG"] = new(1, 1, static c => new($"coalesce(to_json(list({c.Distinct}{c.Arguments[0]}{Space(c.Order)}) FILTER (WHERE {c.Arguments[0]} IS NOT NULL){c.Over}), json_array())", SqlKind.Variant)),
            ["OBJECT_AGG"] = new(2, 2, static c => new($"coalesce(json_group_object({Joined(c.Arguments)}) FILTER (WHERE {c.Arguments[1]} IS NOT NULL){c.Over}, json_object())", SqlKind.Variant)),
            // Of distinct values the engine takes an order by nothing but the value itself, so they become texts behind it.
            ["LISTAGG"] = new(1, 2, static c => new(c.Distinct.Length > 0 && c.Order.Length > 0
                ? $"coalesce(array_to_string(list_transform(list({c.Distinct}{c.Arguments[0]} {c.Order}) FILTER (WHERE {c.Arguments[0]} IS NOT NULL){c.Over}, lambda e: {ExpressionReader.AsText(new Piece("e", c.Arguments[0].Kind))}), {(c.Arguments.Count > 1 ? c.Arguments[1].Sql : "''")}), '')"
                : $"coalesce(string_agg({c.Distinct}{ExpressionReader.AsText(c.Arguments[0])}, {(c.Arguments.Count > 1 ? c.Arguments[1].Sql : "''")}{Space(c.Order)}){c.Over}, '')", SqlKind.Text)),
        };
        // Of decimals a decimal, with the scale of a quotient.
        all["AVG"] = new(1, 1, static c =>
        {
            var value = c.Arguments[0].Kind == SqlKind.Variant ? new Piece($"CAST({c.Arguments[0]} AS DOUBLE)", SqlKind.Number) : c.Arguments[0];
            var sum = new Piece($"sum({c.Distinct}{value}){c.Over}", SqlKind.Number);
            return new($"sf_quotient({sum}, nullif(count({c.Distinct}{value}){c.Over}, 0), {Quotients.Scale(value.Scale is null ? sum : value)})", SqlKind.Number);
        });
        Add(SqlKind.Number, 1, 1, ("SUM", "sum"), ("MEDIAN", "median"), ("STDDEV", "stddev_samp"), ("STDDEV_SAMP", "stddev_samp"), ("STDDEV_POP", "stddev_pop"), ("VARIANCE", "var_samp"), ("VAR_SAMP", "var_samp"),
            ("VAR_POP", "var_pop"), ("COUNT_IF", "count_if"), ("APPROX_COUNT_DISTINCT", "approx_count_distinct"), ("KURTOSIS", "kurtosis"), ("SKEW", "skewness"));
        Add(SqlKind.Number, 2, 2, ("CORR", "corr"), ("COVAR_POP", "covar_pop"), ("COVAR_SAMP", "covar_samp"), ("REGR_SLOPE", "regr_slope"), ("REGR_INTERCEPT", "regr_intercept"));
        Add(SqlKind.Unknown, 1, 1, ("ANY_VALUE", "any_value"), ("MODE", "mode"));
        foreach (var (name, engine) in new[] { ("MIN", "min"), ("MAX", "max") })
            all[name] = new(1, 1, c => c.Arguments[0] is { Kind: SqlKind.Variant } v ? new($"({engine}(sf_ranked({v})){c.Over}).v", SqlKind.Variant) : new($"{engine}({c.Distinct}{c.Arguments[0]}){c.Over}", c.Arguments[0].Kind));
        foreach (var (name, engine) in new[] { ("MIN_BY", "arg_min"), ("MAX_BY", "arg_max") })
            all[name] = new(2, 2, c => new($"{engine}({c.Distinct}{c.Arguments[0]}, {ExpressionReader.Ordered(c.Arguments[1])}){c.Over}", c.Arguments[0].Kind));
        Add(SqlKind.Boolean, 1, 1, ("BOOLAND_AGG", "bool_and"), ("BOOLOR_AGG", "bool_or"));
        foreach (var (name, most) in new[] { ("ROW_NUMBER", 0), ("RANK", 0), ("DENSE_RANK", 0), ("PERCENT_RANK", 0), ("CUME_DIST", 0), ("NTILE", 1), ("LAG", 3), ("LEAD", 3), ("FIRST_VALUE", 1), ("LAST_VALUE", 1), ("NTH_VALUE", 2) })
        {
            var least = most == 0 ? 0 : name == "NTH_VALUE" ? 2 : 1;
            var engine = name.ToUpperInvariant();
            all[name] = new(least, most, c => new($"{engine}({Joined(c.Arguments)}{c.Ignore}){c.Over}", most == 0 || name == "NTILE" ? SqlKind.Number : c.Arguments[0].Kind), WindowOnly: true);
        }
        foreach (var name in new[] { "PERCENTILE_CONT", "PERCENTILE_DISC" })
            all[name] = new(1, 1, c => c.Order.Length == 0 ? throw SnowflakeException.Syntax($"{name} needs WITHIN GROUP (ORDER BY …).") : new($"{name}({c.Arguments[0]}) WITHIN GROUP ({c.Order}){c.Over}", SqlKind.Number));
        return all;

        void Add(SqlKind kind, int least, int most, params (string Name, string Engine)[] names)
        {
            foreach (var (name, engine) in names)
                all[name] = new(least, most, c => new($"{engine}({c.Distinct}{string.Join(", ", c.Arguments.Select(a => a.Kind == SqlKind.Variant && kind == SqlKind.Number ? $"CAST({a} AS DOUBLE)" : a.Sql))}){c.Over}", kind == SqlKind.Unknown ? c.Arguments[0].Kind : kind));
        }
    }

    // Neither a row with a NULL among several values counts, nor JSON's null (docs.snowflake.com, COUNT).
    private static string Counted(List<Piece> values)
    {
        if (values.Count == 0) return "*";
        if (values is [var one] && one.Kind != SqlKind.Variant) return one.Sql;
        var counts = values.Select(static v => v.Kind == SqlKind.Variant ? $"json_type({v}) <> 'NULL'" : $"{v} IS NOT NULL");
        return $"CASE WHEN {string.Join(" AND ", counts)} THEN {(values.Count == 1 ? values[0].Sql : $"({Joined(values)})")} END";
    }

    private static string Space(string order) => order.Length == 0 ? "" : " " + order;
}
