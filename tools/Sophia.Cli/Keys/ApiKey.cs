using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Sophia.Cli.Keys;

/// <summary>A new API key and what the service keeps of it.</summary>
/// <param name="Secret"><c>sk_</c> and 32 random bytes in base64url.</param>
/// <param name="Hash"><c>sha256:</c> and the hex of the hash of the whole secret's UTF-8. No salt and no slow hash: 256 random bits cannot be guessed.</param>
internal sealed record ApiKey(string Secret, string Hash)
{
    public static ApiKey New() => Of("sk_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));

    public static ApiKey Of(string secret) =>
        new(secret, "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret))));
}
