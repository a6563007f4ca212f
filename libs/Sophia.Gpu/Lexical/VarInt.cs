using System.Runtime.CompilerServices;

namespace Sophia.Gpu.Lexical;

/// <summary>Unsigned numbers of seven bits a byte, low first; the high bit says that more follow.</summary>
internal static class VarInt
{
    public const int MostBytesOfInt = 5;

    /// <summary>A byte from here on is followed by more of its number.</summary>
    public const byte Continued = 0x80;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = bytes[at++];
        if (value < 0x80)
        {
            return value;
        }

        value &= 0x7f;
        for (var shift = 7; ; shift += 7)
        {
            ulong next = bytes[at++];
            value |= (next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Span<byte> bytes, ref int at, ulong value)
    {
        while (value >= 0x80)
        {
            bytes[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        bytes[at++] = (byte)value;
    }
}
