using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Sophia.Api.Problems;
using Sophia.Memory.Records;

namespace Sophia.Api.Reading;

/// <summary>
/// Where a listing goes on, as an opaque token: base64url of a version byte, eight bytes of SHA-256 over what the
/// listing is of (its scope: kind, namespace, filter) and the position, then the position in UTF-8. The check keeps a
/// cursor with its listing; it is no secret, since the right to read comes from the key alone.
/// </summary>
internal static class Cursor
{
    private const byte Version = 1;
    private const int CheckBytes = 8;
    private const int MaxChars = 4096;

    public static string Write(string scope, string position)
    {
        var text = Encoding.UTF8.GetBytes(position);
        var bytes = new byte[1 + CheckBytes + text.Length];
        bytes[0] = Version;
        Check(scope, text).CopyTo(bytes.AsSpan(1));
        text.CopyTo(bytes.AsSpan(1 + CheckBytes));
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>The position; null when no cursor was given.</summary>
    /// <exception cref="ProblemException">invalid-cursor.</exception>
    public static string? Read(string scope, string? cursor)
    {
        if (cursor is null)
        {
            return null;
        }

        if (cursor.Length is > 0 and <= MaxChars && Base64Url.IsValid(cursor))
        {
            var bytes = Base64Url.DecodeFromChars(cursor);
            if (bytes.Length >= 1 + CheckBytes && bytes[0] == Version &&
                Check(scope, bytes.AsSpan(1 + CheckBytes)).AsSpan().SequenceEqual(bytes.AsSpan(1, CheckBytes)))
            {
                var position = Encoding.UTF8.GetString(bytes, 1 + CheckBytes, bytes.Length - 1 - CheckBytes);
                if (DraftRules.IsWellFormed(position))
                {
                    return position;
                }
            }
        }

        throw Refuse.Field("cursor", "It is not a cursor of this listing with these filters.", "Send 'next' of the page before, with the same filters, or begin anew without.", 400, "invalid-cursor");
    }

    /// <summary>What a listing is of: its parameters but the page's, in an order that does not depend on the caller's.</summary>
    public static string ScopeOf(string kind, long namespaceId, IQueryCollection query)
    {
        var parts = query.Where(p => p.Key is not ("cursor" or "limit" or "include" or "minSequence"))
            .SelectMany(p => p.Value.Select(v => $"{p.Key}\u001f{v}")).Order(StringComparer.Ordinal);
        return $"{kind}\u001e{namespaceId}\u001e{string.Join('\u001e', parts)}";
    }

    private static byte[] Check(string scope, ReadOnlySpan<byte> position)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([Version]);
        hash.AppendData(Encoding.UTF8.GetBytes(scope));
        hash.AppendData([0]);
        hash.AppendData(position);
        return hash.GetHashAndReset()[..CheckBytes];
    }
}
