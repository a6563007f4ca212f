using System.Text;
using System.Text.Json;
using Sophia.Memory.Records;

namespace Sophia.Memory.Cortex.Eviction;

/// <summary>
/// What a hit of a kept record saves: the dollars of its call (AI credits at their price among them), and a billionth of one for
/// each millisecond that the model took, so that answers of models without a price are weighed by the time that they save.
/// </summary>
internal static class AnswerSaving
{
    private const string DollarsAttribute = "nanoDollars";
    private const string TimeAttribute = "modelMs";

    /// <summary>For a record whose content does not say it: attributes, as JSON.</summary>
    public static byte[] Attributes(Cost cost, TimeSpan took) => Encoding.UTF8.GetBytes(
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $$"""{"{{DollarsAttribute}}":{{cost.NanoDollars}},"{{TimeAttribute}}":{{(long)took.TotalMilliseconds}}}"""));

    /// <summary>Billionths of a dollar; 0 where the record does not say.</summary>
    public static double Of(MemoryRecord record) => record.ContentType == KeptAnswer.ContentType
        ? Read(record.Content.Span, "nanoDollars", "latencyMs")
        : record.Attributes.IsEmpty ? 0 : Read(record.Attributes.Span, DollarsAttribute, TimeAttribute);

    // Without making the answer's text, which may be long: that would cost more than all the rest.
    private static double Read(ReadOnlySpan<byte> json, ReadOnlySpan<char> dollars, ReadOnlySpan<char> milliseconds)
    {
        var saving = 0.0;
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                var counts = reader.ValueTextEquals(dollars) || reader.ValueTextEquals(milliseconds);
                reader.Read();
                saving += counts && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) ? number : 0;
                reader.TrySkip();
            }
        }

        return saving;
    }
}
