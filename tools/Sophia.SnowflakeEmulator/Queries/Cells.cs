using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sophia.Snowflake.Local;

namespace Sophia.SnowflakeEmulator.Queries;

/// <summary>Columns and values in the form in which rows travel: every value a text, or null.</summary>
internal static class Cells
{
    public static JsonObject RowType(LocalColumn column)
    {
        var type = new JsonObject
        {
            ["name"] = column.Name, ["database"] = "", ["schema"] = "", ["table"] = "", ["type"] = column.Type, ["nullable"] = true,
            ["precision"] = column.Type == "fixed" ? column.Precision : null,
            ["scale"] = column.Type is "fixed" or "time" or "timestamp_ntz" or "timestamp_tz" ? column.Scale : null,
            ["length"] = column.Type is "text" or "binary" ? (column.Dimension > 0 ? column.Dimension : 16_777_216) : null,
            ["byteLength"] = column.Type is "text" or "binary" ? 16_777_216 : null,
        };
        if (column.Type == "vector")
        {
            type["vectorDimension"] = column.Dimension;
            type["fields"] = new JsonArray(new JsonObject { ["type"] = "real", ["nullable"] = true });
        }
        return type;
    }

    public static string? Text(LocalColumn column, object? value) => value switch
    {
        null => null,
        bool flag => flag ? "1" : "0",
        string text => text,
        DateOnly date => (date.DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber).ToString(CultureInfo.InvariantCulture),
        TimeOnly time => Seconds(time.Ticks),
        DateTime moment when column.Type == "date" => ((long)Math.Floor((moment.Date - DateTime.UnixEpoch).TotalDays)).ToString(CultureInfo.InvariantCulture),
        // 1440 stands for UTC.
        DateTime moment when column.Type == "timestamp_tz" => Seconds(moment.Ticks - DateTime.UnixEpoch.Ticks) + " 1440",
        DateTime moment => Seconds(moment.Ticks - DateTime.UnixEpoch.Ticks),
        DateTimeOffset moment => Seconds(moment.UtcTicks - DateTime.UnixEpoch.Ticks) + " 1440",
        byte[] bytes => Convert.ToHexString(bytes),
        Stream stream => Hex(stream),
        double number => Real(number),
        float number => Real(number),
        IEnumerable list => JsonSerializer.Serialize(list.Cast<object?>()),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw SnowflakeException.Unsupported($"a value of type {value.GetType().Name}"),
    };

    private static string Seconds(long ticks) => (ticks / 10_000_000m).ToString("F9", CultureInfo.InvariantCulture);

    private static string Real(double number) => double.IsPositiveInfinity(number) ? "inf" : double.IsNegativeInfinity(number) ? "-inf" : number.ToString("R", CultureInfo.InvariantCulture);

    private static string Hex(Stream stream)
    {
        using (stream)
        {
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            return Convert.ToHexString(copy.ToArray());
        }
    }
}
