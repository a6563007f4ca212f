using System.Globalization;
using System.Text.Json;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Snowflake.Local.Remote;

/// <summary>Reads {"data":[[0,value],[1,value]]}: one row for each that was sent, with its number, in any order that numbers them all once.</summary>
internal sealed class FunctionAnswer(ExternalFunction function)
{
    /// <summary>The error of an answer that is not what the protocol says.</summary>
    public static SnowflakeException Wrong(ExternalFunction function, string what) =>
        new("100351", "P0000", $"Error parsing the response of external function {function.Name}: {what}.");

    /// <summary>A wrong Content-MD5 fails the statement, as in Snowflake; none is not asked for.</summary>
    public static void CheckMd5(ExternalFunction function, byte[]? sent, ReadOnlySpan<byte> body)
    {
        if (sent is not null && Convert.ToBase64String(sent) != RowAnswers.ContentMd5(body)) throw Wrong(function, "its Content-MD5 is not that of the body");
    }

    /// <returns>For each row JSON where the function returns a VARIANT, ARRAY or OBJECT, otherwise the text of the value; null for null.</returns>
    public string?[] Read(byte[] body, int rows)
    {
        try
        {
            var isJson = ExternalFunction.TypeOf(function.Returns).Kind == SqlKind.Variant;
            using var document = JsonDocument.Parse(body, FunctionRequest.Deep);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Array)
                throw Wrong(function, "the top-level JSON object must contain a \"data\" JSON array element");
            if (data.GetArrayLength() != rows) throw Wrong(function, string.Create(CultureInfo.InvariantCulture, $"{data.GetArrayLength()} rows came back and {rows} were sent"));
            var values = new string?[rows];
            var seen = new bool[rows];
            foreach (var row in data.EnumerateArray())
            {
                if (row.ValueKind != JsonValueKind.Array || row.GetArrayLength() != 2) throw Wrong(function, "a row is no array of its number and its value");
                if (!row[0].TryGetInt32(out var number) || number < 0 || number >= rows || seen[number]) throw Wrong(function, $"a row has the number {row[0].GetRawText()}, which was not sent or came before");
                seen[number] = true;
                values[number] = row[1].ValueKind == JsonValueKind.Null ? null : isJson || row[1].ValueKind != JsonValueKind.String ? row[1].GetRawText() : row[1].GetString();
            }

            return values;
        }
        catch (JsonException error)
        {
            throw Wrong(function, $"it is not JSON ({error.Message})");
        }
        catch (InvalidOperationException)
        {
            throw Wrong(function, "a text in it is no Unicode");
        }
    }
}
