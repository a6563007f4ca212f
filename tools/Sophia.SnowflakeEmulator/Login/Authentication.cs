using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Sophia.SnowflakeEmulator.Login;

/// <summary>Who is it: by password, key pair, programmatic access token or OAuth token. Secrets are compared in constant time.</summary>
internal sealed class Authentication(EmulatorOptions options, TimeProvider time)
{
    /// <param name="data">The <c>data</c> of a log-in request.</param>
    /// <returns>The user, or the code and message of the refusal.</returns>
    public (EmulatorUser? User, string Code, string Message) Check(JsonElement data)
    {
        var name = data.Text("LOGIN_NAME");
        var kind = data.Text("AUTHENTICATOR")?.ToUpperInvariant() ?? "SNOWFLAKE";
        var user = options.Users.Find(u => u.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        switch (kind)
        {
            case "SNOWFLAKE":
                return user?.Password is { Length: > 0 } password && Same(password, data.Text("PASSWORD"))
                    ? (user, "", "")
                    : (null, "390100", "Incorrect username or password was specified.");
            case "SNOWFLAKE_JWT":
                return user?.PublicKey is { Length: > 0 } key && KeyPairToken.IsValid(data.Text("TOKEN"), key, data.Text("ACCOUNT_NAME"), user.Name, time.GetUtcNow())
                    ? (user, "", "")
                    : (null, "390144", "JWT token is invalid.");
            case "PROGRAMMATIC_ACCESS_TOKEN" or "OAUTH":
                // OAuth needs no name: the token says whose it is.
                var owner = options.Users.Find(u => u.Tokens.Exists(t => Same(t, data.Text("TOKEN"))));
                if (owner is not null && (string.IsNullOrEmpty(name) || owner == user)) return (owner, "", "");
                return kind == "OAUTH" ? (null, "390303", "Invalid OAuth access token.") : (null, "394400", "Programmatic access token is invalid.");
            default:
                return (null, "390100", $"The local Snowflake does not know the authenticator {kind}: use a password, SNOWFLAKE_JWT, PROGRAMMATIC_ACCESS_TOKEN or OAUTH.");
        }
    }

    private static bool Same(string expected, string? given) =>
        CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(expected)), SHA256.HashData(Encoding.UTF8.GetBytes(given ?? "")));
}
