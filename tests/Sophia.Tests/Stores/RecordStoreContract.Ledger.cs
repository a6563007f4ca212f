using CsCheck;
using Sophia.Memory.Stores;

namespace Sophia.Tests.Stores;

public abstract partial class RecordStoreContract
{
    [SkippableFact]
    public async Task The_ledger_adds_up_per_tenant_day_model_operation_and_outcome()
    {
        await using var s = await OpenAsync();
        var rows = Gen.Select(
            Gen.Bool.Select(b => b ? "red" : "blue"), Gen.Int[20_000, 20_004], Gen.Bool.Select(b => b ? "m" : "n"), Gen.Bool.Select(b => b ? "complete" : "embed"), Gen.Byte[1, 5], Gen.Long[0, 1L << 40],
            (tenant, day, model, operation, outcome, n) => new LedgerRow(tenant, day, model, operation, outcome, n, n + 1, n + 2, n + 3, n + 4, n + 5)).Array[1, 30];
        var all = new List<LedgerRow>();
        var (writer, number) = (Guid.NewGuid(), 0L);
        await rows.SampleAsync(
            async added =>
            {
                await s.Store.AddLedgerAsync(writer, number++, added, default);
                all.AddRange(added);
            },
            iter: 10, threads: 1);

        var expected = all.Where(row => row.Tenant == "red" && row.Day is >= 20_001 and <= 20_003)
            .GroupBy(row => (row.Day, row.Model, row.Operation, row.Outcome)).OrderBy(group => group.Key)
            .Select(group => new LedgerRow(
                "red", group.Key.Day, group.Key.Model, group.Key.Operation, group.Key.Outcome, group.Sum(row => row.Calls), group.Sum(row => row.InputTokens),
                group.Sum(row => row.OutputTokens), group.Sum(row => row.NanoDollars), group.Sum(row => row.NanoCredits), group.Sum(row => row.LatencyUs)));
        Assert.Equal(expected, await s.Store.ReadLedgerAsync("red", 20_001, 20_003, default));
        Assert.Empty(await s.Store.ReadLedgerAsync("green", 0, int.MaxValue, default));
    }

    [SkippableFact]
    public async Task An_addition_to_the_ledger_that_is_sent_again_adds_nothing()
    {
        await using var s = await OpenAsync();
        var (one, other) = (Guid.NewGuid(), Guid.NewGuid());
        LedgerRow[] rows = [new("red", 20_000, "m", "complete", 1, 2, 0, 0, 5, 0, 0)];

        foreach (var (writer, number) in new[] { (one, 0L), (one, 0L), (other, 0L), (one, 1L), (one, 1L) })
        {
            await s.Store.AddLedgerAsync(writer, number, rows, default);
        }

        Assert.Equal([(6L, 15L)], (await s.Store.ReadLedgerAsync("red", 0, int.MaxValue, default)).Select(row => (row.Calls, row.NanoDollars)));
    }
}
