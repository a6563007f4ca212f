using System.Security.Cryptography;
using System.Text;
using Sophia.Api.Answering;
using Sophia.Api.Problems;
using Sophia.Memory.Stores;

namespace Sophia.Api.Reading;

/// <summary>The Idempotency-Key of a write and what the request was, so that another under the same key is noticed.</summary>
internal static class Idempotency
{
    private static readonly TimeSpan Remembered = TimeSpan.FromHours(24);

    /// <returns>Null when the request has no key.</returns>
    public static IdempotencyMark? Read(HttpRequest request, string tenant, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        var header = request.Headers[HeaderNames.IdempotencyKey];
        if (header.Count == 0)
        {
            return null;
        }

        var key = header.ToString();
        if (header.Count > 1 || key.Length is 0 or > 255)
        {
            throw Refuse.Field("Idempotency-Key", $"One key of 1 to 255 characters is taken; this one has {key.Length}.", "Use a UUID.");
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in (ReadOnlySpan<string>)[request.Method, request.Path, request.QueryString.Value ?? "", request.ContentType ?? "", request.Headers.IfMatch.ToString(), request.Headers.IfNoneMatch.ToString()])
        {
            hash.AppendData(Encoding.UTF8.GetBytes(part));
            hash.AppendData([0]);
        }

        hash.AppendData(body);
        return new IdempotencyMark(tenant, SHA256.HashData(Encoding.UTF8.GetBytes(key)), hash.GetHashAndReset(), now + Remembered);
    }
}
