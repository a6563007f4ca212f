namespace Sophia.Memory.Stores;

/// <summary>Sums of calls of models, made and avoided, of one tenant, day, model, operation and outcome.</summary>
/// <param name="Day">Days since 1970-01-01, UTC.</param>
/// <param name="Operation">complete, embed, …</param>
/// <param name="Outcome">A <see cref="Cortex.CallOutcome"/>.</param>
/// <param name="NanoDollars">Spent where the outcome is Called or Failed, avoided otherwise.</param>
public readonly record struct LedgerRow(
    string Tenant, int Day, string Model, string Operation, byte Outcome, long Calls, long InputTokens, long OutputTokens, long NanoDollars, long NanoCredits,
    long LatencyUs);

/// <summary>The ledger of model calls.</summary>
public interface ILedgerStore
{
    /// <summary>
    /// Adds to the sums, durable when the task completes. After a failure nobody knows whether it was done: so it is sent again, and what
    /// comes under its writer's last number adds nothing.
    /// </summary>
    /// <param name="writer">Who counted; it has one addition under way at a time.</param>
    /// <param name="number">Of this addition among the writer's.</param>
    /// <exception cref="StoreUnavailableException"/>
    Task AddLedgerAsync(Guid writer, long number, IReadOnlyList<LedgerRow> rows, CancellationToken cancellationToken);

    /// <summary>A tenant's rows of the days from the first to the last, in order of day, model, operation, outcome.</summary>
    /// <exception cref="StoreUnavailableException"/>
    Task<IReadOnlyList<LedgerRow>> ReadLedgerAsync(string tenant, int firstDay, int lastDay, CancellationToken cancellationToken);
}
