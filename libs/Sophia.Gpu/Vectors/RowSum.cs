using System.Numerics;
using System.Runtime.InteropServices;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// What tells a stored row that was damaged: four CRC-32C, each over every fourth 8 bytes, and one over these four. Any change within
/// one 32-bit word is seen, so every single bit, and others but for one in 2³². The processor has an instruction for it; four at
/// once hide that each waits three cycles for the one before.
/// </summary>
internal static class RowSum
{
    /// <param name="row">A multiple of 16 long.</param>
    public static uint Of(ReadOnlySpan<float> row)
    {
        var words = MemoryMarshal.Cast<float, ulong>(row);
        var (a, b, c, d) = (uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue);
        for (var i = 0; i + 3 < words.Length; i += 4)
        {
            a = BitOperations.Crc32C(a, words[i]);
            b = BitOperations.Crc32C(b, words[i + 1]);
            c = BitOperations.Crc32C(c, words[i + 2]);
            d = BitOperations.Crc32C(d, words[i + 3]);
        }

        return BitOperations.Crc32C(BitOperations.Crc32C(BitOperations.Crc32C(a, b), c), d);
    }
}
