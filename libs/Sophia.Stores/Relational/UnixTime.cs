namespace Sophia.Stores.Relational;

/// <summary>Times as the stores keep them: milliseconds since 1970, UTC; what is finer is cut off.</summary>
internal static class UnixTime
{
    public static long ToMs(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    public static long? ToMs(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds();

    public static DateTimeOffset FromMs(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms);

    public static DateTimeOffset? FromMs(long? ms) => ms is { } value ? FromMs(value) : null;

    public static DateTimeOffset? Truncate(DateTimeOffset? time) => FromMs(ToMs(time));
}
