using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Sophia.Memory.Records;

/// <summary>
/// The identity of a record that does not reveal its key: the first 16 bytes of HMAC-SHA256 over namespace id and
/// key, under a secret of the store. Log rows, cache keys and shards use it, so that a forgotten key is nowhere left.
/// </summary>
public readonly record struct RecordId(UInt128 Value)
{
    /// <summary>Bytes of the stored form.</summary>
    public const int Size = 16;

    [ThreadStatic]
    private static Keyed? t_keyed;

    /// <param name="storeSecret">The secret of the store, 32 bytes.</param>
    public static RecordId Of(ReadOnlySpan<byte> storeSecret, long namespaceId, ReadOnlySpan<char> key)
    {
        Span<byte> message = stackalloc byte[8 + 2048];
        BinaryPrimitives.WriteInt64LittleEndian(message, namespaceId);
        var length = 8 + Encoding.UTF8.GetBytes(key, message[8..]);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var keyed = t_keyed;
        if (keyed is null || !keyed.Secret.AsSpan().SequenceEqual(storeSecret))
        {
            t_keyed = keyed = new Keyed(storeSecret.ToArray());
        }

        keyed.Hash.AppendData(message[..length]);
        keyed.Hash.GetHashAndReset(hash);
        return new RecordId(BinaryPrimitives.ReadUInt128BigEndian(hash));
    }

    /// <exception cref="ArgumentException">Not 16 bytes.</exception>
    public static RecordId FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length == Size
        ? new RecordId(BinaryPrimitives.ReadUInt128BigEndian(bytes))
        : throw new ArgumentException($"A record id has {Size} bytes, not {bytes.Length}.", nameof(bytes));

    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return bytes;
    }

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The hash of one thread with its key in place: less than half of what it costs with the key each time.</summary>
    private sealed class Keyed(byte[] secret)
    {
        public byte[] Secret => secret;

        public IncrementalHash Hash { get; } = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
    }
}
