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

    /// <param name="key">Of the record that the address names: the server's path is the same for <c>a%2Fb</c> and <c>a%252Fb</c>, which are two.</param>
    /// <returns>Null when the request has no Idempotency-Key.</returns>
    public static IdempotencyMark? Read(HttpRequest request, string tenant, ReadOnlySpan<byte> body, DateTimeOffset now, string key = "")
    {
        var header = request.Headers[HeaderNames.IdempotencyKey];
        if (header.Count == 0)
        {
            return null;
        }

        var name = header.ToString();
        if (header.Count > 1 || name.Length is 0 or > 255)
        {
            throw Refuse.Field("Idempotency-Key", $"One key of 1 to 255 characters is taken; this one has {name.Length}.", "Use a UUID.");
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in (ReadOnlySpan<string>)[request.Method, request.Path, request.QueryString.Value ?? "", request.ContentType ?? "", request.Headers.IfMatch.ToString(), request.Headers.IfNoneMatch.ToString()])
        {
            hash.AppendData(Encoding.UTF8.GetBytes(part));
            hash.AppendData([0]);
        }

        // The one of the two whose path alone does not tell.
        if (key.Contains('%', StringComparison.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(key));
            hash.AppendData([0]);
        }

        hash.AppendData(body);
        return new IdempotencyMark(tenant, SHA256.HashData(Encoding.UTF8.GetBytes(name)), hash.GetHashAndReset(), now + Remembered);
    }
}
