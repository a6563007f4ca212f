namespace Sophia.Snowflake.Local.Remote;

/// <summary>What an API integration allows: addresses that begin with one of the prefixes and with none of the blocked ones.</summary>
internal sealed record AllowedAddresses(IReadOnlyList<string> Prefixes, IReadOnlyList<string> Blocked)
{
    public bool Allow(string url) =>
        FunctionAddress.IsPlain(url) && Prefixes.Any(prefix => url.StartsWith(prefix, StringComparison.Ordinal)) && !Blocked.Any(prefix => url.StartsWith(prefix, StringComparison.Ordinal));
}
