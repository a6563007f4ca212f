namespace Sophia.Client;

/// <summary>The time that one stage took on the server.</summary>
/// <param name="Name">A tier or stage: <c>near</c>, <c>l1</c>, <c>l3</c>, <c>embed</c>, <c>l0</c>, … and <c>total</c>.</param>
/// <param name="Duration">As the server measured it; zero where it gave none.</param>
public sealed record TierTiming(string Name, TimeSpan Duration);

/// <summary>What the service answered, and which tier answered it how fast.</summary>
public sealed record Answer<T>(T Value)
{
    /// <summary>The tier that served it: <c>L0</c>, <c>L1</c>, <c>L3</c>, …; null where the service did not say.</summary>
    public string? Tier { get; init; }

    /// <summary>One entry per tier visited, in order.</summary>
    public IReadOnlyList<TierTiming> Timings { get; init; } = [];

    /// <summary>True: L3 is away and this is what a cache still held.</summary>
    public bool Stale { get; init; }

    /// <summary>The token to send with a read that must see this state; null where the answer carries none.</summary>
    public string? Sequence { get; init; }

    public string? ETag { get; init; }

    /// <summary>True: the same call had been done before under its idempotency key, and these are its receipts.</summary>
    public bool Replayed { get; init; }

    /// <summary>The server's <c>total</c>; null where it did not say.</summary>
    public TimeSpan? Total
    {
        get
        {
            foreach (var timing in Timings)
                if (timing.Name == "total") return timing.Duration;
            return null;
        }
    }
}
