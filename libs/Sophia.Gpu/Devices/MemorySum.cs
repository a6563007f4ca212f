using System.Runtime.InteropServices;

namespace Sophia.Gpu.Devices;

/// <summary>
/// A sum of a range of memory whose parts may be added in any order, so that all threads of a grid make it together: of every word of 64
/// bits, mixed with its place, modulo 2⁶⁴. The mixing (multiply and shift, twice, as the finalizer of SplitMix64: Steele, Lea and Flood, 2014)
/// takes no two words to one, so a single word that differs shows for certain, and several with all but a chance of 2⁻⁶⁴.
/// </summary>
internal static class MemorySum
{
    /// <summary>Ranges begin at multiples of it and are as long.</summary>
    public const int Alignment = 16;

    private const ulong Places = 0x9E3779B97F4A7C15;
    private const ulong First = 0xBF58476D1CE4E5B9;
    private const ulong Second = 0x94D049BB133111EB;

    /// <exception cref="ArgumentException">Not a multiple of 16 bytes.</exception>
    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % Alignment != 0)
        {
            throw new ArgumentException($"{bytes.Length} bytes are no multiple of {Alignment}.", nameof(bytes));
        }

        // Two sums, so that the multiplications of one need not wait for those of the other.
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        ulong even = 0, odd = 0;
        for (var i = 0; i < words.Length; i += 2)
        {
            even += Mixed(words[i], (ulong)i);
            odd += Mixed(words[i + 1], (ulong)i + 1);
        }

        return even + odd;
    }

    /// <param name="place">Of the word in its range, in words.</param>
    public static ulong Mixed(ulong word, ulong place)
    {
        word = (word ^ ((place + 1) * Places)) * First;
        word = (word ^ (word >> 32)) * Second;
        return word ^ (word >> 29);
    }
}
