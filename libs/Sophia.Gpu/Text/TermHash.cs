using System.Numerics;

namespace Sophia.Gpu.Text;

/// <summary>
/// Hashes of character sequences that never change: FNV-1a over UTF-16 units, finished with the mixer of SplitMix64
/// (Steele, Lea, Flood, 2014). Vectors that are stored depend on it.
/// </summary>
internal static class TermHash
{
    private const ulong Offset = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    public static ulong Of(ReadOnlySpan<char> text)
    {
        var hash = Offset;
        foreach (var c in text)
        {
            hash = (hash ^ c) * Prime;
        }

        return Mix(hash);
    }

    /// <summary>The hash of a sequence that goes on with one more; the order counts.</summary>
    public static ulong Then(ulong hash, ulong next) => (BitOperations.RotateLeft(hash, 23) ^ next) * 0x9E3779B97F4A7C15;

    public static ulong Mix(ulong value)
    {
        value ^= value >> 30;
        value *= 0xbf58476d1ce4e5b9;
        value ^= value >> 27;
        value *= 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}
