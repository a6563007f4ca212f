using System.Net;
using Sophia.Faults.Tests.Harness;

namespace Sophia.Faults.Tests;

[Collection(FaultTests.Name)]
public sealed class PostgresOutageTests(Engines engines)
{
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PostgreSQL_may_stop_under_load_and_nothing_acknowledged_is_lost(bool immediate)
    {
        using var folder = new TestFolder();
        var database = engines.NewDatabase();
        await using var process = await SophiaProcess.StartAsync(new SophiaSettings { DataDirectory = folder.Path, Postgres = database });
        (await process.Http.PutTextAsync("hot", "record", "read often")).Require(HttpStatusCode.Created);
        for (var i = 0; i < 5; i++)
        {
            (await process.Http.GetRecordAsync("hot", "record")).Require(HttpStatusCode.OK);
        }

        await using var load = new WriteLoad(process.Http, "notes", "w");
        await load.WritesAsync(200, process);
        engines.Postgres.Stop(immediate);
        try
        {
            await Eventually.IsTrueAsync(() => load.Refusals.Count >= 10, "writes are refused", () => load.Describe() + process.Shown);
            await Eventually.IsTrueAsync(
                async () => (await process.Http.GetRecordAsync("hot", "record")).Require(HttpStatusCode.OK).IsStale,
                "the hot record is served, marked as stale", () => process.Shown);
            var hot = await process.Http.GetRecordAsync("hot", "record");
            Assert.Equal("read often", hot.Content);
            Assert.StartsWith("110", hot.Headers.GetValues("Warning").Single(), StringComparison.Ordinal);

            var health = await process.Http.SendAsync(HttpMethod.Get, "/health", null);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, health.Status);
            var store = health.Json["tiers"]!.AsArray().Single(tier => (string)tier!["tier"]! == "L3")!;
            Assert.Equal("down", (string)store["state"]!);
            Assert.NotEmpty((string)store["reason"]!);
            using var alive = await process.Http.GetAsync(new Uri("/alive", UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        }
        finally
        {
            engines.Postgres.Start();
        }

        await load.WritesAsync(100, process);
        await load.StopAsync();
        Assert.All(load.Refusals, refusal =>
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refusal.Status);
            Assert.Equal("store-unavailable", refusal.Code);
            Assert.True(refusal.Headers.RetryAfter?.Delta > TimeSpan.Zero, $"No Retry-After with {refusal}");
        });
        Assert.Equal(0, load.Broken);
        await Ledger.HoldsAsync(process.Http, "notes", [load]);
        await Eventually.IsTrueAsync(
            async () => !(await process.Http.GetRecordAsync("hot", "record")).Require(HttpStatusCode.OK).IsStale, "reads are no longer stale", () => process.Shown);
        await Eventually.IsTrueAsync(
            async () => (await process.Http.SendAsync(HttpMethod.Get, "/health", null)) is { Status: HttpStatusCode.OK } health && (string)health.Json["status"]! == "healthy",
            "the service is healthy again", () => process.Shown);
    }
}
