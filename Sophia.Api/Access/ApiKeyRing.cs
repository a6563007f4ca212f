using Sophia.Memory.Namespaces;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Sophia.Api.Composition;
using Sophia.Api.Reading;

namespace Sophia.Api.Access;

/// <summary>The configured keys by their hash. A presented key is hashed and looked up; recent ones are remembered.</summary>
internal sealed class ApiKeyRing
{
    // Only keys that were found are remembered, so guesses cannot fill it; the bound is for many replicas of one key's text.
    private const int RememberedKeys = 4096;
    private const int MaxKeyChars = 512;

    private readonly FrozenDictionary<string, Holder> _byHash;
    private readonly ConcurrentDictionary<string, Holder> _recent = new(StringComparer.Ordinal);

    private ApiKeyRing(Dictionary<string, Holder> byHash) => _byHash = byHash.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>One key's callers, one per tenant.</summary>
    internal sealed record Holder(string Name, FrozenDictionary<string, Caller> ByTenant, Caller? Only);

    public bool IsEmpty => _byHash.Count == 0;

    /// <exception cref="ConfigurationException">An entry is not complete or not valid; the message says how to fix it.</exception>
    public static ApiKeyRing From(IReadOnlyList<ApiKeyOptions> keys)
    {
        var byHash = new Dictionary<string, Holder>(StringComparer.Ordinal);
        for (var i = 0; i < keys.Count; i++)
        {
            var key = keys[i];
            var at = $"Sophia:ApiKeys:{i}";
            var name = string.IsNullOrWhiteSpace(key.Name) ? $"key {i}" : key.Name;
            if (!byHash.TryAdd(HashOf(key, at), HolderOf(key, name, at)))
            {
                throw new ConfigurationException($"{at}:Hash is the hash of an earlier key. Give each key its own entry, or merge the entries.");
            }
        }

        return new ApiKeyRing(byHash);
    }

    public Holder? Find(string presented)
    {
        if (_recent.TryGetValue(presented, out var known))
        {
            return known;
        }

        if (presented.Length is 0 or > MaxKeyChars)
        {
            return null;
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(presented)));
        if (!_byHash.TryGetValue(hash, out var holder))
        {
            return null;
        }

        if (_recent.Count < RememberedKeys)
        {
            _recent.TryAdd(presented, holder);
        }

        return holder;
    }

    private static string HashOf(ApiKeyOptions key, string at)
    {
        const string Prefix = "sha256:";
        const string Make = "Make it with: printf %s \"$KEY\" | sha256sum";
        if (key.Key is not null)
        {
            throw new ConfigurationException($"{at}:Key holds a key in plain text, which is refused. Remove it and set {at}:Hash to \"sha256:<hex>\". {Make}");
        }

        var hash = key.Hash ?? "";
        var digits = hash.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? hash[Prefix.Length..] : "";
        return digits.Length == 64 && digits.All(char.IsAsciiHexDigit)
            ? digits.ToLowerInvariant()
            : throw new ConfigurationException($"{at}:Hash must be \"sha256:\" and 64 hexadecimal digits. {Make}");
    }

    private static Holder HolderOf(ApiKeyOptions key, string name, string at)
    {
        string[] tenants = [.. key.Tenant is { } one ? [one, .. key.Tenants] : key.Tenants];
        if (tenants.Length == 0)
        {
            throw new ConfigurationException($"{at} names no tenant. Set {at}:Tenant, or {at}:Tenants:0 and so on.");
        }

        var rights = Rights.None;
        foreach (var scope in key.Scopes)
        {
            rights |= scope switch
            {
                "read" => Rights.Read,
                "write" => Rights.Write,
                "admin" => Rights.Admin,
                _ => throw new ConfigurationException($"{at}:Scopes has '{scope}'. A scope is read, write or admin."),
            };
        }

        if (rights == Rights.None)
        {
            throw new ConfigurationException($"{at} has no scope, so it could do nothing. Set {at}:Scopes:0 to read, write or admin.");
        }

        if (tenants.FirstOrDefault(t => !NamespaceRules.IsName(t)) is { } bad)
        {
            throw new ConfigurationException($"{at} names the tenant '{bad}'. A tenant's name is [a-z0-9][a-z0-9._-]{{0,127}}.");
        }

        var callers = tenants.Distinct(StringComparer.Ordinal).ToFrozenDictionary(t => t, t => new Caller(t, rights, name), StringComparer.Ordinal);
        return new Holder(name, callers, callers.Count == 1 ? callers.Values[0] : null);
    }
}
