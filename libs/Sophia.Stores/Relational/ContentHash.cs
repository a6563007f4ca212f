using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Sophia.Memory.Records;

namespace Sophia.Stores.Relational;

/// <summary>
/// What makes two versions of a record the same to their writer: the first 16 bytes of SHA-256 over everything that the
/// writer states. A vector counts where the writer gave it; one made by a model follows from content and model.
/// </summary>
internal static class ContentHash
{
    public static UInt128 Of(MemoryRecord record)
    {
        var size = 128 + record.Content.Length + record.Attributes.Length + (3 * record.ContentType.Length) + (3 * (record.VectorModel?.Length ?? 0));
        for (var i = 0; i < record.Tags.Count; i++)
        {
            size += 4 + (3 * record.Tags[i].Length);
        }

        if (record.Provenance is { } p)
        {
            size += 16 + (3 * ((p.Source?.Length ?? 0) + (p.Agent?.Length ?? 0) + (p.Session?.Length ?? 0) + (p.Uri?.Length ?? 0)));
        }

        if (record is { VectorModel: null, Vector: { } v })
        {
            size += 4 * v.Length;
        }

        var rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var buffer = rented.AsSpan();
            var at = 0;
            buffer[at++] = (byte)record.Kind;
            AddTime(buffer, ref at, record.ExpiresAt);
            AddTime(buffer, ref at, record.ValidFrom);
            AddTime(buffer, ref at, record.ValidTo);
            AddBytes(buffer, ref at, record.Content.Span);
            AddBytes(buffer, ref at, record.Attributes.Span);
            AddText(buffer, ref at, record.ContentType);
            AddText(buffer, ref at, record.VectorModel);
            AddInt32(buffer, ref at, record.Tags.Count);
            for (var i = 0; i < record.Tags.Count; i++)
            {
                AddText(buffer, ref at, record.Tags[i]);
            }

            AddInt32(buffer, ref at, record.Provenance is null ? 0 : 1);
            if (record.Provenance is { } provenance)
            {
                AddText(buffer, ref at, provenance.Source);
                AddText(buffer, ref at, provenance.Agent);
                AddText(buffer, ref at, provenance.Session);
                AddText(buffer, ref at, provenance.Uri);
            }

            if (record is { VectorModel: null, Vector: { } vector })
            {
                foreach (var component in vector)
                {
                    BinaryPrimitives.WriteSingleLittleEndian(buffer[at..], component);
                    at += sizeof(float);
                }
            }

            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(buffer[..at], hash);
            return BinaryPrimitives.ReadUInt128BigEndian(hash);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static void AddInt32(Span<byte> buffer, ref int at, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(buffer[at..], value);
        at += sizeof(int);
    }

    private static void AddTime(Span<byte> buffer, ref int at, DateTimeOffset? time)
    {
        BinaryPrimitives.WriteInt64LittleEndian(buffer[at..], UnixTime.ToMs(time) ?? long.MinValue);
        at += sizeof(long);
    }

    private static void AddBytes(Span<byte> buffer, ref int at, ReadOnlySpan<byte> bytes)
    {
        AddInt32(buffer, ref at, bytes.Length);
        bytes.CopyTo(buffer[at..]);
        at += bytes.Length;
    }

    private static void AddText(Span<byte> buffer, ref int at, string? text)
    {
        if (text is null)
        {
            AddInt32(buffer, ref at, -1);
            return;
        }

        var length = Encoding.UTF8.GetBytes(text, buffer[(at + sizeof(int))..]);
        AddInt32(buffer, ref at, length);
        at += length;
    }
}
