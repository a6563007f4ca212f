using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Unicode;
using Sophia.Api.Problems;

namespace Sophia.Api.Reading;

/// <summary>A request's whole body in one pooled array; dispose it when nothing refers to it any more.</summary>
internal sealed class RequestBody : IDisposable
{
    private byte[]? _buffer;

    private RequestBody(byte[] buffer, int length) => (_buffer, Length) = (buffer, length);

    public int Length { get; }

    public ReadOnlyMemory<byte> Memory => new(_buffer, 0, Length);

    public ReadOnlySpan<byte> Span => new(_buffer, 0, Length);

    /// <summary>The body without the mark that some editors put before UTF-8.</summary>
    public ReadOnlyMemory<byte> Json => Span.StartsWith("\uFEFF"u8) ? Memory[3..] : Memory;

    /// <summary>Reads a body that must be application/json in UTF-8 and not empty.</summary>
    /// <exception cref="ProblemException">unsupported-media-type, too-large, malformed-json.</exception>
    public static async ValueTask<RequestBody> ReadJsonAsync(HttpContext context, int limit)
    {
        RequireJson(context.Request);
        var body = await ReadAsync(context, limit);
        if (body.Json.IsEmpty)
        {
            body.Dispose();
            throw Refuse.Malformed("The body is empty.");
        }

        if (!Utf8.IsValid(body.Span))
        {
            body.Dispose();
            throw Refuse.Malformed("The body is not valid UTF-8.");
        }

        return body;
    }

    /// <exception cref="ProblemException">unsupported-media-type, too-large.</exception>
    public static async ValueTask<RequestBody> ReadAsync(HttpContext context, int limit)
    {
        var request = context.Request;
        if (request.Headers.ContentEncoding is { Count: > 0 } encoding && !encoding.ToString().Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            throw Refuse.MediaType($"Bodies in the encoding '{encoding}' are not taken.", "Send the body uncompressed.");
        }

        var announced = request.ContentLength;
        if (announced > limit)
        {
            throw Refuse.TooLarge("The body", limit);
        }

        // One byte more than announced, so that the read that finds the end needs no growth.
        var buffer = ArrayPool<byte>.Shared.Rent((int)(announced ?? 16 * 1024) + 1);
        var length = 0;
        try
        {
            int read;
            while ((read = await request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted)) > 0)
            {
                length += read;
                if (length > limit)
                {
                    throw Refuse.TooLarge("The body", limit);
                }

                if (length == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }

        return new RequestBody(buffer, length);
    }

    public static bool IsJson(string? contentType) =>
        contentType is "application/json" ||
        (MediaTypeHeaderValue.TryParse(contentType, out var type) && "application/json".Equals(type.MediaType, StringComparison.OrdinalIgnoreCase));

    public static void RequireJson(HttpRequest request)
    {
        var contentType = request.ContentType;
        if (contentType is "application/json")
        {
            return;
        }

        if (!MediaTypeHeaderValue.TryParse(contentType, out var type) || !"application/json".Equals(type.MediaType, StringComparison.OrdinalIgnoreCase))
        {
            throw Refuse.MediaType(contentType is null ? "The request says no Content-Type." : $"The Content-Type '{Shorten(contentType)}' is not taken here.", "Send Content-Type: application/json.");
        }

        RequireUtf8(type);
    }

    public static void RequireUtf8(MediaTypeHeaderValue type)
    {
        if (type.CharSet is { } charset && !charset.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        {
            throw Refuse.MediaType($"The charset '{Shorten(charset)}' is not taken.", "Send text in UTF-8.");
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static string Shorten(string text) => text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 60), "…");
}
