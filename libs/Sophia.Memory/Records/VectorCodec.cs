using System.Buffers.Binary;
using System.Numerics.Tensors;
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
    private const int Sample = 8;
    private const int AtOnce = 256;

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
        // Of most vectors that are no halves the first components say so.
        foreach (var component in vector[..Math.Min(vector.Length, Sample)])
        {
            if ((BitConverter.SingleToUInt32Bits(component) & LostFraction) != 0)
            {
                return false;
            }
        }

        bytes[0] = Halves;
        var target = bytes.Slice(1, vector.Length * sizeof(ushort));
        Span<Half> halves = stackalloc Half[AtOnce];
        Span<float> back = stackalloc float[AtOnce];
        for (var rest = vector; !rest.IsEmpty;)
        {
            var some = rest[..Math.Min(AtOnce, rest.Length)];
            TensorPrimitives.ConvertToHalf(some, halves);
            TensorPrimitives.ConvertToSingle(halves[..some.Length], back);
            if (!MemoryMarshal.Cast<float, uint>(some).SequenceEqual(MemoryMarshal.Cast<float, uint>(back)[..some.Length]))
            {
                return false;
            }

            Write(halves[..some.Length], target);
            target = target[(some.Length * sizeof(ushort))..];
            rest = rest[some.Length..];
        }

        return true;
    }

    private static void Write(ReadOnlySpan<Half> halves, Span<byte> target)
    {
        if (BitConverter.IsLittleEndian)
        {
            MemoryMarshal.AsBytes(halves).CopyTo(target);
            return;
        }

        for (var i = 0; i < halves.Length; i++)
        {
            BinaryPrimitives.WriteHalfLittleEndian(target[(i * sizeof(ushort))..], halves[i]);
        }
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
        if (BitConverter.IsLittleEndian)
        {
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(data), vector);
            return vector;
        }

        for (var i = 0; i < vector.Length; i++)
        {
            vector[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(data[(i * sizeof(ushort))..]);
        }

        return vector;
    }
}
