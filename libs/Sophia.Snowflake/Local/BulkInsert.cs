using System.Text.RegularExpressions;

namespace Sophia.Snowflake.Local;

/// <summary>
/// An INSERT of nothing but bound values, for many rows: the rows are bound as one list for each column and unnested, which is some
/// tens of times as fast as a statement for each row.
/// </summary>
internal static partial class BulkInsert
{
    public const int Rows = 2_000;

    /// <summary>The statement that takes a list for each column; null where this one is no such INSERT, or a column's values are of several types.</summary>
    /// <param name="engine">The engine's statement.</param>
    public static string? Of(string engine, IReadOnlyList<object?[]> rows)
    {
        if (rows.Count < 2 || PlainValues().Match(engine) is not { Success: true } values) return null;
        var marks = values.Groups["marks"].Value.Split(", ");
        for (var i = 0; i < marks.Length; i++)
        {
            if (marks[i] != $"${i + 1}") return null;
        }
        var columns = new string[marks.Length];
        for (var i = 0; i < columns.Length; i++)
        {
            if (TypeOf(rows, i) is not { } type) return null;
            columns[i] = $"unnest(CAST(${i + 1} AS {type}[]))";
        }
        return $"{engine[..values.Index]}SELECT {string.Join(", ", columns)}";
    }

    public static object[] Lists(IReadOnlyList<object?[]> rows, int from, int count, int columns)
    {
        var lists = new object[columns];
        for (var i = 0; i < columns; i++)
        {
            lists[i] = TypeOf(rows, i) switch
            {
                "BIGINT" => Column<long?>(rows, from, count, i),
                "DOUBLE" => Column<double?>(rows, from, count, i),
                "BOOLEAN" => Column<bool?>(rows, from, count, i),
                _ => Column<string?>(rows, from, count, i),
            };
        }
        return lists;
    }

    /// <summary>
    /// The session's own table into whose columns, all of them and each texts or vectors, the rows go as they are: rows are appended to it
    /// without a statement, many times as fast as lists. Null for any other.
    /// </summary>
    public static (string Table, IReadOnlyList<StageAppender.Column> Columns)? StageOf(string engine, IReadOnlyList<object?[]> rows, Func<string, IReadOnlyList<StageAppender.Column>> columnsOf)
    {
        if (rows.Count < 2 || Into().Match(engine) is not { Success: true } into || into.Groups["marks"].Value.Split(", ") is not { } marks) return null;
        var names = into.Groups["columns"].Value.Split(", ").Select(static c => c.Trim().Trim('"')).ToArray();
        for (var i = 0; i < marks.Length; i++)
        {
            if (marks[i] != $"${i + 1}") return null;
        }
        var table = into.Groups["table"].Value;
        if (names.Length != marks.Length || columnsOf(table) is not { } columns || !names.SequenceEqual(columns.Select(static c => c.Name))) return null;
        foreach (var row in rows)
        {
            if (row.Length < columns.Count) return null;
            for (var i = 0; i < columns.Count; i++)
            {
                if (columns[i].Elements == 0 ? row[i] is not (null or string) : row[i] is not float[] vector || vector.Length != columns[i].Elements) return null;
            }
        }
        return (table, columns);
    }

    private static List<T> Column<T>(IReadOnlyList<object?[]> rows, int from, int count, int column)
    {
        var values = new List<T>(count);
        for (var i = from; i < from + count; i++) values.Add((T)rows[i][column]!);
        return values;
    }

    private static string? TypeOf(IReadOnlyList<object?[]> rows, int column)
    {
        Type? type = null;
        foreach (var row in rows)
        {
            if (column >= row.Length || row[column] is not { } value) continue;
            if (type is not null && value.GetType() != type) return null;
            type = value.GetType();
        }
        return type is null || type == typeof(string) ? "VARCHAR" : type == typeof(long) ? "BIGINT" : type == typeof(double) ? "DOUBLE" : type == typeof(bool) ? "BOOLEAN" : null;
    }

    [GeneratedRegex(@"\AINSERT INTO ""(?<table>[A-Z0-9_]+)"" ?\((?<columns>[^()]+)\) VALUES \((?<marks>\$\d+(, \$\d+)*)\)\z")]
    private static partial Regex Into();

    [GeneratedRegex(@"(?<=\AINSERT INTO [^()']+(\([^()']*\))? )VALUES \((?<marks>\$\d+(, \$\d+)*)\)\z")]
    private static partial Regex PlainValues();
}
