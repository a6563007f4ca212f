using System.Globalization;
using System.Text;
using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Stores.Redis;

/// <summary>
/// A value in Redis: the number of the sequence in 12 hexadecimal digits, which scripts can compare, then r and the
/// record, or t for the mark of a removal. A record stays in its partition, so numbers suffice.
/// </summary>
internal static class CacheEntry
{
    /// <summary>Digits of the number and the letter behind it.</summary>
    public const int HeaderSize = 13;

    public static string Number(Sequence sequence) => sequence.Number.ToString("x12", CultureInfo.InvariantCulture);

    public static byte[] Of(MemoryRecord record)
    {
        var body = RecordCodec.Encode(record);
        var entry = new byte[HeaderSize + body.Length];
        Encoding.ASCII.GetBytes(Number(record.Sequence), entry);
        entry[HeaderSize - 1] = (byte)'r';
        body.CopyTo(entry, HeaderSize);
        return entry;
    }

    public static string Removal(Sequence sequence) => Number(sequence) + "t";

    /// <summary>Whether there is a record behind a header, and not the mark of a removal.</summary>
    public static bool IsRecord(ReadOnlySpan<byte> header) => header.Length >= HeaderSize && header[HeaderSize - 1] == (byte)'r';

    /// <summary>The record, or null for a removal and for bytes that are none.</summary>
    public static MemoryRecord? Record(ReadOnlySpan<byte> entry)
    {
        if (entry.Length <= HeaderSize || !IsRecord(entry))
        {
            return null;
        }

        try
        {
            return RecordCodec.Decode(entry[HeaderSize..]);
        }
        catch (InvalidDataException)
        {
            return null; // a cache may forget: what cannot be read is not there
        }
    }
}
