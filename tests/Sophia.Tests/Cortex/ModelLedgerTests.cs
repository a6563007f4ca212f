using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sophia.Memory.Cortex;
using Sophia.Memory.Stores;

namespace Sophia.Tests.Cortex;

public sealed class ModelLedgerTests
{
    private static readonly Cost Price = new(7, 3);

    private sealed class FailingLedger : ILedgerStore
    {
        private (Guid Writer, long Number)? _last;

        public bool IsDown { get; set; }

        /// <summary>While set, rows are added and the answers lost.</summary>
        public bool LosesAnswers { get; set; }

        public List<LedgerRow> Rows { get; } = [];

        public Task AddLedgerAsync(Guid writer, long number, IReadOnlyList<LedgerRow> rows, CancellationToken cancellationToken)
        {
            if (IsDown)
            {
                throw new StoreUnavailableException("The test has taken it away.");
            }

            if (_last != (writer, number))
            {
                Rows.AddRange(rows);
            }

            _last = (writer, number);
            return LosesAnswers ? throw new StoreUnavailableException("The test has lost the answer.") : Task.CompletedTask;
        }

        public Task<IReadOnlyList<LedgerRow>> ReadLedgerAsync(string tenant, int firstDay, int lastDay, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<LedgerRow>>(Rows);
    }

    private static ModelLedger Over(FailingLedger store) => new(store, TimeSpan.FromHours(1), new FakeTimeProvider(), NullLogger.Instance);

    private static void Count(ModelLedger ledger, int calls)
    {
        for (var i = 0; i < calls; i++)
        {
            ledger.Count("t", "m", "complete", CallOutcome.Hit, 10, 5, Price, TimeSpan.FromMicroseconds(2));
        }
    }

    [Fact]
    public async Task Calls_counted_on_many_threads_while_it_is_written_are_all_written_once()
    {
        var store = new FailingLedger();
        await using (var ledger = Over(store))
        {
            var counting = Enumerable.Range(0, 4).Select(_ => Task.Run(() => Count(ledger, 20_000))).ToArray();
            while (!counting.All(task => task.IsCompleted))
            {
                await ledger.FlushAsync(default);
            }
        }

        Assert.Equal(80_000, store.Rows.Sum(row => row.Calls));
        Assert.Equal((800_000, 400_000, 560_000, 240_000), (store.Rows.Sum(row => row.InputTokens), store.Rows.Sum(row => row.OutputTokens), store.Rows.Sum(row => row.NanoDollars), store.Rows.Sum(row => row.NanoCredits)));
    }

    [Fact]
    public async Task What_could_not_be_written_is_written_when_the_store_is_back()
    {
        var store = new FailingLedger { IsDown = true };
        await using var ledger = Over(store);
        Count(ledger, 3);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => ledger.FlushAsync(default));
        store.IsDown = false;
        Count(ledger, 2);
        await ledger.FlushAsync(default);
        await ledger.FlushAsync(default);

        Assert.Equal((5, 35), (store.Rows.Sum(row => row.Calls), store.Rows.Sum(row => row.NanoDollars)));
    }

    [Fact]
    public async Task What_was_written_and_not_answered_is_written_once()
    {
        var store = new FailingLedger { LosesAnswers = true };
        await using var ledger = Over(store);
        Count(ledger, 3);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => ledger.FlushAsync(default));
        Count(ledger, 2);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => ledger.FlushAsync(default));
        store.LosesAnswers = false;
        await ledger.FlushAsync(default);

        Assert.Equal((5, 35), (store.Rows.Sum(row => row.Calls), store.Rows.Sum(row => row.NanoDollars)));
    }

    [Fact]
    public async Task A_counted_call_allocates_nothing()
    {
        await using var ledger = Over(new FailingLedger());
        Count(ledger, 1_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Count(ledger, 1_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Shares_are_of_calls_and_of_cost_and_unknown_where_nothing_was_asked()
    {
        LedgerRow Row(CallOutcome outcome, long calls, long nanos) => new("t", 1, "m", "complete", (byte)outcome, calls, 0, 0, nanos, 0, 0);

        var sum = LedgerSummary.Of([Row(CallOutcome.Called, 3, 30), Row(CallOutcome.Failed, 1, 0), Row(CallOutcome.Hit, 4, 50), Row(CallOutcome.Joined, 2, 20)]);

        Assert.Equal((4, 6, 0.6, 0.7), (sum.Calls, sum.CallsAvoided, sum.ShareAvoided, sum.ShareSaved));
        Assert.Null(LedgerSummary.Of([]).ShareAvoided);
        Assert.Null(LedgerSummary.Of([Row(CallOutcome.Hit, 1, 0)]).ShareSaved);
    }
}
