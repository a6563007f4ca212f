using System.Globalization;

namespace Sophia.Memory.Cortex.Eviction;

/// <summary>The key of an answer in 32 bytes instead of the 64 characters of its record's key: one stands with each kept answer.</summary>
internal readonly record struct PromptHash(UInt128 High, UInt128 Low)
{
    private const int HalfDigits = 32;

    /// <summary>False for a key that is not 64 hexadecimal digits in small letters.</summary>
    public static bool TryParse(string key, out PromptHash hash)
    {
        var (high, low) = (UInt128.Zero, UInt128.Zero);
        var isHash = key.Length == 2 * HalfDigits && !key.AsSpan().ContainsAnyInRange('A', 'F') &&
            UInt128.TryParse(key.AsSpan(0, HalfDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out high) &&
            UInt128.TryParse(key.AsSpan(HalfDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out low);
        hash = new PromptHash(high, low);
        return isHash;
    }

    public override string ToString() => High.ToString("x32", CultureInfo.InvariantCulture) + Low.ToString("x32", CultureInfo.InvariantCulture);
}
