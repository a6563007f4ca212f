using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Sophia.Memory.Log;

namespace Sophia.Memory.Records;

/// <summary>
/// A record as bytes, for caches: a format byte, the fields in a fixed order, and XxHash3 over all before it, so that
/// torn or foreign bytes are told from a record. Numbers are little-endian, strings UTF-8 behind their length,
/// times ticks of UTC.
/// </summary>
public static class RecordCodec
{
    private const byte Format = 1;
    private const int HashSize = sizeof(ulong);
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public static byte[] Encode(MemoryRecord record)
    {
        var writer = new Writer(record.SizeInMemory);
        writer.Byte(Format);
        writer.Int64(record.NamespaceId);
        writer.Int64(record.Sequence.Value);
        writer.Int32(record.Version);
        writer.Int64(record.CreatedAt.UtcTicks);
        writer.Int64(record.UpdatedAt.UtcTicks);
        writer.Time(record.ExpiresAt);
        writer.Time(record.ValidFrom);
        writer.Time(record.ValidTo);
        writer.Byte((byte)record.Kind);
        writer.Bytes(record.Id.ToBytes());
        writer.Text(record.Key);
        writer.Text(record.ContentType);
        writer.Bytes(record.Content.Span);
        writer.Bytes(record.Attributes.Span);
        writer.Int32(record.Tags.Count);
        for (var i = 0; i < record.Tags.Count; i++)
        {
            writer.Text(record.Tags[i]);
        }

        writer.Byte(record.Provenance is null ? (byte)0 : (byte)1);
        if (record.Provenance is { } provenance)
        {
            writer.Text(provenance.Source);
            writer.Text(provenance.Agent);
            writer.Text(provenance.Session);
            writer.Text(provenance.Uri);
        }

        writer.Byte(record.Vector is null ? (byte)0 : (byte)1);
        if (record.Vector is { } vector)
        {
            writer.Bytes(VectorCodec.Encode(vector));
        }

        writer.Text(record.VectorModel);
        return writer.Seal();
    }

    /// <exception cref="InvalidDataException">The bytes are not what <see cref="Encode"/> makes.</exception>
    public static MemoryRecord Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= HashSize || XxHash3.HashToUInt64(bytes[..^HashSize]) != BinaryPrimitives.ReadUInt64LittleEndian(bytes[^HashSize..]))
        {
            throw new InvalidDataException("The bytes are not a whole record: their checksum differs.");
        }

        var reader = new Reader(bytes[..^HashSize]);
        if (reader.Byte() is var format && format != Format)
        {
            throw new InvalidDataException($"Record format {format} is not known.");
        }

        var namespaceId = reader.Int64();
        var sequence = new Sequence(reader.Int64());
        var version = reader.Int32();
        var created = reader.Time();
        var updated = reader.Time();
        var expires = reader.OptionalTime();
        var validFrom = reader.OptionalTime();
        var validTo = reader.OptionalTime();
        var kind = (ContentKind)reader.Byte();
        var id = reader.Bytes();
        var record = new MemoryRecord
        {
            NamespaceId = namespaceId,
            Sequence = sequence,
            Version = version,
            CreatedAt = created,
            UpdatedAt = updated,
            ExpiresAt = expires,
            ValidFrom = validFrom,
            ValidTo = validTo,
            Kind = kind,
            Id = id.Length == RecordId.Size ? RecordId.FromBytes(id) : throw new InvalidDataException("The record's id is not 16 bytes."),
            Key = reader.Text() ?? throw new InvalidDataException("The record has no key."),
            ContentType = reader.Text() ?? throw new InvalidDataException("The record has no content type."),
            Content = reader.Bytes().ToArray(),
            Attributes = reader.Bytes().ToArray(),
            Tags = reader.Tags(),
            Provenance = reader.Byte() == 0 ? null : new Provenance(reader.Text(), reader.Text(), reader.Text(), reader.Text()),
            Vector = reader.Byte() == 0 ? null : VectorCodec.Decode(reader.Bytes()),
            VectorModel = reader.Text(),
        };
        reader.End();
        return record;
    }

    private ref struct Writer(int capacity)
    {
        private byte[] _buffer = new byte[capacity];
        private int _length;

        public void Byte(byte value) => Next(1)[0] = value;

        public void Int32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Next(sizeof(int)), value);

        public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Next(sizeof(long)), value);

        public void Time(DateTimeOffset? value) => Int64(value?.UtcTicks ?? -1);

        public void Bytes(ReadOnlySpan<byte> value)
        {
            Int32(value.Length);
            value.CopyTo(Next(value.Length));
        }

        public void Text(string? value)
        {
            if (value is null)
            {
                Int32(-1);
                return;
            }

            var length = Encoding.UTF8.GetByteCount(value);
            Int32(length);
            Encoding.UTF8.GetBytes(value, Next(length));
        }

        public byte[] Seal()
        {
            var hash = XxHash3.HashToUInt64(_buffer.AsSpan(0, _length));
            BinaryPrimitives.WriteUInt64LittleEndian(Next(HashSize), hash);
            return _buffer.AsSpan(0, _length).ToArray();
        }

        private Span<byte> Next(int size)
        {
            if (_buffer.Length - _length < size)
            {
                Array.Resize(ref _buffer, Math.Max(_length + size, _buffer.Length * 2));
            }

            var span = _buffer.AsSpan(_length, size);
            _length += size;
            return span;
        }
    }

    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public byte Byte() => Next(1)[0];

        public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Next(sizeof(int)));

        public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Next(sizeof(long)));

        public DateTimeOffset Time() => Instant(Int64());

        public DateTimeOffset? OptionalTime() => Int64() is var ticks && ticks == -1 ? null : Instant(ticks);

        public ReadOnlySpan<byte> Bytes() => Next(Int32());

        public string? Text()
        {
            var length = Int32();
            if (length == -1)
            {
                return null;
            }

            try
            {
                return StrictUtf8.GetString(Next(length));
            }
            catch (DecoderFallbackException e)
            {
                throw new InvalidDataException("A string is not UTF-8.", e);
            }
        }

        public string[] Tags()
        {
            var count = Int32();
            if (count < 0 || count > _rest.Length / sizeof(int))
            {
                throw new InvalidDataException($"A record cannot have {count} tags in {_rest.Length} bytes.");
            }

            var tags = count == 0 ? [] : new string[count];
            for (var i = 0; i < count; i++)
            {
                tags[i] = Text() ?? throw new InvalidDataException("A tag is missing.");
            }

            return tags;
        }

        public readonly void End()
        {
            if (!_rest.IsEmpty)
            {
                throw new InvalidDataException($"{_rest.Length} bytes follow the record.");
            }
        }

        private static DateTimeOffset Instant(long ticks) => ticks >= 0 && ticks <= DateTimeOffset.MaxValue.UtcTicks
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : throw new InvalidDataException($"{ticks} ticks are not a time.");

        private ReadOnlySpan<byte> Next(int size)
        {
            if (size < 0 || size > _rest.Length)
            {
                throw new InvalidDataException($"{size} bytes are announced, {_rest.Length} are there.");
            }

            var span = _rest[..size];
            _rest = _rest[size..];
            return span;
        }
    }
}
