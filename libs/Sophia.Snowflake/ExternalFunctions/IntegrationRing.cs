using System.Security.Cryptography;
using System.Text;

namespace Sophia.Snowflake.ExternalFunctions;

/// <summary>One integration of Snowflake as configured: whose data its functions may reach.</summary>
public sealed record IntegrationOptions
{
    /// <summary>For logs and as part of a batch's key.</summary>
    public string? Name { get; init; }

    /// <summary>"sha256:" and the 64 hexadecimal digits of the secret's SHA-256; the secret itself stands nowhere here.</summary>
    public string? SecretHash { get; init; }

    public string? Tenant { get; init; }

    /// <summary>The namespaces that it may search; empty: all of the tenant's.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];
}

/// <summary>Who calls: one tenant, and of its namespaces those that the integration is for.</summary>
public sealed record Integration(string Name, string Tenant, IReadOnlyList<string> Namespaces)
{
    public bool MayRead(string ns) => Namespaces.Count == 0 || Namespaces.Contains(ns, StringComparer.Ordinal);
}

/// <summary>The configured integrations by the secret that their gateway adds to each call.</summary>
public sealed class IntegrationRing
{
    private readonly (byte[] Hash, Integration Integration)[] _entries;

    private IntegrationRing((byte[] Hash, Integration Integration)[] entries) => _entries = entries;

    public bool IsEmpty => _entries.Length == 0;

    /// <param name="section">Where they stand in the configuration, for messages.</param>
    /// <exception cref="ArgumentException">One is not complete; the message says how to mend it.</exception>
    public static IntegrationRing From(IReadOnlyList<IntegrationOptions> options, string section)
    {
        var entries = new (byte[] Hash, Integration Integration)[options.Count];
        for (var i = 0; i < options.Count; i++)
        {
            var (option, at) = (options[i], $"{section}:{i}");
            if (string.IsNullOrWhiteSpace(option.Name) || string.IsNullOrWhiteSpace(option.Tenant))
            {
                throw new ArgumentException($"{at} needs a Name and a Tenant.");
            }

            var hash = HashOf(option.SecretHash, at);
            if (entries.Take(i).Any(e => e.Hash.AsSpan().SequenceEqual(hash) || e.Integration.Name == option.Name))
            {
                throw new ArgumentException($"{at} has the name or the secret of an earlier integration. Give each its own.");
            }

            entries[i] = (hash, new Integration(option.Name, option.Tenant, option.Namespaces));
        }

        return new IntegrationRing(entries);
    }

    /// <summary>The integration of a secret, or null. It takes as long for a wrong secret as for a right one.</summary>
    public Integration? Find(string? secret)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(secret ?? ""), hash);
        Integration? found = null;
        foreach (var (known, integration) in _entries)
        {
            // Every entry is compared whole, found or not.
            found = CryptographicOperations.FixedTimeEquals(known, hash) ? integration : found;
        }

        return string.IsNullOrEmpty(secret) ? null : found;
    }

    private static byte[] HashOf(string? configured, string at)
    {
        const string Prefix = "sha256:";
        var digits = configured?.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) == true ? configured[Prefix.Length..] : "";
        return digits.Length == 64 && digits.All(char.IsAsciiHexDigit)
            ? Convert.FromHexString(digits)
            : throw new ArgumentException($"{at}:SecretHash must be \"sha256:\" and 64 hexadecimal digits. Make it with: printf %s \"$SECRET\" | sha256sum");
    }
}
