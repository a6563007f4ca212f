using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Sophia.Gpu.Text;

/// <summary>A word of 1–16 ASCII characters, its first character in the lowest byte: compared without touching memory.</summary>
internal readonly record struct PackedWord(ulong Low, ulong High)
{
    public const int MaxLength = 16;

    public bool IsEmpty => Low == 0;

    /// <summary>16 bits, for a direct-mapped cache.</summary>
    public int Slot
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            var hash = (Low ^ (High * 0xd6e8feb86659fd93)) * 0x9e3779b97f4a7c15;
            return (int)((hash ^ (hash >> 29)) * 0xbf58476d1ce4e5b9 >> 48);
        }
    }

    /// <summary>False for words that are longer, empty or not ASCII.</summary>
    public static bool TryPack(ReadOnlySpan<char> word, out PackedWord packed)
    {
        packed = default;
        if (word.Length is 0 or > MaxLength || !Ascii.IsValid(word))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[MaxLength];
        bytes.Clear();
        Ascii.FromUtf16(word, bytes, out _);
        packed = new PackedWord(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
        return packed.Low != 0;
    }

    /// <param name="target">At least <see cref="MaxLength"/> long.</param>
    /// <returns>The length of the word.</returns>
    public int Unpack(Span<char> target)
    {
        var length = 0;
        for (; length < MaxLength; length++)
        {
            var c = (char)(byte)((length < 8 ? Low : High) >> (8 * (length & 7)));
            if (c == 0)
            {
                break;
            }

            target[length] = c;
        }

        return length;
    }
}
