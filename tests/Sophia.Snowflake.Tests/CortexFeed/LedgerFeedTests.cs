using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sophia.Memory.Cortex;
using Sophia.Memory.Stores;
using Sophia.Snowflake.Connecting;
using Sophia.Snowflake.CortexFeed;
using Sophia.Snowflake.Flushing;
using Sophia.Snowflake.Migrations;

namespace Sophia.Snowflake.Tests.CortexFeed;

public sealed class LedgerFeedTests
{
    private sealed class Sums : ILedgerStore
    {
        public long Calls { get; set; }

        public Task AddLedgerAsync(Guid writer, long number, IReadOnlyList<LedgerRow> rows, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<IReadOnlyList<LedgerRow>> ReadLedgerAsync(string tenant, int firstDay, int lastDay, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<LedgerRow>>([new LedgerRow(tenant, firstDay, "m", "complete", (byte)CallOutcome.Called, Calls, 0, 0, 0, 0, 0)]);
    }

    [Fact]
    public async Task Sums_that_were_read_before_others_were_written_do_not_take_them_back()
    {
        await using var lake = new LocalSnowflakeDataSource();
        await new Migrator(lake).ApplyAsync(null, CancellationToken.None);
        var (sums, clock) = (new Sums(), new FakeTimeProvider());
        await using var ledger = new ModelLedger(sums, TimeSpan.FromHours(1), clock, NullLogger.Instance);
        using var feed = new LedgerFeed(ledger, clock);
        foreach (var calls in new[] { 5, 7, 6 })
        {
            sums.Calls = calls;
            ledger.Count("acme", "m", "complete", CallOutcome.Called, 1, 1, new Cost(1, 1), TimeSpan.Zero);
            await ledger.FlushAsync(CancellationToken.None);
            await using var session = new FlushSession(lake, TimeSpan.FromMinutes(1));
            await feed.FlushAsync(session, CancellationToken.None);
        }

        await using var asked = new FlushSession(lake, TimeSpan.FromMinutes(1));
        Assert.Equal([7L], await asked.QueryAsync("SELECT calls FROM MODEL_LEDGER", static row => Convert.ToInt64(row.GetValue(0), System.Globalization.CultureInfo.InvariantCulture), CancellationToken.None));
    }
}
