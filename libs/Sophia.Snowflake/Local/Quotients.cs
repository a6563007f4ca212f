using System.Globalization;

namespace Sophia.Snowflake.Local;

/// <summary>
/// What a division gives: of decimals one with six digits more behind the point than the first operand has, at most twelve unless that one
/// has more (docs.snowflake.com, "Arithmetic operators"); of others a double.
/// </summary>
internal static class Quotients
{
    /// <summary>
    /// Stands before an aggregate or window function, for the engine a comment. It does not know the type of such a value when it chooses
    /// among macros of one name, and would take a wrong one: a quotient of it is a double, rounded to the scale that Snowflake's has.
    /// </summary>
    public const string Grouped = "/*grouped*/";

    public static Piece Of(Piece left, Piece right)
    {
        if (left.Scale is not null && right.Scale is not null)
        {
            var scale = Scale(left);
            return new($"CAST(sf_quotient({left}, {right}, {scale}) AS DECIMAL(38,{scale}))", SqlKind.Number, int.Parse(scale, CultureInfo.InvariantCulture));
        }
        if (IsGrouped(left) || IsGrouped(right)) return new($"sf_quotient({Typed(left)}, {Typed(right)}, {Scale(left)})", SqlKind.Number);
        return new($"sf_div({left}, {right}, {Scale(left)})", SqlKind.Number);
    }

    public static bool IsGrouped(Piece piece) => piece.Sql.Contains(Grouped, StringComparison.Ordinal);

    // A bound value beside a number would be taken for a whole one.
    private static string Typed(Piece piece) => piece.Sql[0] == '$' ? $"CAST({piece} AS DOUBLE)" : piece.Sql;

    /// <summary>The scale of a quotient of this, as an expression of the engine's: it knows a column's type when it reads the statement.</summary>
    public static string Scale(Piece left)
    {
        if (left.Scale is { } digits) return Math.Max(digits, Math.Min(digits + 6, 12)).ToString(CultureInfo.InvariantCulture);
        // An operand stands in its own scale once more: never one that holds a quotient, so that a long chain stays short; nor a bound value, which has no type yet.
        var plain = left.Sql.Length < 500 && !left.Sql.Contains("sf_div", StringComparison.Ordinal) && !left.Sql.Contains("sf_quotient", StringComparison.Ordinal) && !left.Sql.Contains('$', StringComparison.Ordinal) && !left.Sql.Contains("SELECT", StringComparison.Ordinal);
        return plain ? $"sf_quotient_scale(typeof({left}))" : "12";
    }

    /// <summary>Of a constant; null where it is a double.</summary>
    public static int? ScaleOf(string number) => number.Contains('e', StringComparison.OrdinalIgnoreCase) ? null : number.IndexOf('.', StringComparison.Ordinal) is >= 0 and var point ? number.Length - point - 1 : 0;

    public static int? ScaleOf(SqlType type) =>
        type.Engine.StartsWith("DECIMAL(", StringComparison.Ordinal) ? int.Parse(type.Engine.AsSpan(type.Engine.IndexOf(',', StringComparison.Ordinal) + 1).TrimEnd(')'), CultureInfo.InvariantCulture) : null;
}
