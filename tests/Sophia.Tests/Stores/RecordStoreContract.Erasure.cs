using Sophia.Memory.Log;
using Sophia.Memory.Stores;

namespace Sophia.Tests.Stores;

public abstract partial class RecordStoreContract
{
    private static async Task PutOftenAsync(StoreUnderTest s, Memory.Namespaces.NamespaceInfo ns, string key, int versions)
    {
        foreach (var some in Enumerable.Range(0, versions).Chunk(2_000))
        {
            await s.CommitAsync([.. some.Select(i => s.PutOf(ns, StoreUnderTest.Draft(key, $"{key} {i}")))]);
        }
    }

    [SkippableFact]
    public async Task What_there_is_of_a_page_of_records_is_counted_as_their_histories_say()
    {
        await using var s = await OpenAsync();
        var ns = await ModelledAsync(s);
        var first = await PutOfAAsync(s, ns, "two", "1");
        var second = await PutOfAAsync(s, ns, "two", "2");
        var plain = (await s.PutAsync(ns, "plain", "without a vector")).Sequence;
        var deleted = await PutOfAAsync(s, ns, "deleted");
        var delete = (await s.DeleteAsync(ns, "deleted")).Sequence;
        var expired = (await s.PutAsync(ns, StoreUnderTest.Draft("expired", "text") with { ExpiresAt = s.Clock.GetUtcNow().AddSeconds(1) })).Sequence;
        await s.PutAsync(ns, "forgotten", "text");
        await s.ForgetAsync(ns, "forgotten");
        await s.Store.PutVectorsAsync(ns, "b", [new(first, OfB), new(second, null), new(plain, OfB)], default);
        await s.Store.PutVectorsAsync(ns, "c", [new(first, OfB)], default);
        s.Clock.Advance(TimeSpan.FromSeconds(2));
        var expiry = (await s.CommitAsync([.. await s.Store.FindExpiredAsync(s.Clock.GetUtcNow(), 10, default)])).Receipts[0].Sequence;
        Assert.True(expiry.Number > expired.Number);

        var counted = await s.Store.CountVersionsAsync(ns, ["two", "plain", "deleted", "expired", "forgotten", "never"], default);

        Assert.Equal(4, counted.Count);
        Assert.Equal(new StoredVersions(second, IsDeleted: false, Changes: 2, Versions: 2, Vectors: 4), counted["two"]);
        Assert.Equal(new StoredVersions(plain, IsDeleted: false, Changes: 1, Versions: 1, Vectors: 1), counted["plain"]);
        Assert.Equal(new StoredVersions(delete, IsDeleted: true, Changes: 2, Versions: 1, Vectors: 1), counted["deleted"]);
        Assert.Equal(new StoredVersions(expiry, IsDeleted: true, Changes: 2, Versions: 0, Vectors: 0), counted["expired"]);
        Assert.NotEqual(delete, deleted);
    }

    [SkippableFact]
    public async Task A_history_is_counted_as_far_as_it_was_not_trimmed_and_however_long_beside_others()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.PutAsync(ns, "old", "1");
        await s.PutAsync(ns, "old", "2");
        s.Clock.Advance(TimeSpan.FromDays(2));
        await s.PutAsync(ns, "old", "3");
        await s.Store.TrimLogAsync(ns, s.Clock.GetUtcNow().AddDays(-1), Sequence.None, 100, default);
        await PutOftenAsync(s, ns, "often", 700);
        await s.CommitAsync([.. Enumerable.Range(0, 498).Select(i => s.PutOf(ns, StoreUnderTest.Draft($"other/{i}", "text")))]);
        string[] keys = ["old", "often", .. Enumerable.Range(0, 498).Select(i => $"other/{i}")];

        // So many keys that a statement walks a hundred versions of each.
        var counted = await s.Store.CountVersionsAsync(ns, keys, default);

        Assert.Equal(keys.Length, counted.Count);
        Assert.Equal((2, 1), (counted["old"].Changes, counted["old"].Versions));
        Assert.Equal((700, 700), (counted["often"].Changes, counted["often"].Versions));
        Assert.All(keys[2..], key => Assert.Equal((1, 1), (counted[key].Changes, counted[key].Versions)));
    }

    [SkippableFact]
    public async Task A_long_history_is_erased_behind_the_newest_version_which_stays()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await PutOftenAsync(s, ns, "k", 12_000);
        await s.PutAsync(ns, "other", "1");
        await s.PutAsync(ns, "other", "2");
        var oldest = (await s.Store.ReadLogAsync(ns.Partition, 0, 1, ns.Id, default))[0].Sequence;
        await s.Store.PutVectorsAsync(ns, "b", [new(oldest, OfB)], default);

        var erased = await s.Store.EraseHistoryAsync(ns, "k", null, default);

        Assert.Equal(11_999, erased);
        Assert.Equal("k 11999", await s.TextAsync(ns, "k"));
        Assert.Equal((1, 0), ((await s.Store.CountVersionsAsync(ns, ["k"], default))["k"].Versions, (await s.Store.CountVersionsAsync(ns, ["k"], default))["k"].Vectors));
        Assert.Empty(await s.Store.ReadVectorsAsync(ns, "b", [oldest], default));
        Assert.Equal(["k", null], (await s.Store.HistoryAsync(ns, "k", Sequence.None, 10, default)).Select(entry => entry.Key));
        Assert.Equal(2, (await s.Store.HistoryAsync(ns, "other", Sequence.None, 10, default)).Count(entry => entry.Record is not null));
        Assert.Equal(0, await s.Store.EraseHistoryAsync(ns, "k", null, default));
        Assert.Equal(0, await s.Store.EraseHistoryAsync(ns, "never", null, default));
        Assert.Equal(1, (await s.CommitAsync(new ForgetOperation(ns, "k", s.IdOf(ns, "k")))).VersionsErased);
        Assert.Empty(await s.Store.CountVersionsAsync(ns, ["k"], default));
    }

    [SkippableFact]
    public async Task A_history_is_erased_below_the_version_that_was_meant_and_not_once_another_is_the_newest()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        var first = (await s.PutAsync(ns, "k", "1")).Sequence;
        var second = (await s.PutAsync(ns, "k", "2")).Sequence;

        Assert.Equal(0, await s.Store.EraseHistoryAsync(ns, "k", first, default));
        Assert.Equal(2, (await s.Store.CountVersionsAsync(ns, ["k"], default))["k"].Versions);

        Assert.Equal(1, await s.Store.EraseHistoryAsync(ns, "k", second, default));
        Assert.Equal(1, (await s.Store.CountVersionsAsync(ns, ["k"], default))["k"].Versions);
    }

    [SkippableFact]
    public async Task A_record_that_is_written_again_while_its_history_is_erased_keeps_what_is_left_of_it()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await PutOftenAsync(s, ns, "k", 40_000);
        var current = (await s.Store.CountVersionsAsync(ns, ["k"], default))["k"].Current;

        var erasing = Task.Run(() => s.Store.EraseHistoryAsync(ns, "k", current, default));
        var again = (await s.PutAsync(ns, "k", "again")).Sequence;
        var wasOver = erasing.IsCompleted;
        var erased = await erasing;

        // Each of eight steps is whole or not made, and none is once the record is written again, unless all were before.
        var left = (await s.Store.CountVersionsAsync(ns, ["k"], default))["k"];
        Assert.InRange(erased, 0, wasOver ? 39_999 : 35_000);
        Assert.Equal((again, 40_001L - erased), (left.Current, left.Versions));
        Assert.Equal("again", await s.TextAsync(ns, "k"));
    }
}
