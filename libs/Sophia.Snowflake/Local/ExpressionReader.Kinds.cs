namespace Sophia.Snowflake.Local;

/// <summary>What becomes of a value where another kind is wanted.</summary>
internal sealed partial class ExpressionReader
{
    /// <summary>Compares; a VARIANT is read as what stands on the other side.</summary>
    public static Piece Compare(Piece left, string sign, Piece right)
    {
        if (left.Kind == SqlKind.Variant && right.Kind != SqlKind.Variant) left = Alike(left, right, sign);
        else if (right.Kind == SqlKind.Variant && left.Kind != SqlKind.Variant) right = Alike(right, left, sign);
        return new($"({Ordered(left)} {sign} {Ordered(right)})", SqlKind.Boolean);
    }

    /// <summary>As something that has an order: a VARIANT's numbers stand by their size, and not by their digits.</summary>
    public static string Ordered(Piece value) => value.Kind == SqlKind.Variant ? $"sf_order({value})" : value.Sql;

    /// <summary>A VARIANT that a group has one of, as an order of its groups may be made of it: by GROUP BY ALL the engine takes aggregates alone there.</summary>
    public static Piece OfGroup(Piece value) => value.Kind == SqlKind.Variant && !Quotients.IsGrouped(value) ? value with { Sql = $"any_value({value})" } : value;

    private static Piece Alike(Piece variant, Piece other, string sign) => other.Kind switch
    {
        SqlKind.Text => new(AsText(variant), SqlKind.Text),
        SqlKind.Number => new($"CAST({variant} AS DOUBLE)", SqlKind.Number),
        SqlKind.Boolean => new($"CAST({variant} AS BOOLEAN)", SqlKind.Boolean),
        SqlKind.Moment => new($"CAST({AsText(variant)} AS TIMESTAMP)", SqlKind.Moment),
        _ when other.Sql == "NULL" => variant,
        _ => throw SnowflakeException.Unsupported($"a VARIANT {sign} a value whose type the statement does not show; cast the VARIANT"),
    };

    /// <summary>As a number: a VARIANT becomes a double.</summary>
    public static Piece Counted(Piece piece) => piece.Kind == SqlKind.Variant ? new($"CAST({piece} AS DOUBLE)", SqlKind.Number) : piece;

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
}
