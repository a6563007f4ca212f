using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace Sophia.Faults.Tests.Harness;

/// <summary>The content that a key must have, made from the key alone, so that any record read later can be checked whole.</summary>
internal static class Texts
{
    private static readonly string[] Words =
        ["harbour", "lantern", "granite", "meadow", "compass", "orchard", "violet", "thunder", "pilgrim", "saffron", "walnut", "quarry"];

    /// <returns>20 to 420 words and, at the end, the hash of what stands before it.</returns>
    public static string Of(string key)
    {
        var seed = XxHash32.HashToUInt32(Encoding.UTF8.GetBytes(key));
        var random = new Random((int)seed);
        var text = new StringBuilder(key).Append(':');
        for (var words = random.Next(20, 420); words > 0; words--)
        {
            text.Append(' ').Append(Words[random.Next(Words.Length)]);
        }

        var hash = XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(text.ToString()));
        return text.Append(CultureInfo.InvariantCulture, $" {hash:x16}").ToString();
    }
}
