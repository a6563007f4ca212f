using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Sophia.Gpu.Models;

/// <summary>Reads the answer of /v1/embeddings: {"data":[{"index":0,"embedding":base64 or [numbers]}]}.</summary>
internal static class EmbeddingAnswer
{
    private const int MostCodeChars = 60;

    /// <summary>The vectors in the order of the texts.</summary>
    /// <exception cref="ModelCallException">It is not such an answer, or a text has no vector.</exception>
    public static GeneratedEmbeddings<Embedding<float>> Read(byte[] body, int texts)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var vectors = new float[]?[texts];
            var place = 0;
            foreach (var item in document.RootElement.GetProperty("data").EnumerateArray())
            {
                var index = item.TryGetProperty("index", out var stated) && stated.ValueKind == JsonValueKind.Number ? stated.GetInt32() : place;
                if (index < 0 || index >= texts || vectors[index] is not null)
                {
                    throw Unreadable($"it has a vector at place {index} for {texts} texts, or two at one place");
                }

                vectors[index] = Vector(item.GetProperty("embedding"));
                place++;
            }

            return place == texts
                ? new GeneratedEmbeddings<Embedding<float>>(vectors.Select(vector => new Embedding<float>(vector!)))
                : throw Unreadable($"{texts} texts were given and {place} vectors came back");
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Unreadable("it is not JSON of the form {\"data\":[{\"index\",\"embedding\"}]}");
        }
    }

    /// <summary>The error's code or type; null when there is none or it is not a word.</summary>
    public static string? ErrorCode(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement is not { ValueKind: JsonValueKind.Object } root || !root.TryGetProperty("error", out var error) || error.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            var code = Text(error, "code") ?? Text(error, "type");
            return code is { Length: > 0 and <= MostCodeChars } && code.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') ? code : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement error, string name) =>
        error.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static float[] Vector(JsonElement embedding)
    {
        if (embedding.ValueKind != JsonValueKind.String)
        {
            var numbers = new float[embedding.GetArrayLength()];
            var i = 0;
            foreach (var number in embedding.EnumerateArray())
            {
                numbers[i++] = number.GetSingle();
            }

            return numbers;
        }

        var bytes = embedding.GetBytesFromBase64();
        if (bytes.Length % sizeof(float) != 0)
        {
            throw Unreadable($"a vector has {bytes.Length} bytes, which are no whole floats");
        }

        var vector = new float[bytes.Length / sizeof(float)];
        for (var i = 0; i < vector.Length; i++)
        {
            vector[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)));
        }

        return vector;
    }

    private static ModelCallException Unreadable(string why) => new($"its answer cannot be read: {why}");
}
