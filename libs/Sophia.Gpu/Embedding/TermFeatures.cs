using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sophia.Gpu.Text;

namespace Sophia.Gpu.Embedding;

/// <summary>
/// A sparse random projection that needs no matrix: the hash of a feature says which few of 256 dimensions it adds to
/// and with which sign, so that unrelated features are orthogonal on average. Each is an entry: the dimension in the low
/// byte, the sign in bit 8; first the eight of the term itself, then two for each run of 3 and of 4 letters in it.
/// Source: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009.
/// </summary>
internal static class TermFeatures
{
    /// <summary>Entries of the term itself.</summary>
    public const int OfTerm = 8;

    /// <summary>Stop words and terms of one or two letters have no runs.</summary>
    public static ushort[] Of(Word word)
    {
        // Runs of the term between two marks: of n letters there are n runs of 3 and n − 1 of 4.
        var term = word.Embedded;
        var runs = word.IsStopWord || term.Length < 3 ? 0 : (2 * term.Length) - 1;
        var entries = new ushort[OfTerm + (2 * runs)];
        var signs = TermHash.Mix(word.TermHash ^ 0xa0761d6478bd642f);
        for (var i = 0; i < OfTerm; i++)
        {
            entries[i] = Entry((byte)(word.TermHash >> (8 * i)), signs >> i);
        }

        ulong last3 = '^';
        for (int i = 0, at = OfTerm; at < entries.Length; i++)
        {
            var c = i < term.Length ? term[i] : '$';
            var last4 = (last3 << 16) | c;
            if (i >= 1)
            {
                at = AddRun(entries, at, TermHash.Mix(last4 & 0xffff_ffff_ffff));
            }

            if (i >= 2)
            {
                at = AddRun(entries, at, TermHash.Mix(last4 ^ 0x5bd1e995));
            }

            last3 = last4 & 0xffff_ffff_ffff;
        }

        return entries;
    }

    /// <summary>Adds ±amount where the entries say.</summary>
    /// <param name="vector">256 long.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(Span<float> vector, ReadOnlySpan<ushort> entries, float amount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vector.Length, 256);
        ref var first = ref MemoryMarshal.GetReference(vector);
        var bits = BitConverter.SingleToUInt32Bits(amount);
        foreach (var entry in entries)
        {
            Unsafe.Add(ref first, (nuint)(byte)entry) += BitConverter.UInt32BitsToSingle(bits ^ ((uint)(entry >> 8) << 31));
        }
    }

    private static int AddRun(ushort[] entries, int at, ulong feature)
    {
        entries[at] = Entry((byte)feature, feature >> 16);
        entries[at + 1] = Entry((byte)(feature >> 8), feature >> 17);
        return at + 2;
    }

    private static ushort Entry(byte place, ulong sign) => (ushort)(place | ((sign & 1) << 8));
}
