namespace Sophia.Memory.Cortex.Eviction;

/// <summary>The cache in front of models at one moment, as this process knows it.</summary>
/// <param name="BudgetBytes">Null: without limit.</param>
/// <param name="Bytes">Of what is kept: answer, vector and what the store and the shard take beside them.</param>
/// <param name="Age">The worth of the last one that was evicted, in billionths of a dollar a byte.</param>
/// <param name="Evictions">By reason.</param>
public sealed record CacheReport(long? BudgetBytes, long Bytes, int Count, double Age, IReadOnlyDictionary<string, long> Evictions);

/// <summary>Why a kept answer stays or goes: its worth is <paramref name="Age"/> + <paramref name="Uses"/> × <paramref name="SavingNanoDollars"/> ÷ <paramref name="Bytes"/>.</summary>
/// <param name="Key">As in the receipt of an answer.</param>
/// <param name="Uses">Hits in this process, and one for the call that it was made by.</param>
public sealed record CacheWorth(string Key, long Bytes, long Uses, double SavingNanoDollars, double Age, double Worth);
