using System.Numerics;
using Sophia.Gpu.Text;

namespace Sophia.Gpu.Embedding;

/// <summary>
/// How much a term says, without statistics of any corpus: stop words next to nothing, and the longer the more, since
/// the length of English words grows with their rarity. Only exact arithmetic, so that every machine agrees.
/// </summary>
internal static class TermWeights
{
    private static readonly float[] ByLength = [0, 0.4f, 0.6f, 0.8f, 0.95f, 1.1f, 1.2f, 1.3f, 1.4f, 1.5f, 1.55f, 1.6f];

    public static float Of(Word word) =>
        word.IsStopWord ? 0.04f : ByLength[Math.Min(word.Embedded.Length, ByLength.Length - 1)];

    /// <summary>1 + ln(count), interpolated between powers of two (no library logarithm, which differs between platforms).</summary>
    public static float OfCount(int count)
    {
        if (count == 1)
        {
            return 1;
        }

        var power = BitOperations.Log2((uint)count);
        var fraction = (count / (float)(1 << power)) - 1;
        return 1 + (0.6931472f * (power + fraction));
    }
}
