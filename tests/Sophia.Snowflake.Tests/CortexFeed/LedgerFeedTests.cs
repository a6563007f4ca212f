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
        public long Calls { get; init; }

        public Task AddLedgerAsync(Guid writer, long number, IReadOnlyList<LedgerRow> rows, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<IReadOnlyList<LedgerRow>> ReadLedgerAsync(string tenant, int firstDay, int lastDay, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<LedgerRow>>([new LedgerRow(tenant, firstDay, "m", "complete", (byte)CallOutcome.Called, Calls, 0, 0, 0, 0, 0)]);
    }

    [Theory]
    [InlineData(6, 1, 7)]
    [InlineData(2, 3, 2)]
    public async Task Sums_are_taken_back_by_a_later_reading_of_a_restored_store_and_by_no_earlier_one(int calls, int readAt, int stands)
    {
        await using var lake = new LocalSnowflakeDataSource();
        await new Migrator(lake).ApplyAsync(null, CancellationToken.None);
        await WriteAsync(lake, 5, 0);
        await WriteAsync(lake, 7, 2);

        await WriteAsync(lake, calls, readAt);

        await using var asked = new FlushSession(lake, TimeSpan.FromMinutes(1));
        Assert.Equal([stands], await asked.QueryAsync("SELECT calls FROM MODEL_LEDGER", static row => Convert.ToInt32(row.GetValue(0), System.Globalization.CultureInfo.InvariantCulture), CancellationToken.None));
    }

    private static async Task WriteAsync(LocalSnowflakeDataSource lake, int calls, int readAt)
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 1, 12, 0, readAt, TimeSpan.Zero));
        await using var ledger = new ModelLedger(new Sums { Calls = calls }, TimeSpan.FromHours(1), clock, NullLogger.Instance);
        using var feed = new LedgerFeed(ledger, clock);
        ledger.Count("acme", "m", "complete", CallOutcome.Called, 1, 1, new Cost(1, 1), TimeSpan.Zero);
        await ledger.FlushAsync(CancellationToken.None);
        await using var session = new FlushSession(lake, TimeSpan.FromMinutes(1));
        await feed.FlushAsync(session, CancellationToken.None);
    }
}
