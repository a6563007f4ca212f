namespace Sophia.Snowflake.Local;

/// <summary>Snowflake's functions that the engine has not, in its own words; they stand in memory.main.</summary>
internal static class EngineMacros
{
    public static readonly string[] All =
    [
        "sf_text(x) AS CASE typeof(x) WHEN 'JSON' THEN CAST(x AS JSON) ->> '$' WHEN 'TIMESTAMP' THEN strftime(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g') WHEN 'DOUBLE' THEN regexp_replace(CAST(x AS VARCHAR), '\\.0$', '') WHEN 'BLOB' THEN hex(TRY_CAST(CAST(x AS VARCHAR) AS BLOB)) ELSE CAST(x AS VARCHAR) END",
        // The third is the scale that a decimal quotient is rounded to; that of the first operand says which (docs.snowflake.com, "Arithmetic operators").
        "sf_div(a DOUBLE, b DOUBLE, s) AS CASE WHEN b = 0 THEN error('Division by zero') ELSE a / b END, " + string.Join(", ", new[] { "BIGINT", "HUGEINT", "DECIMAL(38,10)" }.Select(static t => $"(a {t}, b {t}, s) AS CASE WHEN b = 0 THEN error('Division by zero') ELSE CAST(round(a / b, CAST(s AS INTEGER)) AS DECIMAL(38,12)) END")),
        "sf_quotient(a, b, s) AS CASE WHEN b = 0 THEN error('Division by zero') WHEN typeof(a) IN ('DOUBLE', 'FLOAT') OR typeof(b) IN ('DOUBLE', 'FLOAT') THEN a / b ELSE round(a / b, CAST(s AS INTEGER)) END",
        "sf_quotient_scale(t) AS CASE WHEN starts_with(t, 'DECIMAL') THEN greatest(CAST(regexp_extract(t, ',([0-9]+)', 1) AS INTEGER), least(CAST(regexp_extract(t, ',([0-9]+)', 1) AS INTEGER) + 6, 12)) ELSE 6 END",
        "sf_mod(a, b) AS CASE WHEN b = 0 THEN error('Division by zero') ELSE a % b END",
        "sf_get(v, k) AS json_extract(v, CASE WHEN typeof(k) = 'VARCHAR' THEN '$.\"' || k || '\"' ELSE '$[' || k || ']' END)",
        "sf_element(p, kind, k) AS CASE WHEN kind = 'ARRAY' THEN p || '[' || k || ']' WHEN p = '' THEN k ELSE p || '.' || k END",
        "sf_tree_path(p, k) AS CASE WHEN p <> '' THEN p || substr(k, 2) WHEN starts_with(k, '$.') THEN substr(k, 3) ELSE substr(k, 2) END",
        "sf_path(t) AS CASE WHEN starts_with(t, '[') THEN '$' || t ELSE '$.' || t END",
        "sf_typeof(v) AS CASE json_type(v) WHEN 'BIGINT' THEN 'INTEGER' WHEN 'UBIGINT' THEN 'INTEGER' WHEN 'DOUBLE' THEN 'DECIMAL' WHEN 'NULL' THEN 'NULL_VALUE' ELSE json_type(v) END",
        // What stands for a VARIANT in an order: its kind, its number, its text. Numbers as doubles, and what a whole one has beyond its double; of several kinds it is an order of the engine's own.
        "sf_order(v) AS CASE WHEN v IS NOT NULL THEN {'kind': CASE json_type(v) WHEN 'NULL' THEN 0 WHEN 'BOOLEAN' THEN 1 WHEN 'BIGINT' THEN 2 WHEN 'UBIGINT' THEN 2 WHEN 'HUGEINT' THEN 2 WHEN 'DOUBLE' THEN 2 WHEN 'VARCHAR' THEN 3 ELSE 4 END, 'number': CASE WHEN json_type(v) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') THEN CAST(v AS DOUBLE) ELSE 0 END, 'rest': CASE WHEN json_type(v) IN ('BIGINT', 'UBIGINT') THEN CAST(v AS HUGEINT) - CAST(CAST(v AS DOUBLE) AS HUGEINT) ELSE 0 END, 'text': CASE WHEN json_type(v) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') THEN '' ELSE v ->> '$' END} END",
        "sf_ranked(v) AS CASE WHEN v IS NOT NULL THEN {'k': sf_order(v), 'v': v} END",
        "sf_binary(x) AS CASE WHEN typeof(x) = 'BLOB' THEN CAST(CAST(x AS VARCHAR) AS BLOB) ELSE unhex(CAST(x AS VARCHAR)) END",
        "sf_try_boolean(t) AS CASE WHEN lower(t) IN ('true', 't', 'yes', 'y', 'on', '1') THEN TRUE WHEN lower(t) IN ('false', 'f', 'no', 'n', 'off', '0') THEN FALSE END",
        "sf_boolean(t) AS CASE WHEN lower(t) IN ('true', 't', 'yes', 'y', 'on', '1') THEN TRUE WHEN lower(t) IN ('false', 'f', 'no', 'n', 'off', '0') THEN FALSE ELSE CAST(t AS BOOLEAN) END",
        "sf_without_nulls(j) AS (SELECT coalesce(json_group_object(key, value), json_object()) FROM json_each(j) WHERE type <> 'NULL')",
        "sf_to_month_end(d, e) AS CASE WHEN d = last_day(d) THEN CAST(day(last_day(e)) - day(e) AS INTEGER) ELSE 0 END",
        "sf_add_days(d DATE, i INTERVAL) AS CAST(d + i AS DATE), (d TIMESTAMP, i INTERVAL) AS d + i, (d TIMESTAMPTZ, i INTERVAL) AS d + i",
        "sf_add_to_moment(d, i) AS d + i",
        "sf_trunc(p, d DATE) AS CAST(date_trunc(p, d) AS DATE), (p, d TIMESTAMP) AS date_trunc(p, d), (p, d TIMESTAMPTZ) AS date_trunc(p, d)",
        "sf_substr(s, i) AS substring(s, CASE WHEN i = 0 THEN 1 ELSE i END), (s, i, n) AS substring(s, CASE WHEN i = 0 THEN 1 ELSE i END, CASE WHEN n < 0 THEN 0 ELSE n END)",
        "sf_split_part(s, d, n) AS split_part(s, d, CASE WHEN n = 0 THEN 1 ELSE n END)",
        // By a decimal's own steps: a power of ten is a double, and 1.15 times a hundred less than 115.
        "sf_floor(x, n, step) AS round(round(x, n) - CASE WHEN round(x, n) > x THEN step ELSE 0 END, n)",
        "sf_ceil(x, n, step) AS round(round(x, n) + CASE WHEN round(x, n) < x THEN step ELSE 0 END, n)",
        "sf_trunc_digits(x, n, step) AS round(round(x, n) + CASE WHEN x > 0 AND round(x, n) > x THEN -step WHEN x < 0 AND round(x, n) < x THEN step ELSE 0 END, n)",
        // From the last day of a month to the last day of another.
        "sf_add_months(d DATE, n) AS CAST(d + to_months(n) + to_days(sf_to_month_end(CAST(d AS DATE), CAST(d + to_months(n) AS DATE))) AS DATE), " + string.Join(", ", new[] { "TIMESTAMP", "TIMESTAMPTZ" }.Select(static t => $"(d {t}, n) AS d + to_months(n) + to_days(sf_to_month_end(CAST(d AS DATE), CAST(d + to_months(n) AS DATE)))")),
        "sf_parse_json(t) AS CAST(t AS JSON)",
    ];
}
