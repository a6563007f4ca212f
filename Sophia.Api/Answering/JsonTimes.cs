using System.Text.Json;
using Sophia.Api.Reading;

namespace Sophia.Api.Answering;

/// <summary>Times in answers: UTC and milliseconds.</summary>
internal static class JsonTimes
{
    public static void WriteTime(this Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is not { } at)
        {
            json.WriteNull(name);
            return;
        }

        Span<byte> text = stackalloc byte[24];
        json.WriteString(name, text[..Times.Format(at, text)]);
    }
}
