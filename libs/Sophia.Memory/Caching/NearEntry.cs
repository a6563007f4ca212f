using Sophia.Memory.Records;

namespace Sophia.Memory.Caching;

/// <summary>A record in the near copy, with room for the form in which the edge answers it.</summary>
public sealed class NearEntry(MemoryRecord record)
{
    private object? _rendering;

    public MemoryRecord Record { get; } = record;

    // Beside the reference, so that a hit need not touch the record itself to know that it may be served.
    internal DateTimeOffset Expiry { get; } = record.ExpiresAt ?? DateTimeOffset.MaxValue;

    internal long Number { get; } = record.Sequence.Number;

    /// <summary>What the edge made of the record, kept so that it is made once; lost with the entry. Any thread may set it.</summary>
    public object? Rendering
    {
        get => Volatile.Read(ref _rendering);
        set => Volatile.Write(ref _rendering, value);
    }
}
