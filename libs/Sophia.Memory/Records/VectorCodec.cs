using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Sophia.Memory.Records;

/// <summary>
/// Vectors as bytes: one format byte, then the components, little-endian. Half precision (IEEE 754 binary16) where every
/// component is exactly a half, else single precision; so nothing is ever rounded by storing it.
/// </summary>
public static class VectorCodec
{
    private const byte Single = 1;
    private const byte Halves = 2;

    // The 13 low bits of a single's fraction have no place in a half.
    private const uint LostFraction = 0x1FFF;

    /// <summary>Bytes that a vector of so many components takes at most.</summary>
    public static int MostBytes(int dimensions) => 1 + (dimensions * sizeof(float));

    public static byte[] Encode(ReadOnlySpan<float> vector)
    {
        var halves = new byte[1 + (vector.Length * sizeof(ushort))];
        if (TryEncodeHalves(vector, halves))
        {
            return halves;
        }

        var bytes = new byte[MostBytes(vector.Length)];
        EncodeSingles(vector, bytes);
        return bytes;
    }

    /// <param name="bytes">At least <see cref="MostBytes"/>.</param>
    /// <returns>How many of them were written.</returns>
    public static int Encode(ReadOnlySpan<float> vector, Span<byte> bytes)
    {
        if (TryEncodeHalves(vector, bytes))
        {
            return 1 + (vector.Length * sizeof(ushort));
        }

        EncodeSingles(vector, bytes);
        return MostBytes(vector.Length);
    }

    /// <exception cref="InvalidDataException">The bytes are not an encoded vector.</exception>
    public static float[] Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            throw new InvalidDataException("An encoded vector has at least its format byte.");
        }

        var data = bytes[1..];
        return bytes[0] switch
        {
            Single when data.Length % sizeof(float) == 0 => DecodeSingles(data),
            Halves when data.Length % sizeof(ushort) == 0 => DecodeHalves(data),
            _ => throw new InvalidDataException($"Vector format {bytes[0]} with {data.Length} bytes is not known."),
        };
    }

    private static void EncodeSingles(ReadOnlySpan<float> vector, Span<byte> bytes)
    {
        bytes[0] = Single;
        var target = bytes[1..];
        for (var i = 0; i < vector.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(target[(i * sizeof(float))..], vector[i]);
        }
    }

    private static bool TryEncodeHalves(ReadOnlySpan<float> vector, Span<byte> bytes)
    {
        var bits = MemoryMarshal.Cast<float, uint>(vector);
        uint lost = 0;
        foreach (var word in bits)
        {
            lost |= word;
        }

        if ((lost & LostFraction) != 0)
        {
            return false;
        }

        bytes[0] = Halves;
        var target = bytes[1..];
        for (var i = 0; i < bits.Length; i++)
        {
            var word = bits[i];
            var exponent = (int)((word >> 23) & 0xFF);
            uint half;
            if (exponent is >= 113 and <= 142)
            {
                // Both have a normal number here: only the bias of the exponent differs (127 and 15).
                half = ((word >> 16) & 0x8000) | ((uint)(exponent - 112) << 10) | ((word >> 13) & 0x3FF);
            }
            else
            {
                var rounded = (Half)vector[i];
                if (exponent == 255 || BitConverter.SingleToUInt32Bits((float)rounded) != word)
                {
                    return false;
                }

                half = BitConverter.HalfToUInt16Bits(rounded);
            }

            BinaryPrimitives.WriteUInt16LittleEndian(target[(i * sizeof(ushort))..], (ushort)half);
        }

        return true;
    }

    private static float[] DecodeSingles(ReadOnlySpan<byte> data)
    {
        var vector = new float[data.Length / sizeof(float)];
        for (var i = 0; i < vector.Length; i++)
        {
            vector[i] = BinaryPrimitives.ReadSingleLittleEndian(data[(i * sizeof(float))..]);
        }

        return vector;
    }

    private static float[] DecodeHalves(ReadOnlySpan<byte> data)
    {
        var vector = new float[data.Length / sizeof(ushort)];
        for (var i = 0; i < vector.Length; i++)
        {
            uint half = BinaryPrimitives.ReadUInt16LittleEndian(data[(i * sizeof(ushort))..]);
            var exponent = (half >> 10) & 0x1F;
            vector[i] = exponent is > 0 and < 31
                ? BitConverter.UInt32BitsToSingle(((half & 0x8000) << 16) | ((exponent + 112) << 23) | ((half & 0x3FF) << 13))
                : (float)BitConverter.UInt16BitsToHalf((ushort)half);
        }

        return vector;
    }
}
