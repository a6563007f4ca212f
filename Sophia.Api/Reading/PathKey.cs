using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Sophia.Api.Problems;
using Sophia.Memory.Records;

namespace Sophia.Api.Reading;

/// <summary>
/// The key in an address, decoded exactly once. The server decodes a path but leaves %2F and what is not UTF-8, so a
/// percent sign in a route value may be the caller's or the server's; then the raw target is read instead.
/// </summary>
internal static class PathKey
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    // /v1/namespaces/{ns}/memories/{key}: the fifth segment.
    private const int KeySegment = 5;

    /// <exception cref="ProblemException">invalid-key.</exception>
    public static string Read(HttpContext context, RecordLimits limits)
    {
        var key = (string)context.Request.RouteValues["key"]!;
        if (key.Contains('%', StringComparison.Ordinal))
        {
            var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
            if (HasDotSegments(target))
            {
                // The server has taken them out of the path, so the segments of the target are others.
                throw Refuse.Field("key", "The address has a segment '.' or '..' and a key with a percent sign.", "Write the address without them; in a key a percent sign is %25, a slash %2F.", 400, "invalid-key");
            }

            key = Decode(Segment(target, KeySegment)) ??
                throw Refuse.Field("key", "The key's percent-encoding is not valid UTF-8.", "Encode the key's UTF-8 bytes, each once: a slash is %2F, a percent sign %25.", 400, "invalid-key");
        }

        return DraftRules.CheckKey(key, limits) is { } violation ? throw Refuse.Rule(violation) : key;
    }

    internal static bool HasDotSegments(ReadOnlySpan<char> target)
    {
        var path = PathOf(target);
        foreach (var range in path.Split('/'))
        {
            if (path[range] is { Length: > 0 and <= 6 } segment && Decode(segment) is "." or "..")
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The n-th segment of a request target, from 1, still encoded; the authority of an absolute one is skipped.</summary>
    internal static ReadOnlySpan<char> Segment(ReadOnlySpan<char> target, int n)
    {
        var scheme = target.IndexOf("://", StringComparison.Ordinal);
        if (scheme > 0 && target[0] != '/')
        {
            target = target[(scheme + 3)..];
            var slash = target.IndexOf('/');
            target = slash < 0 ? [] : target[slash..];
        }

        var path = PathOf(target);
        for (; n > 0; n--)
        {
            var slash = path.IndexOf('/');
            if (slash < 0)
            {
                return [];
            }

            path = path[(slash + 1)..];
        }

        var next = path.IndexOf('/');
        return next < 0 ? path : path[..next];
    }

    private static ReadOnlySpan<char> PathOf(ReadOnlySpan<char> target)
    {
        var end = target.IndexOfAny('?', '#');
        return end < 0 ? target : target[..end];
    }

    /// <summary>Percent-decodes once; null when an escape is cut off or the bytes are not UTF-8.</summary>
    internal static string? Decode(ReadOnlySpan<char> encoded)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(Strict.GetMaxByteCount(encoded.Length));
        try
        {
            var length = 0;
            while (!encoded.IsEmpty)
            {
                if (encoded[0] == '%')
                {
                    if (encoded.Length < 3 || !byte.TryParse(encoded.Slice(1, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out bytes[length]))
                    {
                        return null;
                    }

                    length++;
                    encoded = encoded[3..];
                    continue;
                }

                var plain = encoded.IndexOf('%');
                plain = plain < 0 ? encoded.Length : plain;
                length += Strict.GetBytes(encoded[..plain], bytes.AsSpan(length));
                encoded = encoded[plain..];
            }

            return Strict.GetString(bytes, 0, length);
        }
        catch (ArgumentException)
        {
            // What the strict encoding throws for bytes and surrogates that are not text.
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}
