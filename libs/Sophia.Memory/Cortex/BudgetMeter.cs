using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Sophia.Memory.Cortex;

/// <summary>
/// The part of its month's budget that each tenant has spent, as it was known when it last asked for something that costs: until then,
/// after a start, nothing is told. Of many tenants those nearest to their limit are told.
/// </summary>
internal sealed class BudgetMeter : IDisposable
{
    private const int TenantsTold = 100;
    private readonly Meter _meter = new("Sophia");
    private readonly ConcurrentDictionary<string, (int Month, double Used)> _known = new();
    private readonly TimeProvider _clock;

    public BudgetMeter(TimeProvider clock)
    {
        _clock = clock;
        _meter.CreateObservableGauge("sophia.cortex.budget.used", Read, "1", "The part of the month's budget for models that a tenant has spent; from 1 on, its calls are refused.");
    }

    /// <param name="spent">Dollars this month.</param>
    /// <param name="limit">Dollars a month; with 0 nothing may be spent, and all of it is.</param>
    public void Record(string tenant, double spent, double limit) => _known[tenant] = (MonthOf(_clock.GetUtcNow()), limit > 0 ? spent / limit : 1);

    public void Dispose() => _meter.Dispose();

    private List<Measurement<double>> Read()
    {
        var month = MonthOf(_clock.GetUtcNow());
        foreach (var old in _known.Where(k => k.Value.Month != month))
        {
            _known.TryRemove(old);
        }

        return [.. _known.OrderByDescending(static k => k.Value.Used).Take(TenantsTold).Select(static k => new Measurement<double>(k.Value.Used, new KeyValuePair<string, object?>("tenant", k.Key)))];
    }

    private static int MonthOf(DateTimeOffset time) => (12 * time.Year) + time.Month;
}
