using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sophia.Memory.Cortex;
using Sophia.Memory.Stores;

namespace Sophia.Tests.Cortex;

/// <summary>What an operator's monitoring sees of calls of models.</summary>
public sealed class CortexMetersTests
{
    /// <summary>Models of this test, since other tests count in the same process.</summary>
    private readonly string _model = Guid.NewGuid().ToString("n");

    [Fact]
    public async Task Calls_tokens_and_cost_are_told_by_model_operation_and_outcome()
    {
        await using var ledger = new ModelLedger(new Store(), TimeSpan.FromHours(1), new FakeTimeProvider(), NullLogger.Instance);
        ledger.Count("a", _model, "complete", CallOutcome.Called, 10, 5, new Cost(2_000_000_000, 500_000_000), TimeSpan.FromSeconds(1));
        ledger.Count("b", _model, "complete", CallOutcome.Called, 1, 1, new Cost(1_000_000_000, 0), TimeSpan.FromSeconds(1));
        ledger.Count("b", _model, "complete", CallOutcome.NearHit, 7, 3, new Cost(250_000_000, 0), TimeSpan.FromSeconds(1));

        var told = Read("model", _model);

        Assert.Equal(
            [
                "sophia.cortex.calls complete called 2", "sophia.cortex.calls complete near_hit 1",
                "sophia.cortex.credits complete called 0.5", "sophia.cortex.credits complete near_hit 0",
                "sophia.cortex.dollars complete called 3", "sophia.cortex.dollars complete near_hit 0.25",
                "sophia.cortex.tokens complete called input 11", "sophia.cortex.tokens complete called output 6",
                "sophia.cortex.tokens complete near_hit input 7", "sophia.cortex.tokens complete near_hit output 3",
            ],
            told);
    }

    [Fact]
    public async Task They_are_the_same_before_and_after_they_were_written_down_and_when_they_could_not_be()
    {
        var store = new Store { IsDown = true };
        await using var ledger = new ModelLedger(store, TimeSpan.FromHours(1), new FakeTimeProvider(), NullLogger.Instance);
        ledger.Count("a", _model, "embed", CallOutcome.Hit, 10, 0, new Cost(9, 0), TimeSpan.Zero);
        var counted = Read("model", _model);

        await Assert.ThrowsAsync<StoreUnavailableException>(() => ledger.FlushAsync(default));
        Assert.Equal(counted, Read("model", _model));
        store.IsDown = false;
        await ledger.FlushAsync(default);
        Assert.Equal(counted, Read("model", _model));

        ledger.Count("a", _model, "embed", CallOutcome.Hit, 10, 0, new Cost(9, 0), TimeSpan.Zero);
        Assert.Contains("sophia.cortex.calls embed hit 2", Read("model", _model));
    }

    [Fact]
    public async Task They_never_fall_while_calls_are_counted_and_written_down()
    {
        await using var ledger = new ModelLedger(new Store(), TimeSpan.FromHours(1), new FakeTimeProvider(), NullLogger.Instance);
        var counting = Task.Run(() =>
        {
            for (var i = 0; i < 200_000; i++)
            {
                ledger.Count("a", _model, "embed", CallOutcome.Hit, 1, 0, default, TimeSpan.Zero);
            }
        });
        var writing = Task.Run(async () =>
        {
            while (!counting.IsCompleted)
            {
                await ledger.FlushAsync(default);
            }
        });

        long last = 0;
        while (!counting.IsCompleted)
        {
            var now = Calls();
            Assert.True(now >= last, $"{last}, then {now}.");
            last = now;
        }

        await Task.WhenAll(counting, writing);
        Assert.Equal(200_000, Calls());

        long Calls() => long.Parse(Read("model", _model).SingleOrDefault(t => t.StartsWith("sophia.cortex.calls", StringComparison.Ordinal))?.Split(' ')[^1] ?? "0", CultureInfo.InvariantCulture);
    }

    [Fact]
    public void The_part_of_a_budget_is_told_until_the_month_ends()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 30, 12, 0, 0, TimeSpan.Zero));
        using var meter = new BudgetMeter(clock);
        meter.Record(_model, 3, 4);
        Assert.Equal(["sophia.cortex.budget.used 0.75"], Read("tenant", _model));
        meter.Record(_model, 5, 4);
        Assert.Equal(["sophia.cortex.budget.used 1.25"], Read("tenant", _model));
        meter.Record(_model, 0, 0);
        Assert.Equal(["sophia.cortex.budget.used 1"], Read("tenant", _model));

        clock.Advance(TimeSpan.FromDays(1));
        Assert.Empty(Read("tenant", _model));
    }

    [Fact]
    public async Task A_call_that_costs_moves_its_tenants_part_of_the_budget()
    {
        await using var server = await FakeChatServer.StartAsync();
        await using var host = new CortexHost(server, ("Sophia:Cortex:Budgets:local:DollarsPerMonth", "0.012"));
        await host.AskAsync("""{"prompt":"one"}""");

        // Other tests of this process have a tenant of that name too, with other budgets.
        Assert.Contains("sophia.cortex.budget.used 0.25", Read("tenant", "local"));
    }

    /// <summary>Every measurement of the meters that has the tag: name, the other tags, value; in order.</summary>
    private static List<string> Read(string tag, string value)
    {
        var told = new List<string>();
        using var listener = new MeterListener { InstrumentPublished = (i, l) => { if (i.Name.StartsWith("sophia.cortex.", StringComparison.Ordinal)) { l.EnableMeasurementEvents(i); } } };
        listener.SetMeasurementEventCallback<double>((i, measured, tags, _) => Keep(i, measured, tags));
        listener.SetMeasurementEventCallback<long>((i, measured, tags, _) => Keep(i, measured, tags));
        listener.Start();
        listener.RecordObservableInstruments();
        told.Sort(StringComparer.Ordinal);
        return told;

        void Keep(Instrument instrument, IFormattable measured, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.Length > 0 && tags[0].Key == tag && (string)tags[0].Value! == value)
            {
                told.Add(string.Join(' ', [instrument.Name, .. tags[1..].ToArray().Select(t => (string)t.Value!), measured.ToString(null, CultureInfo.InvariantCulture)]));
            }
        }
    }

    private sealed class Store : ILedgerStore
    {
        public bool IsDown { get; set; }

        public Task AddLedgerAsync(Guid writer, long number, IReadOnlyList<LedgerRow> rows, CancellationToken cancellationToken) =>
            IsDown ? throw new StoreUnavailableException("The test has taken it away.") : Task.CompletedTask;

        public Task<IReadOnlyList<LedgerRow>> ReadLedgerAsync(string tenant, int firstDay, int lastDay, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<LedgerRow>>([]);
    }
}
