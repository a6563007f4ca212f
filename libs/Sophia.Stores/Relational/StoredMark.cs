using System.Buffers.Binary;
using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Stores.Relational;

/// <summary>What the store keeps under an idempotency key.</summary>
internal sealed record StoredMark(byte[] RequestHash, byte[] Results);

/// <summary>
/// The receipts of a group as bytes: per operation status, reason, whether it was an append (1 byte each), version (4)
/// and sequence (8). No key is in them, so that forgetting a record need not look here; the key of an append is read
/// from its content, for as long as that is there.
/// </summary>
internal static class MarkResults
{
    private const int Size = 15;

    public static byte[] Encode(ReadOnlySpan<Receipt> receipts, ReadOnlySpan<string?> keys)
    {
        var bytes = new byte[receipts.Length * Size];
        for (var i = 0; i < receipts.Length; i++)
        {
            var target = bytes.AsSpan(i * Size, Size);
            target[0] = (byte)receipts[i].Status;
            target[1] = (byte)receipts[i].Reason;
            target[2] = keys[i] is null ? (byte)0 : (byte)1;
            BinaryPrimitives.WriteInt32LittleEndian(target[3..], receipts[i].Version);
            BinaryPrimitives.WriteInt64LittleEndian(target[7..], receipts[i].Sequence.Value);
        }

        return bytes;
    }

    public static (Receipt[] Receipts, bool[] Appends) Decode(ReadOnlySpan<byte> bytes)
    {
        var receipts = new Receipt[bytes.Length / Size];
        var appends = new bool[receipts.Length];
        for (var i = 0; i < receipts.Length; i++)
        {
            var source = bytes.Slice(i * Size, Size);
            receipts[i] = new Receipt(
                (ReceiptStatus)source[0],
                (RejectReason)source[1],
                BinaryPrimitives.ReadInt32LittleEndian(source[3..]),
                new Sequence(BinaryPrimitives.ReadInt64LittleEndian(source[7..])));
            appends[i] = source[2] == 1;
        }

        return (receipts, appends);
    }
}
