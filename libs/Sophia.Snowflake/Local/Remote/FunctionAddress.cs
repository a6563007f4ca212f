namespace Sophia.Snowflake.Local.Remote;

/// <summary>
/// Which addresses of functions mean what they say. One that climbs (.., %2e%2e), hides a slash (%2f, %5c, a backslash) or names a user
/// begins with what is allowed and leads elsewhere once it is resolved, so prefixes say something only of the others.
/// </summary>
internal static class FunctionAddress
{
    private static readonly string[] Hidden = ["%2e", "%2f", "%5c", "\\"];

    public static bool IsPlain(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) && address.UserInfo.Length == 0 && url.All(static c => c is > ' ' and < (char)127)
        && !Hidden.Any(part => url.Contains(part, StringComparison.OrdinalIgnoreCase))
        && !url.Split('?', '#')[0].Split('/').Any(static part => part is "." or "..");
}
