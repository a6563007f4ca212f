using System.Globalization;

namespace Sophia.Snowflake.Local;

/// <summary>What is known of a value when its statement is read.</summary>
internal enum SqlKind { Unknown, Text, Number, Boolean, Variant, Moment, Vector }

/// <summary>A piece of a statement in the engine's words.</summary>
/// <param name="Scale">Digits behind the point of a decimal, where the statement shows them.</param>
internal readonly record struct Piece(string Sql, SqlKind Kind = SqlKind.Unknown, int? Scale = null)
{
    public override string ToString() => Sql;
}

/// <summary>A type as it was declared.</summary>
/// <param name="Name">Snowflake's form, with what it fills in: NUMBER(38,0), VARCHAR(50), VECTOR(FLOAT, 3).</param>
/// <param name="Engine">The engine's type.</param>
internal sealed record SqlType(string Name, string Engine, SqlKind Kind, int Length = 0)
{
    public static SqlType Read(SqlCursor at)
    {
        var word = at.Take();
        if (word.Kind != SqlTokenKind.Word) throw SnowflakeException.Syntax($"syntax error: '{word.Text}' is no type.");
        var name = word.Text.ToUpperInvariant();
        switch (name)
        {
            case "NUMBER" or "NUMERIC" or "DECIMAL" or "DEC":
            {
                var (precision, scale) = (38, 0);
                if (at.Try("("))
                {
                    precision = Whole(at, 1, 38, "The precision of a NUMBER");
                    if (at.Try(",")) scale = Whole(at, 0, Math.Min(37, precision), "The scale of a NUMBER");
                    at.Expect(")");
                }
                return new($"NUMBER({precision},{scale})", $"DECIMAL({precision},{scale})", SqlKind.Number);
            }
            case "INT" or "INTEGER" or "BIGINT" or "SMALLINT" or "TINYINT" or "BYTEINT": return new("NUMBER(38,0)", "DECIMAL(38,0)", SqlKind.Number);
            case "DOUBLE": at.Try("PRECISION"); return new("FLOAT", "DOUBLE", SqlKind.Number);
            case "FLOAT" or "FLOAT4" or "FLOAT8" or "REAL": return new("FLOAT", "DOUBLE", SqlKind.Number);
            case "VARCHAR" or "STRING" or "TEXT" or "NVARCHAR" or "CHAR" or "CHARACTER" or "NCHAR":
            {
                var length = Limit(at, 134_217_728);
                if (length == 0) length = name is "CHAR" or "CHARACTER" or "NCHAR" ? 1 : 16_777_216;
                return new($"VARCHAR({length})", "VARCHAR", SqlKind.Text, length == 16_777_216 ? 0 : length);
            }
            case "BOOLEAN": return new("BOOLEAN", "BOOLEAN", SqlKind.Boolean);
            case "DATE": return new("DATE", "DATE", SqlKind.Moment);
            case "TIME": Limit(at, 9); return new("TIME(9)", "TIME", SqlKind.Moment);
            case "TIMESTAMP" or "TIMESTAMP_NTZ" or "TIMESTAMPNTZ" or "DATETIME": Limit(at, 9, 0); return new("TIMESTAMP_NTZ(9)", "TIMESTAMP", SqlKind.Moment);
            case "TIMESTAMP_LTZ" or "TIMESTAMPLTZ": Limit(at, 9, 0); return new("TIMESTAMP_LTZ(9)", "TIMESTAMPTZ", SqlKind.Moment);
            case "TIMESTAMP_TZ" or "TIMESTAMPTZ": Limit(at, 9, 0); return new("TIMESTAMP_TZ(9)", "TIMESTAMPTZ", SqlKind.Moment);
            case "BINARY" or "VARBINARY": Limit(at, 67_108_864); return new("BINARY(8388608)", "BLOB", SqlKind.Unknown);
            case "VARIANT" or "OBJECT" or "ARRAY":
                if (at.Is("(")) throw SnowflakeException.Unsupported($"a structured {name}");
                return new(name, "JSON", SqlKind.Variant);
            case "VECTOR":
            {
                at.Expect("(");
                var element = at.Try("FLOAT") ? "FLOAT" : at.Try("INT") ? "INT" : throw SnowflakeException.Syntax("A VECTOR's elements are FLOAT or INT.");
                at.Expect(",");
                var dimension = Whole(at, 1, 4096, "The dimension of a VECTOR");
                at.Expect(")");
                return new($"VECTOR({element}, {dimension})", $"{(element == "INT" ? "INTEGER" : element)}[{dimension}]", SqlKind.Vector, dimension);
            }
            case "GEOGRAPHY" or "GEOMETRY" or "MAP" or "FILE" or "DECFLOAT": throw SnowflakeException.Unsupported($"the type {name}");
            default: throw new SnowflakeException("002040", "42601", $"SQL compilation error:\nUnsupported data type '{name}'.");
        }
    }

    private static int Limit(SqlCursor at, int most, int least = 1)
    {
        if (!at.Try("(")) return 0;
        var length = Whole(at, least, most, "The length of a type");
        at.Expect(")");
        return length;
    }

    public static int Whole(SqlCursor at, int least, int most, string what)
    {
        var token = at.Take();
        return token.Kind == SqlTokenKind.Number && int.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw SnowflakeException.Syntax($"{what} is a whole number from {least} to {most}, not '{token.Text}'.");
    }
}
