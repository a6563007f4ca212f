using System.Globalization;
using Sophia.Memory.Hierarchy;

namespace Sophia.Memory.Cortex;

public sealed partial class CortexMemory
{
    /// <summary>How the tenant stands to its budget this month; null when it has none.</summary>
    /// <exception cref="Stores.StoreUnavailableException">What was spent is not known.</exception>
    public async Task<BudgetState?> BudgetAsync(string tenant, CancellationToken cancellationToken)
    {
        if (_options.BudgetOf(tenant).DollarsPerMonth is not { } limit)
        {
            return null;
        }

        var now = _clock.GetUtcNow();
        var first = ModelLedger.DayOf(new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero));
        var rows = await Ledger.ReadAsync(tenant, first, ModelLedger.DayOf(now), cancellationToken).ConfigureAwait(false);
        var spent = rows.Where(static row => (CallOutcome)row.Outcome is CallOutcome.Called or CallOutcome.Failed).Sum(static row => row.NanoDollars) / 1e9;
        return BudgetOf(limit, spent, tenant);
    }

    // Calls that are under way when the limit is reached are finished: what they cost is known only afterwards.
    private async Task<BudgetState?> RequireBudgetAsync(string tenant, CancellationToken cancellationToken)
    {
        var budget = await BudgetAsync(tenant, cancellationToken).ConfigureAwait(false);
        return budget is null || budget.Spent < budget.Limit ? budget : throw new RefusedException(
            "budget-exhausted",
            string.Create(CultureInfo.InvariantCulture, $"Tenant '{tenant}' has spent {budget.Spent:0.######} of {budget.Limit:0.######} dollars for models this month."),
            $"Raise Sophia:Cortex:Budgets:{tenant}:DollarsPerMonth, or wait for the next month. Answers in the cache are served meanwhile.");
    }

    private BudgetState BudgetOf(double limit, double spent, string tenant)
    {
        _budgets.Record(tenant, spent, limit);
        return new(limit, spent, spent >= limit * _options.BudgetOf(tenant).WarnAt);
    }
}
