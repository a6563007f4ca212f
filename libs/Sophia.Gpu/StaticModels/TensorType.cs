using System.Buffers.Binary;

namespace Sophia.Gpu.StaticModels;

/// <summary>The types of a tensor's values that a safetensors file may have.</summary>
public enum TensorType
{
    Bool, U8, I8, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64,
}

internal static class TensorTypes
{
    /// <summary>Null for a name that is none.</summary>
    public static TensorType? Parse(string name) => name switch
    {
        "BOOL" => TensorType.Bool, "U8" => TensorType.U8, "I8" => TensorType.I8, "I16" => TensorType.I16, "U16" => TensorType.U16,
        "F16" => TensorType.F16, "BF16" => TensorType.BF16, "I32" => TensorType.I32, "U32" => TensorType.U32, "F32" => TensorType.F32,
        "F64" => TensorType.F64, "I64" => TensorType.I64, "U64" => TensorType.U64, _ => null,
    };

    public static int BytesOfOne(this TensorType type) => type switch
    {
        TensorType.Bool or TensorType.U8 or TensorType.I8 => 1,
        TensorType.I16 or TensorType.U16 or TensorType.F16 or TensorType.BF16 => 2,
        TensorType.I32 or TensorType.U32 or TensorType.F32 => 4,
        _ => 8,
    };

    public static bool IsFloating(this TensorType type) => type is TensorType.F16 or TensorType.BF16 or TensorType.F32 or TensorType.F64;

    /// <param name="bytes">Little-endian values of a floating type, as many as the target takes.</param>
    public static void ToSingles(this TensorType type, ReadOnlySpan<byte> bytes, Span<float> target)
    {
        for (var i = 0; i < target.Length; i++)
        {
            target[i] = type switch
            {
                TensorType.F32 => BinaryPrimitives.ReadSingleLittleEndian(bytes[(i * 4)..]),
                TensorType.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(i * 2)..]),
                TensorType.BF16 => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes[(i * 2)..]) << 16),
                TensorType.F64 => (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(i * 8)..]),
                _ => throw new ArgumentException($"{type} is no floating type.", nameof(type)),
            };
        }
    }
}
