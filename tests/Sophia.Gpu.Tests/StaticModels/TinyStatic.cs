using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Sophia.Gpu.Tests.StaticModels;

/// <summary>Makes small safetensors files and the vocabulary of a WordPiece tokenizer.</summary>
internal static class TinyStatic
{
    public static readonly string[] Vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "dog", "play", "##ing", "the"];

    public static byte[] File(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)json.Length);
        json.CopyTo(bytes, 8);
        data.CopyTo(bytes, 8 + json.Length);
        return bytes;
    }

    public static byte[] Matrix(string name, int rows, int width, string type = "F32", int seed = 1)
    {
        var size = type == "F32" ? 4 : type == "F64" ? 8 : 2;
        var data = new byte[rows * width * size];
        for (var i = 0; i < rows * width; i++)
        {
            var value = ValueOf(i, seed);
            switch (type)
            {
                case "F32": BinaryPrimitives.WriteSingleLittleEndian(data.AsSpan(i * 4), value); break;
                case "F64": BinaryPrimitives.WriteDoubleLittleEndian(data.AsSpan(i * 8), value); break;
                case "F16": BinaryPrimitives.WriteHalfLittleEndian(data.AsSpan(i * 2), (Half)value); break;
                default: BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(i * 2), (ushort)(BitConverter.SingleToInt32Bits(value) >> 16)); break;
            }
        }

        return File($$$"""{"__metadata__":{"format":"pt"},{{{JsonSerializer.Serialize(name)}}}:{"dtype":"{{{type}}}","shape":[{{{rows}}},{{{width}}}],"data_offsets":[0,{{{data.Length}}}]} }""", data);
    }

    /// <summary>Eighths, so that every type has them exactly.</summary>
    public static float ValueOf(int i, int seed = 1) => ((i * 7 * seed) % 17 - 8) / 8f;
}
