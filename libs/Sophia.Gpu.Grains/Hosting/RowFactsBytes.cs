using System.Text.Json;
using System.Text.Json.Serialization;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Grains.Hosting;

/// <summary>
/// Rows that a shard tells, as base64 of their bytes in one string: they are most of what a search over several shards sends, and
/// three times as much as JSON of their own. Nodes of the version before read it too, while one takes the other's place: what they do not
/// know stands behind all rows, where they do not read, as the traits of turns do, a byte each.
/// </summary>
internal sealed class RowFactsBytes : JsonConverter<IReadOnlyList<RowFacts>>
{
    [Flags]
    private enum Parts : byte
    {
        None = 0,
        Passes = 1,
        Candidate = 2,
        Place = 4,
        Importance = 8,
        Lexical = 16,
        Cosine = 32,
        Vector = 64,
        Named = 128,
    }

    public override IReadOnlyList<RowFacts> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var bytes = new BinaryReader(new MemoryStream(reader.GetBytesFromBase64()));
        var rows = new RowFacts[bytes.Read7BitEncodedInt()];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = ReadRow(bytes);
        }

        if (bytes.BaseStream.Position < bytes.BaseStream.Length)
        {
            for (var i = 0; i < rows.Length; i++)
            {
                if (bytes.ReadByte() is not 0 and var traits)
                {
                    rows[i] = rows[i] with { Traits = (TurnTraits)traits };
                }
            }
        }

        return rows;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<RowFacts> value, JsonSerializerOptions options)
    {
        using var stream = new MemoryStream(64 + (value.Count * 128));
        using var bytes = new BinaryWriter(stream);
        bytes.Write7BitEncodedInt(value.Count);
        foreach (var row in value)
        {
            WriteRow(bytes, row);
        }

        foreach (var row in value)
        {
            bytes.Write((byte)row.Traits);
        }

        bytes.Flush();
        writer.WriteBase64StringValue(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static void WriteRow(BinaryWriter bytes, RowFacts row)
    {
        bytes.Write(row.Key);
        bytes.Write(row.Id.ToBytes());
        bytes.Write(row.Sequence.Value);
        bytes.Write(row.Created);
        bytes.Write(row.ValidFrom);
        bytes.Write(row.ValidTo);
        bytes.Write((byte)PartsOf(row));
        if (row.Place is { } place)
        {
            bytes.Write((byte)place.Kind);
            bytes.Write(place.Name);
            bytes.Write(place.Position);
            bytes.Write(place.Key);
        }

        foreach (var number in (ReadOnlySpan<double?>)[row.Importance, row.Lexical, row.Cosine])
        {
            if (number is { } given)
            {
                bytes.Write(given);
            }
        }

        bytes.Write7BitEncodedInt(row.Words + 1);
        bytes.Write7BitEncodedInt(row.Terms.Count);
        foreach (var term in row.Terms)
        {
            bytes.Write7BitEncodedInt(term);
        }

        bytes.Write(row.Content);
    }

    private static RowFacts ReadRow(BinaryReader bytes)
    {
        var row = new RowFacts(
            bytes.ReadString(), RecordId.FromBytes(bytes.ReadBytes(RecordId.Size)), new Sequence(bytes.ReadInt64()), bytes.ReadInt64(), bytes.ReadInt64(), bytes.ReadInt64());
        var parts = (Parts)bytes.ReadByte();
        return row with
        {
            Passes = parts.HasFlag(Parts.Passes),
            IsCandidate = parts.HasFlag(Parts.Candidate),
            HasVector = parts.HasFlag(Parts.Vector),
            Place = parts.HasFlag(Parts.Place) ? new TextPlace(bytes.ReadByte(), bytes.ReadString(), bytes.ReadDouble(), bytes.ReadString()) : null,
            IsNamed = parts.HasFlag(Parts.Named),
            Importance = parts.HasFlag(Parts.Importance) ? bytes.ReadDouble() : null,
            Lexical = parts.HasFlag(Parts.Lexical) ? bytes.ReadDouble() : null,
            Cosine = parts.HasFlag(Parts.Cosine) ? bytes.ReadDouble() : null,
            Words = bytes.Read7BitEncodedInt() - 1,
            Terms = TermsOf(bytes),
            Content = bytes.ReadUInt64(),
        };
    }

    private static int[] TermsOf(BinaryReader bytes)
    {
        var terms = new int[bytes.Read7BitEncodedInt()];
        for (var i = 0; i < terms.Length; i++)
        {
            terms[i] = bytes.Read7BitEncodedInt();
        }

        return terms;
    }

    private static Parts PartsOf(RowFacts row) =>
        (row.Passes ? Parts.Passes : 0) | (row.IsCandidate ? Parts.Candidate : 0) | (row.Place is null ? 0 : Parts.Place) |
        (row.Importance is null ? 0 : Parts.Importance) | (row.Lexical is null ? 0 : Parts.Lexical) | (row.Cosine is null ? 0 : Parts.Cosine) |
        (row.HasVector ? Parts.Vector : 0) | (row.IsNamed ? Parts.Named : 0);
}
