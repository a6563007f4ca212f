namespace Sophia.Memory.Cortex;

/// <summary>What a tenant may spend on models in a calendar month (UTC).</summary>
public sealed record BudgetOptions
{
    /// <summary>Dollars per month; null, without limit, by default.</summary>
    public double? DollarsPerMonth { get; init; }

    /// <summary>The part of it from which answers warn, 0–1; 0.8 by default.</summary>
    public double WarnAt { get; init; } = 0.8;
}

/// <summary>The settings of the cache in front of models; section Sophia:Cortex.</summary>
public sealed record CortexOptions
{
    private const long LeastCacheBytes = 64 << 10;

    /// <summary>How alike a prompt must be to one that was answered, as cosine, to get its answer; 0.95 by default. 1 turns it off.</summary>
    public double NearThreshold { get; init; } = 0.95;

    /// <summary>How long a failure is remembered, so that callers do not queue up for it; 5 s by default.</summary>
    public TimeSpan FailureTimeToLive { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often counts of avoided calls are written down; 5 s by default. Paid calls are written at once.</summary>
    public TimeSpan LedgerInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// What kept answers and vectors may take together, in bytes: answer, vector of the prompt and 512 for each. Beyond it those
    /// that save least for their size go. Null, without limit, by default; a service takes what its inference cache pools were granted.
    /// </summary>
    public long? CacheBytes { get; init; }

    /// <summary>The budget of tenants that <see cref="Budgets"/> does not name; without limit by default.</summary>
    public BudgetOptions Budget { get; init; } = new();

    /// <summary>Budgets by tenant.</summary>
    public IReadOnlyDictionary<string, BudgetOptions> Budgets { get; init; } = new Dictionary<string, BudgetOptions>();

    public BudgetOptions BudgetOf(string tenant) => Budgets.GetValueOrDefault(tenant) ?? Budget;

    /// <summary>The first setting that cannot be, with the message that fixes it; null when all are fine.</summary>
    public string? Validate()
    {
        if (NearThreshold is not (>= 0.5 and <= 1))
        {
            return $"Sophia:Cortex:NearThreshold is {NearThreshold}; it is a cosine from 0.5 to 1.";
        }

        if (FailureTimeToLive < TimeSpan.Zero || FailureTimeToLive > TimeSpan.FromHours(1))
        {
            return $"Sophia:Cortex:FailureTimeToLive is {FailureTimeToLive}; it is from 00:00:00 to 01:00:00.";
        }

        if (LedgerInterval < TimeSpan.FromMilliseconds(100) || LedgerInterval > TimeSpan.FromHours(1))
        {
            return $"Sophia:Cortex:LedgerInterval is {LedgerInterval}; it is from 00:00:00.1 to 01:00:00.";
        }

        if (CacheBytes is < LeastCacheBytes)
        {
            return $"Sophia:Cortex:CacheBytes is {CacheBytes}; it is at least {LeastCacheBytes:N0} bytes.";
        }

        if (AvailableMemory.Problem("Sophia:Cortex:CacheBytes", CacheBytes) is { } tooMuch)
        {
            return tooMuch;
        }

        foreach (var (at, budget) in Budgets.Select(static b => ($"Budgets:{b.Key}", b.Value)).Prepend(("Budget", Budget)))
        {
            if (budget.DollarsPerMonth is not (null or (>= 0 and <= 1e9)) || budget.WarnAt is not (>= 0 and <= 1))
            {
                return $"Sophia:Cortex:{at}: DollarsPerMonth is 0 to 1,000,000,000 and WarnAt 0 to 1.";
            }
        }

        return null;
    }
}
