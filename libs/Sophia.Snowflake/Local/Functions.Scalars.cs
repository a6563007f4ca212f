using System.Globalization;
using System.Text;

namespace Sophia.Snowflake.Local;

internal static partial class Functions
{
    private static Dictionary<string, Scalar> All()
    {
        var all = new Dictionary<string, Scalar>(StringComparer.Ordinal);
        // {0} is the first argument, {*} all of them; an argument that the engine must see as a text is {0t}, as a number {0n}, as a VARIANT {0v}, as a moment {0d}.
        void F(SqlKind kind, int least, int most, string template, params string[] names)
        {
            foreach (var name in names) all[name] = new(least, most, a => new(Fill(template, a), kind));
        }

        F(SqlKind.Number, 1, 1, "abs({0n})", "ABS"); F(SqlKind.Number, 1, 1, "sign({0n})", "SIGN"); F(SqlKind.Number, 1, 1, "sqrt({0n})", "SQRT"); F(SqlKind.Number, 1, 1, "exp({0n})", "EXP"); F(SqlKind.Number, 1, 1, "ln({0n})", "LN");
        F(SqlKind.Number, 2, 2, "(ln({1n}) / ln({0n}))", "LOG"); F(SqlKind.Number, 2, 2, "power({0n}, {1n})", "POWER", "POW"); F(SqlKind.Number, 1, 1, "square({0n})", "SQUARE"); F(SqlKind.Number, 0, 0, "pi()", "PI");
        foreach (var name in new[] { "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "degrees", "radians", "cbrt" }) F(SqlKind.Number, 1, 1, name + "({0n})", name.ToUpperInvariant());
        F(SqlKind.Number, 2, 2, "atan2({0n}, {1n})", "ATAN2"); F(SqlKind.Number, 2, 2, "sf_mod({0n}, {1n})", "MOD"); F(SqlKind.Number, 1, 1, "factorial(CAST({0n} AS INTEGER))", "FACTORIAL");
        Scaled("ROUND", "round"); Scaled("CEIL", "ceil"); Scaled("FLOOR", "floor"); Scaled("TRUNC", "trunc"); all["TRUNCATE"] = all["TRUNC"];
        all["DIV0"] = new(2, 2, static a => new($"(CASE WHEN {ExpressionReader.Counted(a[1])} = 0 THEN 0 ELSE {Quotients.Of(ExpressionReader.Counted(a[0]), ExpressionReader.Counted(a[1]))} END)", SqlKind.Number));
        all["DIV0NULL"] = new(2, 2, static a => new($"(CASE WHEN coalesce({ExpressionReader.Counted(a[1])}, 0) = 0 THEN 0 ELSE {Quotients.Of(ExpressionReader.Counted(a[0]), ExpressionReader.Counted(a[1]))} END)", SqlKind.Number));
        F(SqlKind.Number, 2, 2, "({0} & {1})", "BITAND"); F(SqlKind.Number, 2, 2, "({0} | {1})", "BITOR"); F(SqlKind.Number, 2, 2, "xor({0}, {1})", "BITXOR");

        One("COALESCE", 1, 64, "coalesce({*})"); One("NVL", 2, 2, "coalesce({*})"); all["IFNULL"] = all["NVL"];
        all["NVL2"] = new(3, 3, static a => { var v = Alike([a[1], a[2]]); return new($"(CASE WHEN {a[0]} IS NOT NULL THEN {v[0]} ELSE {v[1]} END)", Shared(v)); });
        all["IFF"] = new(3, 3, static a => { var v = Alike([a[1], a[2]]); return new($"(CASE WHEN {a[0]} THEN {v[0]} ELSE {v[1]} END)", Shared(v)); });
        all["NULLIF"] = new(2, 2, static a => new($"(CASE WHEN {ExpressionReader.Compare(a[0], "=", a[1])} THEN NULL ELSE {a[0]} END)", a[0].Kind));
        F(SqlKind.Number, 1, 1, "nullif({0n}, 0)", "NULLIFZERO"); F(SqlKind.Number, 1, 1, "coalesce({0n}, 0)", "ZEROIFNULL");
        F(SqlKind.Boolean, 2, 2, "({0} IS NOT DISTINCT FROM {1})", "EQUAL_NULL"); F(SqlKind.Boolean, 2, 2, "({0} AND {1})", "BOOLAND"); F(SqlKind.Boolean, 2, 2, "({0} OR {1})", "BOOLOR"); F(SqlKind.Boolean, 1, 1, "(NOT {0})", "BOOLNOT");
        foreach (var name in new[] { "GREATEST", "LEAST" }) all[name] = new(1, 64, a => Extreme(name, Alike(a)));
        all["DECODE"] = new(3, 255, Decode);

        F(SqlKind.Text, 1, 1, "upper({0t})", "UPPER"); F(SqlKind.Text, 1, 1, "lower({0t})", "LOWER"); F(SqlKind.Number, 1, 1, "length({0t})", "LENGTH", "LEN"); F(SqlKind.Text, 1, 1, "reverse({0t})", "REVERSE");
        F(SqlKind.Text, 1, 2, "trim({*t})", "TRIM"); F(SqlKind.Text, 1, 2, "ltrim({*t})", "LTRIM"); F(SqlKind.Text, 1, 2, "rtrim({*t})", "RTRIM"); F(SqlKind.Text, 2, 2, "left({0t}, {1})", "LEFT"); F(SqlKind.Text, 2, 2, "right({0t}, {1})", "RIGHT");
        all["SUBSTR"] = all["SUBSTRING"] = new(2, 3, static a => new(a.Count == 2 ? $"sf_substr({ExpressionReader.AsText(a[0])}, {a[1]})" : $"sf_substr({ExpressionReader.AsText(a[0])}, {a[1]}, {a[2]})", SqlKind.Text));
        all["REPLACE"] = new(2, 3, static a => new($"replace({ExpressionReader.AsText(a[0])}, {ExpressionReader.AsText(a[1])}, {(a.Count > 2 ? ExpressionReader.AsText(a[2]) : "''")})", SqlKind.Text));
        all["CONCAT"] = new(1, 64, static a => new($"({string.Join(" || ", a.Select(ExpressionReader.AsText))})", SqlKind.Text));
        all["CONCAT_WS"] = new(2, 64, static a => new($"({string.Join($" || {ExpressionReader.AsText(a[0])} || ", a.Skip(1).Select(ExpressionReader.AsText))})", SqlKind.Text));
        F(SqlKind.Boolean, 2, 2, "contains({0t}, {1t})", "CONTAINS"); F(SqlKind.Boolean, 2, 2, "starts_with({0t}, {1t})", "STARTSWITH"); F(SqlKind.Boolean, 2, 2, "ends_with({0t}, {1t})", "ENDSWITH");
        F(SqlKind.Number, 2, 2, "instr({1t}, {0t})", "POSITION", "CHARINDEX"); F(SqlKind.Variant, 2, 2, "to_json(string_split({0t}, {1t}))", "SPLIT"); F(SqlKind.Text, 3, 3, "sf_split_part({0t}, {1t}, CAST({2} AS INTEGER))", "SPLIT_PART");
        F(SqlKind.Text, 2, 2, "repeat({0t}, {1})", "REPEAT"); F(SqlKind.Text, 2, 3, "lpad({0t}, CAST({1} AS INTEGER), {2t| })", "LPAD"); F(SqlKind.Text, 2, 3, "rpad({0t}, CAST({1} AS INTEGER), {2t| })", "RPAD");
        F(SqlKind.Number, 1, 1, "ascii({0t})", "ASCII"); F(SqlKind.Text, 1, 1, "chr(CAST({0} AS INTEGER))", "CHR", "CHAR"); F(SqlKind.Number, 2, 2, "levenshtein({0t}, {1t})", "EDITDISTANCE");
        F(SqlKind.Text, 1, 1, "md5({0t})", "MD5", "MD5_HEX"); F(SqlKind.Text, 1, 1, "sha1({0t})", "SHA1", "SHA1_HEX"); F(SqlKind.Text, 1, 1, "sha256({0t})", "SHA2", "SHA2_HEX"); F(SqlKind.Text, 1, 1, "base64(encode({0t}))", "BASE64_ENCODE");
        F(SqlKind.Text, 1, 1, "decode(from_base64({0t}))", "BASE64_DECODE_STRING"); F(SqlKind.Text, 1, 1, "upper(hex(encode({0t})))", "HEX_ENCODE"); F(SqlKind.Text, 0, 0, "CAST(uuid() AS VARCHAR)", "UUID_STRING");
        F(SqlKind.Boolean, 2, 2, "regexp_full_match({0t}, {1t})", "REGEXP_LIKE", "RLIKE"); F(SqlKind.Text, 2, 3, "regexp_replace({0t}, {1t}, {2t|}, 'g')", "REGEXP_REPLACE"); F(SqlKind.Text, 2, 2, "nullif(regexp_extract({0t}, {1t}), '')", "REGEXP_SUBSTR");
        F(SqlKind.Number, 2, 2, "len(regexp_extract_all({0t}, {1t}))", "REGEXP_COUNT");

        F(SqlKind.Moment, 0, 0, "CURRENT_DATE", "CURRENT_DATE"); F(SqlKind.Moment, 0, 1, "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP", "GETDATE", "LOCALTIMESTAMP", "SYSTIMESTAMP"); F(SqlKind.Moment, 0, 0, "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')", "SYSDATE");
        F(SqlKind.Moment, 0, 1, "CAST(CAST(CURRENT_TIMESTAMP AS TIMESTAMP) AS TIME)", "CURRENT_TIME");
        foreach (var (name, part) in new[] { ("YEAR", "year"), ("MONTH", "month"), ("DAY", "day"), ("DAYOFMONTH", "day"), ("HOUR", "hour"), ("MINUTE", "minute"), ("SECOND", "second"), ("WEEK", "week"), ("WEEKOFYEAR", "week"), ("WEEKISO", "week"), ("QUARTER", "quarter"), ("DAYOFWEEK", "dow"), ("DAYOFWEEKISO", "isodow"), ("DAYOFYEAR", "doy") })
            F(SqlKind.Number, 1, 1, $"CAST(floor(date_part('{part}', {{0d}})) AS BIGINT)", name);
        F(SqlKind.Moment, 1, 1, "last_day({0d})", "LAST_DAY"); F(SqlKind.Moment, 2, 2, "sf_add_months({0d}, CAST({1} AS INTEGER))", "ADD_MONTHS"); F(SqlKind.Text, 1, 1, "strftime({0d}, '%b')", "MONTHNAME"); F(SqlKind.Text, 1, 1, "strftime({0d}, '%a')", "DAYNAME");
        F(SqlKind.Moment, 3, 3, "make_date(CAST({0} AS BIGINT), CAST({1} AS BIGINT), CAST({2} AS BIGINT))", "DATE_FROM_PARTS", "DATEFROMPARTS");
        F(SqlKind.Moment, 6, 6, "make_timestamp(CAST({0} AS BIGINT), CAST({1} AS BIGINT), CAST({2} AS BIGINT), CAST({3} AS BIGINT), CAST({4} AS BIGINT), CAST({5} AS DOUBLE))", "TIMESTAMP_NTZ_FROM_PARTS", "TIMESTAMP_FROM_PARTS");
        foreach (var (name, type) in new[] { ("DATE", "DATE"), ("TIMESTAMP", "TIMESTAMP"), ("TIMESTAMP_NTZ", "TIMESTAMP"), ("TIMESTAMP_LTZ", "TIMESTAMPTZ"), ("TIMESTAMP_TZ", "TIMESTAMPTZ") })
        {
            all["TO_" + name] = new(1, 2, a => Moment(a, type, false));
            all["TRY_TO_" + name] = new(1, 2, a => Moment(a, type, true));
        }
        all["DATE"] = all["TO_DATE"];

        all["TO_VARCHAR"] = all["TO_CHAR"] = new(1, 2, static a => new(a.Count == 1 ? ExpressionReader.AsText(a[0]) : $"strftime({(a[0].Kind == SqlKind.Text ? $"CAST({a[0]} AS TIMESTAMP)" : a[0].Sql)}, {Dates.Format(a[1])})", SqlKind.Text));
        foreach (var name in new[] { "NUMBER", "DECIMAL", "NUMERIC" }) { all["TO_" + name] = new(1, 3, static a => Number(a, "CAST")); all["TRY_TO_" + name] = new(1, 3, static a => Number(a, "TRY_CAST")); }
        F(SqlKind.Number, 1, 1, "CAST({0} AS DOUBLE)", "TO_DOUBLE"); F(SqlKind.Number, 1, 1, "TRY_CAST({0} AS DOUBLE)", "TRY_TO_DOUBLE"); F(SqlKind.Boolean, 1, 1, "sf_boolean({0t})", "TO_BOOLEAN"); F(SqlKind.Boolean, 1, 1, "sf_try_boolean({0t})", "TRY_TO_BOOLEAN");
        F(SqlKind.Unknown, 1, 1, "sf_binary({0})", "TO_BINARY"); F(SqlKind.Variant, 1, 1, "{0v}", "TO_VARIANT"); F(SqlKind.Text, 1, 1, "CAST({0v} AS VARCHAR)", "TO_JSON");

        F(SqlKind.Variant, 1, 1, "sf_parse_json({0t})", "PARSE_JSON"); F(SqlKind.Variant, 1, 1, "TRY_CAST({0t} AS JSON)", "TRY_PARSE_JSON");
        F(SqlKind.Variant, 0, 255, "json_array({*})", "ARRAY_CONSTRUCT"); all["OBJECT_CONSTRUCT"] = new(0, 254, static a => Object(a, "sf_without_nulls")); all["OBJECT_CONSTRUCT_KEEP_NULL"] = new(0, 254, static a => Object(a, ""));
        F(SqlKind.Number, 1, 1, "(CASE WHEN json_type({0v}) = 'ARRAY' THEN CAST(json_array_length({0v}) AS BIGINT) END)", "ARRAY_SIZE"); F(SqlKind.Boolean, 2, 2, "coalesce(list_contains(CAST({1v} AS JSON[]), {0v}), FALSE)", "ARRAY_CONTAINS");
        F(SqlKind.Variant, 2, 2, "to_json(list_append(CAST({0v} AS JSON[]), {1v}))", "ARRAY_APPEND"); F(SqlKind.Variant, 2, 2, "to_json(list_concat(CAST({0v} AS JSON[]), CAST({1v} AS JSON[])))", "ARRAY_CAT"); F(SqlKind.Variant, 1, 1, "to_json(list_distinct(CAST({0v} AS JSON[])))", "ARRAY_DISTINCT");
        F(SqlKind.Variant, 1, 1, "to_json(json_keys({0v}))", "OBJECT_KEYS"); F(SqlKind.Variant, 2, 2, "sf_get({0v}, {1})", "GET"); F(SqlKind.Variant, 2, 2, "json_extract({0v}, sf_path({1t}))", "GET_PATH"); F(SqlKind.Text, 1, 1, "sf_typeof({0v})", "TYPEOF");
        F(SqlKind.Boolean, 1, 1, "(json_type({0v}) = 'NULL')", "IS_NULL_VALUE"); F(SqlKind.Variant, 1, 1, "CASE WHEN json_type({0v}) = 'NULL' THEN NULL ELSE {0v} END", "STRIP_NULL_VALUE");
        foreach (var (name, kind) in new[] { ("ARRAY", "'ARRAY'"), ("OBJECT", "'OBJECT'"), ("VARCHAR", "'VARCHAR'"), ("CHAR", "'VARCHAR'"), ("BOOLEAN", "'BOOLEAN'"), ("INTEGER", "'BIGINT', 'UBIGINT'") }) F(SqlKind.Boolean, 1, 1, $"(json_type({{0v}}) IN ({kind}))", "IS_" + name);

        F(SqlKind.Text, 3, 3, "translate({0t}, {1t}, {2t})", "TRANSLATE"); F(SqlKind.Text, 1, 1, "repeat(' ', CAST({0} AS BIGINT))", "SPACE"); F(SqlKind.Number, 1, 1, "octet_length(encode({0t}))", "OCTET_LENGTH"); F(SqlKind.Number, 1, 1, "bit_length({0t})", "BIT_LENGTH");
        F(SqlKind.Number, 1, 1, "unicode({0t})", "UNICODE"); F(SqlKind.Number, 1, 1, "({0n} * {0n})", "SQUARE"); F(SqlKind.Text, 4, 4, "(left({0t}, CAST({1} AS BIGINT) - 1) || {3t} || substring({0t}, CAST({1} AS BIGINT) + CAST({2} AS BIGINT)))", "INSERT");
        F(SqlKind.Number, 1, 1, "(~ CAST({0} AS BIGINT))", "BITNOT"); F(SqlKind.Number, 1, 1, "asinh({0n})", "ASINH"); F(SqlKind.Number, 1, 1, "acosh({0n})", "ACOSH"); F(SqlKind.Number, 1, 1, "atanh({0n})", "ATANH"); F(SqlKind.Number, 1, 1, "cot({0n})", "COT");
        F(SqlKind.Text, 2, 2, "array_to_string(CAST({0v} AS VARCHAR[]), {1t})", "ARRAY_TO_STRING"); F(SqlKind.Variant, 2, 2, "to_json(list_prepend({1v}, CAST({0v} AS JSON[])))", "ARRAY_PREPEND"); F(SqlKind.Boolean, 2, 2, "({0} <> {1})", "BOOLXOR");
        F(SqlKind.Number, 2, 2, "array_cosine_similarity({0}, {1})", "VECTOR_COSINE_SIMILARITY"); F(SqlKind.Number, 2, 2, "array_distance({0}, {1})", "VECTOR_L2_DISTANCE"); F(SqlKind.Number, 2, 2, "array_inner_product({0}, {1})", "VECTOR_INNER_PRODUCT");
        F(SqlKind.Number, 2, 2, "CAST(list_sum(list_transform(list_zip(CAST({0} AS FLOAT[]), CAST({1} AS FLOAT[])), p -> abs(p[1] - p[2]))) AS DOUBLE)", "VECTOR_L1_DISTANCE");
        F(SqlKind.Number, 0, 0, "(row_number() OVER () - 1)", "SEQ1", "SEQ2", "SEQ4", "SEQ8");
        return all;

        void Scaled(string name, string engine) => all[name] = new(1, 2, a => new(a.Count == 1 ? $"{engine}({Fill("{0n}", a)})" : engine == "round" ? $"round({Fill("{0n}", a)}, CAST({a[1]} AS INTEGER))"
            : Step(a[1]) is { } step ? $"sf_{(engine == "trunc" ? "trunc_digits" : engine)}({Fill("{0n}", a)}, CAST({a[1]} AS INTEGER), {step})" : $"({engine}({Fill("{0n}", a)} * power(10, {a[1]})) / power(10, {a[1]}))", SqlKind.Number));
        void One(string name, int least, int most, string template) => all[name] = new(least, most, a => { var v = Alike(a); return new(Fill(template, v), Shared(v)); });
    }

    // What lies between two numbers with so many digits behind the point, as a decimal: 0.01 for 2, 100 for -2. Null where their number is no constant.
    private static string? Step(Piece digits) => int.TryParse(digits.Sql.Replace(" ", "", StringComparison.Ordinal).Trim('(', ')'), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) && n is >= -18 and <= 18
        ? n > 0 ? "0." + new string('0', n - 1) + "1" : "1" + new string('0', -n) : null;

    private static Piece Extreme(string name, List<Piece> a)
    {
        var kind = Shared(a);
        var found = kind == SqlKind.Variant ? $"({name}({string.Join(", ", a.Select(static v => $"sf_ranked({v})"))})).v" : $"{name}({Joined(a)})";
        return new($"(CASE WHEN {string.Join(" OR ", a.Select(static v => $"{v} IS NULL"))} THEN NULL ELSE {found} END)", kind);
    }

    private static SqlKind Shared(List<Piece> values)
    {
        var known = values.Where(static v => v.Sql != "NULL").Select(static v => v.Kind).Distinct().ToArray();
        return known.Length == 1 ? known[0] : SqlKind.Unknown;
    }

    private static Piece Moment(List<Piece> a, string type, bool attempt)
    {
        var cast = attempt ? "TRY_CAST" : "CAST";
        if (a[0].Kind == SqlKind.Number) return new(a.Count == 1 ? $"CAST(to_timestamp({a[0]}) AT TIME ZONE 'UTC' AS {type})" : $"CAST(to_timestamp({a[0]} / power(10, {a[1]})) AT TIME ZONE 'UTC' AS {type})", SqlKind.Moment);
        if (a.Count == 1) return new($"{cast}({(a[0].Kind == SqlKind.Variant ? ExpressionReader.AsText(a[0]) : a[0].Sql)} AS {type})", SqlKind.Moment);
        return new($"CAST({(attempt ? "try_strptime" : "strptime")}({ExpressionReader.AsText(a[0])}, {Dates.Format(a[1])}) AS {type})", SqlKind.Moment);
    }

    private static Piece Number(List<Piece> a, string cast)
    {
        if (a.Count > 1 && a.Skip(1).Any(static v => !int.TryParse(v.Sql, NumberStyles.None, CultureInfo.InvariantCulture, out var n) || n > 38)) throw SnowflakeException.Unsupported("a format of a number");
        return new($"{cast}({a[0]} AS DECIMAL({(a.Count > 1 ? a[1].Sql : "38")},{(a.Count > 2 ? a[2].Sql : "0")}))", SqlKind.Number);
    }

    private static Piece Object(List<Piece> a, string around) =>
        a.Count % 2 == 1 ? throw WrongCount("OBJECT_CONSTRUCT") : new($"{around}(json_object({Joined(a)}))", SqlKind.Variant);

    private static Piece Decode(List<Piece> a)
    {
        var sql = new StringBuilder("(CASE");
        var results = Alike([.. Enumerable.Range(0, a.Count).Where(i => i > 1 && (i % 2 == 0 || i == a.Count - 1)).Select(i => a[i])]);
        for (var i = 1; i + 1 < a.Count; i += 2) sql.Append(CultureInfo.InvariantCulture, $" WHEN {a[0]} IS NOT DISTINCT FROM {a[i]} THEN {results[(i - 1) / 2]}");
        if (a.Count % 2 == 0) sql.Append(CultureInfo.InvariantCulture, $" ELSE {results[^1]}");
        return new(sql.Append(" END)").ToString(), Shared(results));
    }

    private static string Fill(string template, List<Piece> a)
    {
        var sql = new StringBuilder();
        for (var i = 0; i < template.Length; i++)
        {
            if (template[i] != '{') { sql.Append(template[i]); continue; }
            var end = template.IndexOf('}', i);
            var slot = template[(i + 1)..end];
            i = end;
            var otherwise = slot.IndexOf('|', StringComparison.Ordinal) is >= 0 and var bar ? slot[(bar + 1)..] : null;
            if (otherwise is not null) slot = slot[..(slot.Length - otherwise.Length - 1)];
            var form = char.IsLetter(slot[^1]) ? slot[^1] : ' ';
            if (slot[0] == '*') sql.Append(string.Join(", ", a.Select(v => Formed(v, form))));
            else if (slot[0] - '0' < a.Count) sql.Append(Formed(a[slot[0] - '0'], form));
            else sql.Append(SqlNames.Literal(otherwise ?? ""));
        }
        return sql.ToString();
    }

    private static string Formed(Piece value, char form) => form switch
    {
        't' => ExpressionReader.AsText(value),
        'n' when value.Kind == SqlKind.Variant => $"CAST({value} AS DOUBLE)",
        'v' when value.Kind != SqlKind.Variant => $"to_json({value})",
        'd' when value.Kind == SqlKind.Text => $"CAST({value} AS TIMESTAMP)",
        _ => value.Sql,
    };
}
