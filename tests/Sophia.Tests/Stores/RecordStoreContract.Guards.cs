using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Tests.Stores;

public abstract partial class RecordStoreContract
{
    [SkippableFact]
    public async Task A_group_whose_guard_does_not_hold_does_nothing_and_keeps_no_mark()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        var first = await s.PutAsync(ns, "guard", "1");
        var second = await s.PutAsync(ns, "guard", "2");
        var mark = new IdempotencyMark("t", new byte[32], new byte[32], Start.AddDays(1));

        var refused = (await s.Store.CommitAsync(
            [new WriteGroup([s.PutOf(ns, StoreUnderTest.Draft("k", "v"))], mark) { Guard = new GroupGuard(ns, "guard", first.Sequence) }], default))[0];
        var kept = await s.Store.FindReplayAsync(mark, Start, default);
        var done = (await s.Store.CommitAsync(
            [new WriteGroup([s.PutOf(ns, StoreUnderTest.Draft("k", "v"))], mark) { Guard = new GroupGuard(ns, "guard", second.Sequence) }], default))[0];

        Assert.True(refused.GuardFailed);
        Assert.Equal(RejectReason.PreconditionFailed, refused.Receipts[0].Reason);
        Assert.Empty(refused.Entries);
        Assert.Null(kept);
        Assert.False(done.GuardFailed);
        Assert.Equal("v", await s.TextAsync(ns, "k"));
    }

    [SkippableFact]
    public async Task A_guard_sees_what_groups_before_it_in_the_same_transaction_did()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        WriteGroup Begin(string text) => new([s.PutOf(ns, StoreUnderTest.Draft("guard", text))]) { Guard = new GroupGuard(ns, "guard", Sequence.None) };

        var outcomes = await s.Store.CommitAsync([Begin("first"), Begin("second")], default);

        Assert.Equal([false, true], outcomes.Select(o => o.GuardFailed));
        Assert.Equal("first", await s.TextAsync(ns, "guard"));
    }

    [SkippableFact]
    public async Task A_deleted_record_is_none_to_a_guard_and_an_expired_one_is_what_it_was()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.PutAsync(ns, "gone", "1");
        await s.DeleteAsync(ns, "gone");
        var expiring = await s.PutAsync(ns, StoreUnderTest.Draft("old", "1") with { ExpiresAt = Start.AddSeconds(1) });
        s.Clock.Advance(TimeSpan.FromSeconds(2));

        foreach (var guard in new[] { new GroupGuard(ns, "gone", Sequence.None), new GroupGuard(ns, "old", expiring.Sequence) })
        {
            var outcome = (await s.Store.CommitAsync([new WriteGroup([s.PutOf(ns, StoreUnderTest.Draft(guard.Key + "/k", "v"))]) { Guard = guard }], default))[0];
            Assert.False(outcome.GuardFailed);
        }
    }
}
