namespace Sophia.Stores.Relational;

/// <summary>The keys that start with a prefix, as a range in UTF-8 byte order.</summary>
internal static class KeyRange
{
    /// <summary>The first key after all those that start with the prefix; null when there is none.</summary>
    public static string? End(string prefix)
    {
        for (var end = prefix.Length; end > 0;)
        {
            var size = end > 1 && char.IsLowSurrogate(prefix[end - 1]) && char.IsHighSurrogate(prefix[end - 2]) ? 2 : 1;
            var last = size == 2 ? char.ConvertToUtf32(prefix[end - 2], prefix[end - 1]) : prefix[end - 1];
            if (last < 0x10FFFF)
            {
                // Code points order as their UTF-8 bytes do; the surrogates between U+D7FF and U+E000 are none.
                var next = last is >= 0xD7FF and < 0xE000 ? 0xE000 : last + 1;
                return string.Concat(prefix.AsSpan(0, end - size), char.ConvertFromUtf32(next));
            }

            end -= size;
        }

        return null;
    }
}
