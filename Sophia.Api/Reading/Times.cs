using System.Globalization;

namespace Sophia.Api.Reading;

/// <summary>Times as RFC 3339 has them, with an offset.</summary>
internal static class Times
{
    /// <summary>Reads a time, as UTC, to the millisecond; false when it has no offset or is no time.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset time)
    {
        time = default;
        Span<char> buffer = stackalloc char[33];
        if (!TryNormalize(text, buffer, out var length) ||
            !DateTimeOffset.TryParseExact(buffer[..length], "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var parsed))
        {
            return false;
        }

        time = new DateTimeOffset(parsed.UtcTicks - (parsed.UtcTicks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
        return true;
    }

    /// <summary>UTC and milliseconds, 24 characters.</summary>
    public static int Format(DateTimeOffset time, Span<byte> destination)
    {
        var fits = time.UtcDateTime.TryFormat(destination, out var written, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        return fits ? written : throw new ArgumentException("24 bytes are needed.", nameof(destination));
    }

    // Brings the text into the one form that is parsed: capital T and Z, at most seven digits of a fraction.
    private static bool TryNormalize(ReadOnlySpan<char> text, Span<char> buffer, out int length)
    {
        length = 0;
        if (text.Length is < 20 or > 64 || text[10] is not ('T' or 't' or ' '))
        {
            return false;
        }

        text[..19].CopyTo(buffer);
        buffer[10] = 'T';
        length = 19;
        var rest = text[19..];
        if (rest[0] == '.')
        {
            var digits = rest[1..].IndexOfAnyExceptInRange('0', '9');
            if (digits <= 0)
            {
                return false;
            }

            var kept = Math.Min(digits, 7);
            rest[..(kept + 1)].CopyTo(buffer[length..]);
            length += kept + 1;
            rest = rest[(digits + 1)..];
        }

        if (rest is ['Z' or 'z'])
        {
            buffer[length++] = 'Z';
            return true;
        }

        // In a query string an unescaped plus arrives as a space.
        if (rest.Length != 6 || rest[0] is not ('+' or '-' or ' ') || rest[3] != ':')
        {
            return false;
        }

        rest.CopyTo(buffer[length..]);
        buffer[length] = rest[0] == '-' ? '-' : '+';
        length += 6;
        return true;
    }
}
