namespace Sophia.Client;

/// <summary>Where the service is, who asks, and how patient the client is.</summary>
public sealed record SophiaClientOptions
{
    /// <summary>Default: http://localhost:5080. A path in it is kept, for a service behind a prefix.</summary>
    public Uri BaseAddress { get; init; } = new("http://localhost:5080");

    /// <summary>Sent as a bearer token. None: the service answers loopback callers only, and only while it has no keys.</summary>
    public string? ApiKey { get; init; }

    /// <summary>For a key that is good for several tenants: which one. Sent as <c>Sophia-Tenant</c>.</summary>
    public string? Tenant { get; init; }

    /// <summary>How often a call that was answered 429 or 503 is sent again. Default 4; 0 never.</summary>
    public int MaxRetries { get; init; } = 4;

    /// <summary>A <c>Retry-After</c> longer than this is not waited for: the error is given at once. Default 30 s.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The first pause where the service names none; doubles with each attempt, half of it by chance. Default 200 ms.</summary>
    public TimeSpan FirstRetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// A change feed that is silent for so long is taken for broken and made again. The service says something every
    /// 15 s, unless its <c>Sophia:HeartbeatInterval</c> is another. Default 45 s.
    /// </summary>
    public TimeSpan FeedPatience { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>The clock that pauses are measured by.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The chance that spreads retries, in [0, 1).</summary>
    public Func<double> Chance { get; init; } = Random.Shared.NextDouble;
}
