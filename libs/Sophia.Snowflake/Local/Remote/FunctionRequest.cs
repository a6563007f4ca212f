using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Snowflake.Local.Remote;

/// <summary>One batch as it goes over the wire, the same for each repeat: {"data":[[0,arguments…],[1,arguments…]]} and Snowflake's headers.</summary>
internal sealed class FunctionRequest
{
    /// <summary>How deep JSON may be, in arguments and in answers.</summary>
    public static readonly JsonDocumentOptions Deep = new() { MaxDepth = 512 };

    private readonly byte[] _body;
    private readonly string? _encoding;
    private readonly List<(string Name, string Value)> _headers;
    private readonly Uri _target;

    /// <param name="target">Where the gateway's service is.</param>
    /// <param name="arguments">A JSON array for each row.</param>
    public FunctionRequest(ExternalFunction function, Uri target, LocalGateway gateway, string queryId, IReadOnlyList<string> arguments)
    {
        Function = function;
        _target = target;
        _encoding = function.Compression switch { "NONE" => null, "DEFLATE" => "deflate", _ => "gzip" };
        _body = Compress(Body(arguments));
        var type = ExternalFunction.Bare(function.Returns);
        _headers =
        [
            (BatchHeaders.Prefix + "format", "json"), (BatchHeaders.Prefix + "format-version", "1.0"),
            (BatchHeaders.Prefix + "current-query-id", queryId), (BatchHeaders.Prefix + "query-batch-id", $"{queryId}:{Guid.NewGuid():N}"),
            .. Twins("name", function.Name), .. Twins("signature", function.Signature), .. Twins("return-type", type),
            .. function.Headers.Select(static h => ("sf-custom-" + h.Key, h.Value)),
        ];
        if (gateway.SecretHeader is { } secret) _headers.Add((secret, gateway.Secret ?? ""));
    }

    public ExternalFunction Function { get; }

    /// <summary>Whether one of the arguments, a JSON array, is null.</summary>
    public static bool HasNull(string arguments)
    {
        using var document = Row(arguments);
        return document.RootElement.EnumerateArray().Any(static a => a.ValueKind == JsonValueKind.Null);
    }

    public HttpRequestMessage Post()
    {
        var message = With(new HttpRequestMessage(HttpMethod.Post, _target) { Content = new ByteArrayContent(_body) });
        message.Content!.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (_encoding is not null) message.Content.Headers.ContentEncoding.Add(_encoding);
        return message;
    }

    public HttpRequestMessage Poll() => With(new HttpRequestMessage(HttpMethod.Get, _target));

    // The engine made it, so it is JSON.
    private static JsonDocument Row(string arguments)
    {
        try
        {
            return JsonDocument.Parse(arguments, Deep);
        }
        catch (JsonException)
        {
            throw SnowflakeException.Unsupported("an argument of an external function that is deeper than 512 levels or no number of JSON");
        }
    }

    private HttpRequestMessage With(HttpRequestMessage message)
    {
        foreach (var (name, value) in _headers) message.Headers.TryAddWithoutValidation(name, value);
        return message;
    }

    // A header is ASCII: what is not stands in the twin alone.
    private static IEnumerable<(string Name, string Value)> Twins(string name, string value)
    {
        yield return (BatchHeaders.Prefix + name, string.Concat(value.Select(static c => c is >= ' ' and < (char)127 ? c : '?')));
        yield return ($"{BatchHeaders.Prefix}{name}-base64", Convert.ToBase64String(Encoding.UTF8.GetBytes(value)));
    }

    private static byte[] Body(IReadOnlyList<string> arguments)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray("data");
            for (var i = 0; i < arguments.Count; i++)
            {
                json.WriteStartArray();
                json.WriteNumberValue(i);
                using var row = Row(arguments[i]);
                foreach (var argument in row.RootElement.EnumerateArray()) argument.WriteTo(json);
                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private byte[] Compress(byte[] body)
    {
        if (_encoding is null) return body;
        using var buffer = new MemoryStream();
        using (Stream packed = _encoding == "gzip" ? new GZipStream(buffer, CompressionLevel.Fastest) : new ZLibStream(buffer, CompressionLevel.Fastest))
        {
            packed.Write(body);
        }

        return buffer.ToArray();
    }
}
