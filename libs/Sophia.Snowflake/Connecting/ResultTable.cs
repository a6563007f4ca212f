using System.Collections;
using System.Data;
using System.Globalization;
using System.Numerics;
using Sophia.Snowflake.Local;

namespace Sophia.Snowflake.Connecting;

/// <summary>A result with the types that Snowflake.Data gives: whole numbers are long, others decimal or double, VARIANT and VECTOR are text.</summary>
internal static class ResultTable
{
    public static DataTable Of(LocalResult result)
    {
        var table = new DataTable { Locale = CultureInfo.InvariantCulture };
        var types = new Type[result.Columns.Count];
        for (var i = 0; i < types.Length; i++)
        {
            types[i] = TypeOf(result, i);
            // Two columns may have one name; a table's may not, so a later one is told apart by its place.
            var name = result.Columns[i].Name;
            table.Columns.Add(table.Columns.Contains(name) || name.Length == 0 ? $"{name}:{i + 1}" : name, types[i]);
        }

        table.BeginLoadData();
        foreach (var row in result.Rows)
        {
            var cells = new object[types.Length];
            for (var i = 0; i < types.Length; i++)
            {
                cells[i] = Cell(row[i], types[i]);
            }

            table.LoadDataRow(cells, fAcceptChanges: true);
        }

        table.EndLoadData();
        return table;
    }

    private static Type TypeOf(LocalResult result, int column) => result.Columns[column].Type switch
    {
        "fixed" when result.Columns[column].Scale == 0 && result.Rows.All(row => IsLong(row[column])) => typeof(long),
        "fixed" => typeof(decimal),
        "real" => typeof(double),
        "boolean" => typeof(bool),
        "date" or "time" or "timestamp_ntz" => typeof(DateTime),
        "timestamp_ltz" or "timestamp_tz" => typeof(DateTimeOffset),
        "binary" => typeof(byte[]),
        _ => typeof(string),
    };

    private static bool IsLong(object? cell) => cell switch
    {
        null => true,
        BigInteger big => big >= long.MinValue && big <= long.MaxValue,
        decimal number => number is >= long.MinValue and <= long.MaxValue,
        ulong number => number <= long.MaxValue,
        _ => true,
    };

    private static object Cell(object? value, Type type) => value switch
    {
        null => DBNull.Value,
        DateOnly date => date.ToDateTime(TimeOnly.MinValue),
        TimeOnly time => DateTime.UnixEpoch + time.ToTimeSpan(),
        DateTime time when type == typeof(DateTimeOffset) => new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc)),
        BigInteger big => type == typeof(long) ? (long)big : (decimal)big,
        Stream stream => Bytes(stream),
        IList list when type == typeof(string) => "[" + string.Join(",", list.Cast<object>().Select(static x => Convert.ToString(x, CultureInfo.InvariantCulture))) + "]",
        _ when type == typeof(string) || type == typeof(byte[]) || value.GetType() == type => value is string or byte[] || value.GetType() == type ? value : Convert.ToString(value, CultureInfo.InvariantCulture)!,
        _ => Convert.ChangeType(value, type, CultureInfo.InvariantCulture),
    };

    private static byte[] Bytes(Stream stream)
    {
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
