using System.Text.Json;
using System.Text.Json.Serialization;
using Sophia.Memory.Log;

namespace Sophia.Snowflake.Mirror;

/// <summary>Where the mirror is, as it is kept in L3.</summary>
internal sealed record MirrorState
{
    /// <summary>The last number of each partition that Snowflake has.</summary>
    public long[] Numbers { get; init; } = new long[Sequence.Partitions];

    /// <summary>When the last of them was recorded, in milliseconds since 1970; 0 for none.</summary>
    public long[] Times { get; init; } = new long[Sequence.Partitions];

    public bool Paused { get; init; }

    /// <summary>Namespaces that are resident and whose rows were taken out of the mirror.</summary>
    public long[] Resident { get; init; } = [];

    /// <summary>Who mirrors, so that one process does; until the time below.</summary>
    public string? Owner { get; init; }

    public DateTimeOffset LeaseUntil { get; init; }

    /// <summary>When the mirror last had everything.</summary>
    public DateTimeOffset? CaughtUpAt { get; init; }

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, MirrorJson.Default.MirrorState);

    public static MirrorState Of(byte[]? bytes) => bytes is null ? new() : JsonSerializer.Deserialize(bytes, MirrorJson.Default.MirrorState)!;
}

[JsonSerializable(typeof(MirrorState))]
internal sealed partial class MirrorJson : JsonSerializerContext;
