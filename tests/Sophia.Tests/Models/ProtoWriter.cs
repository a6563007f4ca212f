using System.Text;

namespace Sophia.Tests.Models;

/// <summary>Writes a message of Protocol Buffers by hand (protobuf.dev/programming-guides/encoding), so that tests need no files of others.</summary>
internal sealed class ProtoWriter
{
    private readonly List<byte> _bytes = [];

    public byte[] ToArray() => [.. _bytes];

    public ProtoWriter Number(int field, long value)
    {
        VarInt(field << 3);
        VarInt(value);
        return this;
    }

    public ProtoWriter Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    public ProtoWriter Message(int field, ProtoWriter message) => Bytes(field, message.ToArray());

    public ProtoWriter Floats(int field, float[] values) => Bytes(field, [.. values.SelectMany(BitConverter.GetBytes)]);

    public ProtoWriter Float(int field, float value)
    {
        VarInt((field << 3) | 5);
        _bytes.AddRange(BitConverter.GetBytes(value));
        return this;
    }

    private ProtoWriter Bytes(int field, byte[] bytes)
    {
        VarInt((field << 3) | 2);
        VarInt(bytes.Length);
        _bytes.AddRange(bytes);
        return this;
    }

    private void VarInt(long value)
    {
        for (var left = (ulong)value; ; left >>= 7)
        {
            _bytes.Add((byte)(left > 0x7f ? (left & 0x7f) | 0x80 : left));
            if (left <= 0x7f)
            {
                return;
            }
        }
    }
}
