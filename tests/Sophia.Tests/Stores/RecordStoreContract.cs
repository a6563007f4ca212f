using System.Text;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Tests.Stores;

/// <summary>What every engine of L3 promises.</summary>
public abstract partial class RecordStoreContract
{
    internal abstract Task<StoreUnderTest> OpenAsync();

    private static readonly DateTimeOffset Start = StoreUnderTest.NewClock().GetUtcNow();

    [SkippableFact]
    public async Task What_is_written_is_read_back_whole()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        var draft = new RecordDraft
        {
            Key = "a/ключ/😀",
            Kind = ContentKind.Json,
            Content = Encoding.UTF8.GetBytes("""{"x":"ä"}"""),
            ContentType = "application/json",
            Tags = ["b", "a", "q\"uote"],
            Attributes = Encoding.UTF8.GetBytes("""{"n":1.50,"z":"\u0000","o":{"p":null}}"""),
            Provenance = new Provenance("s", null, "x", "urn:y"),
            Vector = [0.5f, -1f, 0.1f],
            ExpiresAt = Start.AddDays(1),
            ValidFrom = Start.AddYears(-100),
            ValidTo = Start.AddYears(100),
        };

        var outcome = await s.CommitAsync(s.PutOf(ns, draft));

        Assert.Equal(new Receipt(ReceiptStatus.Stored, RejectReason.None, 1, Sequence.Of(ns.Partition, 1)), outcome.Receipts[0]);
        var read = await s.Store.GetAsync(ns, draft.Key, default);
        Records.AssertSame(outcome.Entries[0].Record!, read);
        Assert.Equal(draft.Content.Value.ToArray(), read!.Content.ToArray());
        Assert.Equal(draft.Attributes.ToArray(), read.Attributes.ToArray());
        Assert.Equal(draft.Tags, read.Tags);
        Assert.Equal(draft.Provenance, read.Provenance);
        Assert.Equal(draft.Vector, read.Vector);
        Assert.Equal((Start, Start, draft.ExpiresAt, draft.ValidFrom, draft.ValidTo), (read.CreatedAt, read.UpdatedAt, read.ExpiresAt, read.ValidFrom, read.ValidTo));
    }

    [SkippableFact]
    public async Task Empty_content_is_content()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.PutAsync(ns, "k", "");
        Assert.Equal("", await s.TextAsync(ns, "k"));
        Assert.NotNull((await s.LogAsync(ns))[0].Record);
    }

    [SkippableFact]
    public async Task A_second_write_replaces_and_the_same_again_changes_nothing()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.PutAsync(ns, "k", "one");
        s.Clock.Advance(TimeSpan.FromSeconds(1));
        var second = await s.PutAsync(ns, "k", "two");
        var third = await s.PutAsync(ns, "k", "two");

        Assert.Equal((ReceiptStatus.Replaced, 2), (second.Status, second.Version));
        Assert.Equal(new Receipt(ReceiptStatus.Unchanged, RejectReason.None, 2, second.Sequence), third);
        Assert.Equal(2, (await s.LogAsync(ns)).Count);
        var read = await s.Store.GetAsync(ns, "k", default);
        Assert.Equal((Start, Start.AddSeconds(1)), (read!.CreatedAt, read.UpdatedAt));
    }

    [SkippableFact]
    public async Task A_deleted_record_is_gone_for_readers_and_stays_in_history()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        var put = await s.PutAsync(ns, "k", "one");
        var deleted = await s.DeleteAsync(ns, "k");

        Assert.Equal(ReceiptStatus.Deleted, deleted.Status);
        Assert.Null(await s.Store.GetAsync(ns, "k", default));
        Assert.Empty(await s.Store.GetManyAsync(ns, ["k"], default));
        Assert.Equal(0, await s.Store.CountAsync(ns.Id, Start, default));
        var history = await s.Store.HistoryAsync(ns, "k", Sequence.None, 10, default);
        Assert.Equal([ChangeKind.Delete, ChangeKind.Put], history.Select(e => e.Kind));
        Assert.Equal([deleted.Sequence, put.Sequence], history.Select(e => e.Sequence));
        Assert.Equal("one", history[1].Record!.Text());
        Assert.Equal(("k", null), (history[0].Key, history[0].Record));
        Assert.Equal(Receipt.Rejected(RejectReason.NotFound), await s.DeleteAsync(ns, "k"));

        var again = await s.PutAsync(ns, "k", "one");
        Assert.Equal((ReceiptStatus.Stored, 3), (again.Status, again.Version));
    }

    [SkippableFact]
    public async Task Preconditions_and_rejections_change_nothing()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        var first = await s.PutAsync(ns, "k", "one");
        var second = await s.PutAsync(ns, "k", "two", new Precondition(false, first.Sequence));
        var stale = await s.PutAsync(ns, "k", "three", new Precondition(false, first.Sequence));
        var exists = await s.PutAsync(ns, "k", "three", new Precondition(true, default));
        var reject = await s.PutAsync(ns, StoreUnderTest.Draft("k", "x") with { WhenPresent = WhenPresent.Reject });
        var missing = await s.PutAsync(ns, "none", "x", new Precondition(false, first.Sequence));
        var staleDelete = await s.DeleteAsync(ns, "k", new Precondition(false, first.Sequence));

        Assert.Equal(ReceiptStatus.Replaced, second.Status);
        Assert.Equal(
            [RejectReason.PreconditionFailed, RejectReason.AlreadyExists, RejectReason.AlreadyExists, RejectReason.PreconditionFailed, RejectReason.PreconditionFailed],
            new[] { stale, exists, reject, missing, staleDelete }.Select(r => r.Reason));
        Assert.Equal("two", await s.TextAsync(ns, "k"));
        Assert.Equal(2, (await s.LogAsync(ns)).Count);
        Assert.Equal(ReceiptStatus.Stored, (await s.PutAsync(ns, "new", "x", new Precondition(true, default))).Status);
    }

    [SkippableFact]
    public async Task A_merge_keeps_what_the_draft_does_not_state()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.PutAsync(ns, StoreUnderTest.Draft("k", "text") with
        {
            Tags = ["a", "b"],
            Attributes = Encoding.UTF8.GetBytes("""{"keep":1,"drop":2,"deep":{"x":1,"y":2}}"""),
            Vector = [1, 2, 3],
            Provenance = new Provenance("first"),
            ExpiresAt = Start.AddDays(2),
        });
        var receipt = await s.PutAsync(ns, StoreUnderTest.Draft("k", null) with
        {
            WhenPresent = WhenPresent.Merge,
            Tags = ["b", "c"],
            Attributes = Encoding.UTF8.GetBytes("""{"drop":null,"deep":{"y":null,"z":3},"new":"ü"}"""),
        });

        Assert.Equal((ReceiptStatus.Merged, 2), (receipt.Status, receipt.Version));
        var read = (await s.Store.GetAsync(ns, "k", default))!;
        Assert.Equal("text", read.Text());
        Assert.Equal(["a", "b", "c"], read.Tags);
        Assert.Equal("""{"keep":1,"deep":{"x":1,"z":3},"new":"ü"}""", Encoding.UTF8.GetString(read.Attributes.Span));
        Assert.Equal<float>([1, 2, 3], read.Vector!);
        Assert.Equal((new Provenance("first"), Start.AddDays(2)), (read.Provenance, read.ExpiresAt));
        Assert.Equal(RejectReason.NotFound, (await s.PutAsync(ns, StoreUnderTest.Draft("none", null) with { WhenPresent = WhenPresent.Merge })).Reason);
        Assert.Equal(ReceiptStatus.Unchanged, (await s.PutAsync(ns, StoreUnderTest.Draft("k", null) with { WhenPresent = WhenPresent.Merge, Tags = ["a"] })).Status);
    }

    [SkippableFact]
    public async Task Operations_of_one_commit_see_each_other()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        var outcome = await s.CommitAsync(
            s.PutOf(ns, StoreUnderTest.Draft("k", "one")),
            s.PutOf(ns, StoreUnderTest.Draft("k", "two") with { WhenPresent = WhenPresent.Merge, Tags = ["t"] }),
            new DeleteOperation(ns, "k", s.IdOf(ns, "k"), default),
            s.PutOf(ns, StoreUnderTest.Draft("k", "three")),
            new ForgetOperation(ns, "k", s.IdOf(ns, "k")),
            s.PutOf(ns, StoreUnderTest.Draft("k", "four")));

        Assert.Equal(
            [ReceiptStatus.Stored, ReceiptStatus.Merged, ReceiptStatus.Deleted, ReceiptStatus.Stored, ReceiptStatus.Forgotten, ReceiptStatus.Stored],
            outcome.Receipts.Select(r => r.Status));
        Assert.Equal([1, 2, 3, 4, 5, 1], outcome.Receipts.Select(r => r.Version));
        Assert.Equal(3, outcome.VersionsErased);
        var log = await s.LogAsync(ns);
        Assert.Equal([1L, 2, 3, 4, 5, 6], log.Select(e => e.Sequence.Number));
        Assert.All(log.Take(5), e => Assert.Equal((null, null), (e.Key, e.Record)));
        Assert.Equal("four", await s.TextAsync(ns, "k"));
        Assert.Single(await s.Store.HistoryAsync(ns, "k", Sequence.None, 10, default));
    }

    [SkippableFact]
    public async Task A_forgotten_record_leaves_one_tombstone_and_no_content()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.PutAsync(ns, "k", "one");
        await s.PutAsync(ns, "k", "two");
        await s.PutAsync(ns, "other", "stays");
        await s.DeleteAsync(ns, "k");
        var outcome = await s.CommitAsync(new ForgetOperation(ns, "k", s.IdOf(ns, "k")));

        Assert.Equal((ReceiptStatus.Forgotten, 2), (outcome.Receipts[0].Status, outcome.VersionsErased));
        Assert.Empty(await s.Store.HistoryAsync(ns, "k", Sequence.None, 10, default));
        Assert.Null(await s.Store.GetAsOfAsync(ns, "k", Start, default));
        var log = await s.LogAsync(ns);
        Assert.Equal(ChangeKind.Forget, log[^1].Kind);
        Assert.All(log.Where(e => e.Id == s.IdOf(ns, "k")), e => Assert.Equal((null, null), (e.Key, e.Record)));
        Assert.Equal("stays", await s.TextAsync(ns, "other"));
        Assert.Equal(RejectReason.NotFound, (await s.ForgetAsync(ns, "k")).Reason);
        Assert.Equal(1, (await s.PutAsync(ns, "k", "anew")).Version);
    }

    [SkippableFact]
    public async Task An_expired_record_is_swept_with_its_content_and_only_once()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.PutAsync(ns, StoreUnderTest.Draft("k", "old"));
        await s.PutAsync(ns, StoreUnderTest.Draft("k", "secret") with { ExpiresAt = Start.AddSeconds(10) });
        Assert.Empty(await s.Store.FindExpiredAsync(Start.AddSeconds(9), 10, default));
        s.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(0, await s.Store.CountAsync(ns.Id, s.Clock.GetUtcNow(), default));
        var due = await s.Store.FindExpiredAsync(s.Clock.GetUtcNow(), 10, default);
        var expire = Assert.Single(due);
        Assert.Equal(ns, expire.Namespace);

        var outcome = await s.CommitAsync(expire, expire);

        Assert.Equal([ReceiptStatus.Deleted, ReceiptStatus.Rejected], outcome.Receipts.Select(r => r.Status));
        Assert.Equal(2, outcome.VersionsErased);
        Assert.Empty(await s.Store.FindExpiredAsync(s.Clock.GetUtcNow(), 10, default));
        var history = await s.Store.HistoryAsync(ns, "k", Sequence.None, 10, default);
        Assert.Equal([ChangeKind.Expire, ChangeKind.Put, ChangeKind.Put], history.Select(e => e.Kind));
        Assert.All(history, e => Assert.Null(e.Record));
        Assert.Equal("k", history[0].Key);
        var again = await s.PutAsync(ns, "k", "new");
        Assert.Equal((ReceiptStatus.Stored, 4), (again.Status, again.Version));
        Assert.Equal(s.Clock.GetUtcNow(), (await s.Store.GetAsync(ns, "k", default))!.CreatedAt);
    }

    [SkippableFact]
    public async Task A_write_to_an_expired_key_stores_and_an_expiry_of_an_older_version_does_nothing()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.PutAsync(ns, StoreUnderTest.Draft("k", "old") with { ExpiresAt = Start.AddSeconds(1) });
        s.Clock.Advance(TimeSpan.FromSeconds(1));
        var expire = Assert.Single(await s.Store.FindExpiredAsync(s.Clock.GetUtcNow(), 10, default));
        Assert.Equal(RejectReason.NotFound, (await s.DeleteAsync(ns, "k")).Reason);
        var put = await s.PutAsync(ns, StoreUnderTest.Draft("k", "old") with { ExpiresAt = Start.AddDays(1) });
        Assert.Equal((ReceiptStatus.Stored, 2), (put.Status, put.Version));
        Assert.Equal(ReceiptStatus.Rejected, (await s.OneAsync(expire)).Status);
        Assert.Equal("old", await s.TextAsync(ns, "k"));
    }

    [SkippableFact]
    public async Task Appends_number_their_keys_from_one_and_never_reuse_one()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        var append = new AppendOperation(ns, StoreUnderTest.Draft("s/", "turn"));
        var first = await s.CommitAsync(append, append, s.PutOf(ns, StoreUnderTest.Draft("x", "y")));
        Assert.Equal(["s/0000000001", "s/0000000002", null], first.Keys);
        await s.PutAsync(ns, "s/9abcdefghi", "not a number");
        await s.PutAsync(ns, "s/00000000099", "eleven digits");
        await s.DeleteAsync(ns, "s/0000000002");
        var second = await s.CommitAsync(append, new AppendOperation(ns, StoreUnderTest.Draft("other/", "turn")));
        Assert.Equal(["s/0000000003", "other/0000000001"], second.Keys);
        Assert.Equal(s.IdOf(ns, "s/0000000003"), (await s.Store.GetAsync(ns, "s/0000000003", default))!.Id);
        var third = await s.CommitAsync(s.PutOf(ns, StoreUnderTest.Draft("s/0000000004", "taken")), append);
        Assert.Equal("s/0000000005", third.Keys[1]);
    }

    [SkippableFact]
    public async Task The_same_request_again_gives_the_same_receipts_and_another_is_a_conflict()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        var mark = new IdempotencyMark("t", Bytes(1), Bytes(2), Start.AddHours(24));
        var group = new WriteGroup([s.PutOf(ns, StoreUnderTest.Draft("k", "v")), new AppendOperation(ns, StoreUnderTest.Draft("a/", "v"))], mark);
        var conflicting = group with { Idempotency = mark with { RequestHash = Bytes(3) } };
        Assert.Null(await s.Store.FindReplayAsync(mark, Start, default));

        var both = await s.Store.CommitAsync([group, group, conflicting], default);
        var later = await s.Store.CommitAsync([group, conflicting], default);
        var found = await s.Store.FindReplayAsync(mark, Start, default);

        Assert.False(both[0].Replayed);
        foreach (var replay in new[] { both[1], later[0], found! })
        {
            Assert.True(replay.Replayed);
            Assert.Equal(both[0].Receipts, replay.Receipts);
            Assert.Equal([null, "a/0000000001"], replay.Keys);
            Assert.Empty(replay.Entries);
        }

        Assert.True(both[2].MarkConflict);
        Assert.True(later[1].MarkConflict);
        Assert.True((await s.Store.FindReplayAsync(conflicting.Idempotency, Start, default))!.MarkConflict);
        Assert.Equal(2, (await s.LogAsync(ns)).Count);
        Assert.Null(await s.Store.FindReplayAsync(mark with { Tenant = "u" }, Start, default));

        s.Clock.Advance(TimeSpan.FromHours(24));
        Assert.Null(await s.Store.FindReplayAsync(mark, s.Clock.GetUtcNow(), default));
        Assert.False((await s.Store.CommitAsync([group with { Idempotency = mark with { ExpiresAt = Start.AddHours(48) } }], default))[0].Replayed);
        Assert.Equal(0, await s.Store.TrimMarksAsync(Start.AddHours(47), 10, default));
        Assert.Equal(1, await s.Store.TrimMarksAsync(Start.AddHours(48), 10, default));
    }

    private static byte[] Bytes(byte value) => [.. Enumerable.Repeat(value, 32)];
}
