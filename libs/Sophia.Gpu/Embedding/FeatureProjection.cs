using Sophia.Gpu.Text;

namespace Sophia.Gpu.Embedding;

/// <summary>
/// A sparse random projection that needs no matrix: the hash of a feature says which few dimensions it adds to and with
/// which sign, so that unrelated features are orthogonal on average.
/// Source: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009.
/// </summary>
internal static class FeatureProjection
{
    /// <summary>Adds ±amount at 8 places of a vector of 256.</summary>
    public static void AddWide(Span<float> vector, ulong feature, float amount)
    {
        var signs = TermHash.Mix(feature ^ 0xa0761d6478bd642f);
        for (var i = 0; i < 8; i++)
        {
            Add(vector, (byte)(feature >> (8 * i)), (signs >> i) & 1, amount);
        }
    }

    /// <summary>Adds ±amount at 2 places of a vector of 256.</summary>
    public static void AddNarrow(Span<float> vector, ulong feature, float amount)
    {
        Add(vector, (byte)feature, (feature >> 16) & 1, amount);
        Add(vector, (byte)(feature >> 8), (feature >> 17) & 1, amount);
    }

    private static void Add(Span<float> vector, byte place, ulong sign, float amount) =>
        vector[place] += BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(amount) ^ ((uint)sign << 31));
}
