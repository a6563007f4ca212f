using System.Text;
using CsCheck;
using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Tests.Stores;

public sealed class CodecTests
{
    private static readonly Gen<string> GenText = Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 0, 40], Gen.Int[0, 3], static (a, i) => a + new[] { "", "ä", "😀", "\0" }[i]);

    private static readonly Gen<DateTimeOffset> GenTime = Gen.Long[0, DateTimeOffset.MaxValue.UtcTicks].Select(t => new DateTimeOffset(t, TimeSpan.Zero));

    private static readonly Gen<MemoryRecord> GenRecord = Gen.Select(
        Gen.Select(GenText, GenText, Gen.Byte.Array[0, 2000], Gen.Byte.Array[0, 100], GenText.Array[0, 8]),
        Gen.Select(GenText.Null(), GenText.Null(), GenText.Null(), GenText.Null(), Gen.Bool),
        Gen.Select(Gen.Single.Array[0, 300].Null(), GenText.Null(), Gen.Int, Gen.Long, Gen.ULong),
        Gen.Select(GenTime, GenTime, GenTime.Nullable(), GenTime.Nullable(), GenTime.Nullable()),
        (a, p, v, t) => new MemoryRecord
        {
            Key = a.Item1,
            ContentType = a.Item2,
            Content = a.Item3,
            Attributes = a.Item4,
            Tags = a.Item5,
            Provenance = p.Item5 ? new Provenance(p.Item1, p.Item2, p.Item3, p.Item4) : null,
            Vector = v.Item1,
            VectorModel = v.Item2,
            Version = v.Item3,
            NamespaceId = v.Item4,
            Sequence = new Sequence(v.Item4),
            Id = new RecordId(new UInt128(v.Item5, ~v.Item5)),
            Kind = ContentKind.Bytes,
            CreatedAt = t.Item1,
            UpdatedAt = t.Item2,
            ExpiresAt = t.Item3,
            ValidFrom = t.Item4,
            ValidTo = t.Item5,
        });

    [Fact]
    public void A_record_comes_back_from_its_bytes_as_it_was() =>
        GenRecord.Sample(record => Records.AssertSame(record, RecordCodec.Decode(RecordCodec.Encode(record))), iter: 500);

    [Fact]
    public void Damaged_bytes_are_never_a_record() => Gen.Select(GenRecord, Gen.Int[0, int.MaxValue], Gen.Byte[1, 255]).Sample((record, place, change) =>
    {
        var bytes = RecordCodec.Encode(record);
        var cut = bytes[..(place % bytes.Length)];
        Assert.Throws<InvalidDataException>(() => RecordCodec.Decode(cut));
        bytes[place % bytes.Length] ^= change;
        Assert.Throws<InvalidDataException>(() => RecordCodec.Decode(bytes));
    }, iter: 500);

    [Fact]
    public void Damage_under_a_right_checksum_is_still_only_invalid_data() => Gen.Select(GenRecord, Gen.Int[0, int.MaxValue], Gen.Byte).Sample((record, place, value) =>
    {
        var bytes = RecordCodec.Encode(record);
        bytes[place % (bytes.Length - 8)] = value;
        System.IO.Hashing.XxHash3.Hash(bytes.AsSpan(0, bytes.Length - 8), bytes.AsSpan(bytes.Length - 8));
        bytes.AsSpan(bytes.Length - 8).Reverse(); // the library writes big-endian
        try
        {
            Assert.NotNull(RecordCodec.Decode(bytes));
        }
        catch (InvalidDataException)
        {
        }
    }, iter: 2000);

    [Fact]
    public void A_vector_comes_back_bit_for_bit() => Gen.OneOf(
        Gen.Single.Array[0, 400],
        Gen.UShort.Select(BitConverter.UInt16BitsToHalf).Where(Half.IsFinite).Select(h => (float)h).Array[0, 400]).Sample(vector =>
        Assert.Equal(vector.Select(BitConverter.SingleToUInt32Bits), VectorCodec.Decode(VectorCodec.Encode(vector)).Select(BitConverter.SingleToUInt32Bits)), iter: 1000);

    [Fact]
    public void Every_finite_half_is_stored_in_two_bytes()
    {
        var halves = Enumerable.Range(0, 65536).Select(i => BitConverter.UInt16BitsToHalf((ushort)i)).Where(Half.IsFinite).Select(h => (float)h).ToArray();
        var bytes = VectorCodec.Encode(halves);
        Assert.Equal(1 + (2 * halves.Length), bytes.Length);
        Assert.Equal(halves.Select(BitConverter.SingleToUInt32Bits), VectorCodec.Decode(bytes).Select(BitConverter.SingleToUInt32Bits));
        Assert.Equal(1 + 4, VectorCodec.Encode([0.1f]).Length);
    }

    [Fact]
    public void Bytes_that_are_no_vector_are_invalid_data()
    {
        foreach (var bytes in new byte[][] { [], [0], [3, 1], [1, 0], [2, 1] })
        {
            Assert.Throws<InvalidDataException>(() => VectorCodec.Decode(bytes));
        }
    }
}
