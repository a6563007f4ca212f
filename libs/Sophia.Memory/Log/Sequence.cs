using System.Buffers.Binary;
using System.Buffers.Text;

namespace Sophia.Memory.Log;

/// <summary>
/// The place of one change in the log: a partition (0–63) and the number of the change in it (from 1, in commit
/// order). Two sequences can be compared only within one partition. To callers it is an opaque token.
/// </summary>
/// <param name="Value">Partition in the bits above 48, number in the lower 48; also the primary key of log and content rows.</param>
public readonly record struct Sequence(long Value)
{
    /// <summary>How many partitions the log has; fixed when a store is created.</summary>
    public const int Partitions = 64;

    private const int NumberBits = 48;
    private const long NumberMask = (1L << NumberBits) - 1;

    /// <summary>No change: before the first of every partition.</summary>
    public static Sequence None => default;

    public int Partition => (int)(Value >> NumberBits);

    public long Number => Value & NumberMask;

    public bool IsNone => Value == 0;

    /// <exception cref="ArgumentOutOfRangeException">The partition is not 0–63, or the number is negative or needs over 48 bits.</exception>
    public static Sequence Of(int partition, long number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(partition);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(partition, Partitions);
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, NumberMask);
        return new Sequence(((long)partition << NumberBits) | number);
    }

    /// <summary>The opaque token: 11 characters of base64url.</summary>
    public string ToToken()
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, Value);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads a token that <see cref="ToToken"/> made; false for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<char> token, out Sequence sequence)
    {
        sequence = default;
        Span<byte> bytes = stackalloc byte[8];
        if (token.Length != 11 || !Base64Url.IsValid(token) ||
            !Base64Url.TryDecodeFromChars(token, bytes, out var written) || written != 8)
        {
            return false;
        }

        var value = BinaryPrimitives.ReadInt64BigEndian(bytes);
        if (value < 0 || value >> NumberBits >= Partitions)
        {
            return false;
        }

        sequence = new Sequence(value);
        return true;
    }

    public override string ToString() => $"{Partition}/{Number}";
}
