namespace Sophia.Snowflake.Local;

/// <summary>A column of a result.</summary>
/// <param name="Type">The drivers' name: fixed, real, text, boolean, date, time, timestamp_ntz, timestamp_tz, binary, array, object, vector.</param>
/// <param name="Dimension">Elements of a vector, otherwise 0.</param>
public sealed record LocalColumn(string Name, string Type, int Precision = 0, int Scale = 0, int Dimension = 0);

/// <summary>What one statement gave: rows, or one row of counts or of a status.</summary>
/// <param name="Rows">
/// Each as long as <paramref name="Columns"/>; null, or the value: integers, <see cref="decimal"/>, <see cref="double"/>, <see cref="bool"/>, <see cref="string"/>,
/// <see cref="DateOnly"/>, <see cref="TimeOnly"/>, <see cref="DateTime"/>, byte[], or a list of elements.
/// </param>
/// <param name="StatementType">The drivers' number of the kind of statement: 0x1000 a query, 0x3100 an insert.</param>
public sealed record LocalResult(IReadOnlyList<LocalColumn> Columns, IReadOnlyList<object?[]> Rows, int StatementType)
{
    public static LocalResult Status(int statementType, string text = "Statement executed successfully.") =>
        new([new("status", "text")], [[text]], statementType);
}
