using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Sophia.SnowflakeEmulator.Login;

/// <summary>
/// The token of a key-pair log-in: a JWT, RS256, issuer <c>ACCOUNT.USER.SHA256:fingerprint</c>, subject <c>ACCOUNT.USER</c>. Its signature, fingerprint and
/// times are checked (https://docs.snowflake.com/en/developer-guide/sql-api/authenticating).
/// </summary>
internal static class KeyPairToken
{
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    public static bool IsValid(string? token, string publicKey, string? account, string user, DateTimeOffset now)
    {
        var parts = token?.Split('.') ?? [];
        if (parts.Length != 3 || account is null) return false;
        try
        {
            using var key = Load(publicKey);
            if (JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0])).RootElement.Text("alg") != "RS256") return false;
            if (!key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)) return false;
            var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement;
            var subject = $"{account.Split('.')[0]}.{user}".ToUpperInvariant();
            return claims.Text("sub") == subject && claims.Text("iss") == $"{subject}.{Fingerprint(key)}"
                && Time(claims, "iat") is { } from && from <= now + Skew && Time(claims, "exp") is { } until && until > now;
        }
        catch (Exception error) when (error is FormatException or JsonException or MalformedRequestException or CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    /// <exception cref="CryptographicException">It is no RSA public key.</exception>
    public static RSA Load(string publicKey)
    {
        var key = RSA.Create();
        try
        {
            if (publicKey.Contains("-----BEGIN", StringComparison.Ordinal)) key.ImportFromPem(publicKey);
            else key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(publicKey), out _);
            return key;
        }
        catch (Exception error) when (error is FormatException or ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new CryptographicException("The public key is no RSA key in PEM or base64.", error);
        }
    }

    public static string Fingerprint(RSA key) => "SHA256:" + Convert.ToBase64String(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    // The Node driver writes milliseconds where the standard has seconds.
    private static DateTimeOffset? Time(JsonElement claims, string name) =>
        claims.Member(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var number) && number is > 0 and < 1e14
            ? DateTimeOffset.FromUnixTimeMilliseconds((long)(number > 1e11 ? number : number * 1000))
            : null;
}
