using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Sophia.Snowflake.Local;

namespace Sophia.SnowflakeEmulator.Queries;

/// <summary>The bound values of a request: <c>{"1":{"type":"FIXED","value":"7"}}</c>; with a list as value, one set for each element.</summary>
internal static class Binds
{
    private const int MaxBinds = 65_536;

    /// <returns>Sets of values, each in the order of the marks; none where nothing is bound.</returns>
    /// <exception cref="SnowflakeException">A value is not of its type.</exception>
    public static IReadOnlyList<object?[]> Read(JsonElement bindings)
    {
        if (bindings.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null) return [];
        if (bindings.ValueKind != JsonValueKind.Object) throw new MalformedRequestException("bindings must be an object.");
        var columns = new SortedDictionary<int, object?[]>();
        foreach (var bind in bindings.EnumerateObject())
        {
            var name = RequestBody.Whole(() => bind.Name, "The name of a binding");
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var at) || at is < 1 or > MaxBinds)
                throw new MalformedRequestException($"A binding is named by its place, from 1 to {MaxBinds}, not {name}.");
            var type = bind.Value.Text("type") ?? throw new MalformedRequestException($"Binding {at} has no type.");
            var value = bind.Value.Member("value");
            columns[at] = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(v => Value(type, v))] : [Value(type, value)];
        }
        if (columns.Count == 0) return [];
        var rows = columns.Values.First().Length;
        if (columns.Values.Any(c => c.Length != rows)) throw new MalformedRequestException("Bound lists must be of one length.");
        var last = columns.Keys.Last();
        if (last != columns.Count) throw new SnowflakeException("002049", "42601", $"SQL compilation error:\nBind variable :{Enumerable.Range(1, last).First(i => !columns.ContainsKey(i))} not set.");
        return [.. Enumerable.Range(0, rows).Select(row => columns.Values.Select(c => c[row]).ToArray())];
    }

    private static object? Value(string type, JsonElement value)
    {
        if (value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined) return null;
        var text = value.ValueKind == JsonValueKind.String ? RequestBody.Whole(value.GetString, "A bound value")! : value.GetRawText();
        try
        {
            return type.ToUpperInvariant() switch
            {
                "FIXED" => Fixed(text),
                "REAL" => Real(text),
                "BOOLEAN" => text is "1" || (text is not "0" && bool.Parse(text)),
                "DATE" => DateOnly.FromDateTime(DateTime.UnixEpoch.AddMilliseconds(long.Parse(text, CultureInfo.InvariantCulture))),
                "TIME" => TimeOnly.MinValue.Add(Nanoseconds(text)),
                "TIMESTAMP_NTZ" => DateTime.SpecifyKind(DateTime.UnixEpoch + Nanoseconds(text), DateTimeKind.Unspecified),
                "TIMESTAMP_LTZ" => new DateTimeOffset(DateTime.UnixEpoch) + Nanoseconds(text),
                "TIMESTAMP_TZ" => new DateTimeOffset(DateTime.UnixEpoch) + Nanoseconds(text.Split(' ')[0]),
                "BINARY" => Convert.FromHexString(text),
                "TEXT" or "VARIANT" or "OBJECT" or "ARRAY" => text,
                _ => throw SnowflakeException.Unsupported($"a bound value of type {type}"),
            };
        }
        catch (Exception error) when (error is FormatException or OverflowException or ArgumentOutOfRangeException)
        {
            throw new SnowflakeException("100038", "22018", $"The bound value '{(text.Length > 100 ? text[..100] + "…" : text)}' is not recognized as {type}.", error);
        }
    }

    // Infinity by Snowflake's name, beside .NET's and JavaScript's.
    private static double Real(string text) => text.ToUpperInvariant() switch
    {
        "INF" => double.PositiveInfinity,
        "-INF" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    private static object Fixed(string text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)) return number;
        return text.Length <= 40 && BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var big)
            ? big
            : decimal.Parse(text, NumberStyles.Number, CultureInfo.InvariantCulture);
    }

    private static TimeSpan Nanoseconds(string text) => TimeSpan.FromTicks(long.Parse(text, CultureInfo.InvariantCulture) / 100);
}
