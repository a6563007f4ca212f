using System.Text;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Tests.Stores;

/// <summary>Whatever comes with contents comes in pages of so many bytes, however many rows are asked for.</summary>
public abstract partial class RecordStoreContract
{
    private const int Large = 1 << 20;
    private const int Many = 20;

    [SkippableFact]
    public async Task A_page_of_large_records_ends_by_its_bytes_and_the_next_goes_on_behind_it_both_ways()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await PutLargeAsync(s, ns);

        foreach (var descending in (bool[])[false, true])
        {
            string? after = null;
            var (pages, keys) = await ReadAllAsync(() => s.Store.ListAsync(ns, "", after, 1_000, descending, default), page => after = page[^1].Key, static record => record.Key);

            Assert.Equal(descending ? Keys.Reverse() : Keys, keys);
            AssertBounded(pages, static record => RowPage.SizeOf(record));
        }
    }

    [SkippableFact]
    public async Task A_page_with_as_many_rows_as_were_asked_for_is_not_cut_and_one_that_is_shorter_is_the_last()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await PutLargeAsync(s, ns);
        await s.PutAsync(ns, "small", "x");

        var eight = await s.Store.ListAsync(ns, "", null, 8, false, default);
        var two = await s.Store.ListAsync(ns, "large/", Keys[^3], 10, false, default);

        Assert.Equal((8, false, false), (eight.Count, eight.IsCut, eight.IsLast(8)));
        Assert.Equal((2, false, true), (two.Count, two.IsCut, two.IsLast(10)));
    }

    [SkippableFact]
    public async Task Large_records_that_are_asked_for_by_key_come_in_pages_and_those_that_did_not_come_are_asked_for_again()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await PutLargeAsync(s, ns);

        var left = Keys.Append("none").ToHashSet();
        var (pages, keys) = await ReadAllAsync(() => s.Store.GetManyAsync(ns, left, default), page => left.ExceptWith(page.Select(record => record.Key)), static record => record.Key);

        Assert.Equal(Keys, keys.Order(StringComparer.Ordinal));
        Assert.Equal(["none"], left);
        AssertBounded(pages, static record => RowPage.SizeOf(record));
    }

    [SkippableFact]
    public async Task A_history_of_large_versions_comes_in_pages_newest_first()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        for (var version = 1; version <= Many; version++)
        {
            await s.PutAsync(ns, LargeDraft("k", version));
        }

        await s.DeleteAsync(ns, "k");

        var before = Sequence.None;
        var (pages, versions) = await ReadAllAsync(() => s.Store.HistoryAsync(ns, "k", before, 1_000, default), page => before = page[^1].Sequence, static entry => entry.Version);

        Assert.Equal(Enumerable.Range(1, Many + 1).Reverse(), versions);
        AssertBounded(pages, static entry => RowPage.SizeOf(entry));
        Assert.Equal([Many + 1, Many, Many - 1], (await s.Store.HistoryAsync(ns, "k", Sequence.None, 3, default)).Select(entry => entry.Version));
    }

    [SkippableFact]
    public async Task A_page_of_the_log_ends_by_its_bytes_and_the_next_goes_on_behind_it()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await PutLargeAsync(s, ns);
        await s.DeleteAsync(ns, Keys[0]);

        foreach (var of in (long?[])[null, ns.Id])
        {
            var after = 0L;
            var (pages, numbers) = await ReadAllAsync(
                () => s.Store.ReadLogAsync(ns.Partition, after, 1_000, of, default), page => after = page[^1].Sequence.Number, static entry => entry.Sequence.Number);

            Assert.Equal(Enumerable.Range(1, Many + 1).Select(number => (long)number), numbers);
            AssertBounded(pages, static entry => RowPage.SizeOf(entry));
        }
    }

    [SkippableFact]
    public async Task Attributes_and_vectors_count_as_contents_do()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        var attributes = Encoding.UTF8.GetBytes($$"""{"a":"{{new string('a', Large)}}"}""");
        for (var i = 0; i < 12; i++)
        {
            await s.PutAsync(ns, StoreUnderTest.Draft($"k{i:00}", "x") with { Attributes = attributes });
            await s.PutAsync(ns, StoreUnderTest.Draft($"v{i:00}", "x") with { Vector = new float[Large / sizeof(float)] });
        }

        Assert.Equal([8, 8], new[] { await s.Store.ListAsync(ns, "k", null, 100, false, default), await s.Store.ListAsync(ns, "v", null, 100, false, default) }.Select(page => page.Count));
    }

    [SkippableFact]
    public async Task A_record_that_is_larger_than_a_page_is_a_page_of_its_own()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        foreach (var key in (string[])["a", "b"])
        {
            await s.PutAsync(ns, new RecordDraft { Key = key, Kind = ContentKind.Bytes, Content = new byte[(8 << 20) + 5] });
        }

        var page = await s.Store.ListAsync(ns, "", null, 10, false, default);

        Assert.True(page.IsCut);
        Assert.Equal(["a"], page.Select(record => record.Key));
        Assert.Equal(["b"], (await s.Store.ListAsync(ns, "", "a", 10, false, default)).Select(record => record.Key));
        var numbers = await LogNumbersAsync(s, ns);
        Assert.Equal([1L, 2], numbers);
    }

    [SkippableFact]
    public async Task A_scan_of_large_records_has_each_once()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        for (var i = 0; i < 100; i++)
        {
            // So that the scans ask for many rows when they come to the large ones.
            await s.PutAsync(ns, $"a{i:000}", "small");
        }

        await PutLargeAsync(s, ns);
        string[] expected = [.. Enumerable.Range(0, 100).Select(i => $"a{i:000}"), .. Keys];

        Assert.Equal(expected, await KeysAsync(s.Store.ScanAsync(ns, default)));
        Assert.Equal(expected, await KeysAsync(s.Store.ScanAsync(ns, Sequence.Of(ns.Partition, 1), null, default)));
        Assert.Equal(expected, (await KeysAsync(s.Store.ScanAsOfAsync(ns, Start.AddDays(1), default))).Order(StringComparer.Ordinal));

        static async Task<List<string>> KeysAsync(IAsyncEnumerable<MemoryRecord> scan)
        {
            var keys = new List<string>();
            await foreach (var record in scan)
            {
                keys.Add(record.Key);
            }

            return keys;
        }
    }

    [SkippableFact]
    public async Task Merging_into_more_than_a_commit_may_hold_is_refused_and_into_one_record_never()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        var keys = Enumerable.Range(0, 5).Select(i => $"k{i}").ToArray();
        foreach (var key in keys)
        {
            await s.PutAsync(ns, new RecordDraft { Key = key, Kind = ContentKind.Bytes, Content = new byte[15 << 20] });
        }

        var refused = await Assert.ThrowsAsync<RefusedException>(() => s.CommitAsync(Merges(s, ns, keys)));
        var fewer = await s.CommitAsync(Merges(s, ns, keys.Take(4)));

        Assert.Equal(("too-large", "Merge into fewer records at once."), (refused.Code, refused.Suggestion));
        Assert.All(fewer.Receipts, receipt => Assert.Equal((ReceiptStatus.Merged, 2), (receipt.Status, receipt.Version)));
        Assert.Equal(1, (await s.Store.GetAsync(ns, "k4", default))!.Version);
    }

    [SkippableFact]
    public async Task Merges_that_grew_beyond_what_a_commit_may_hold_are_replayed_and_refused_where_they_are_new()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        var keys = Enumerable.Range(0, 64).Select(i => $"k{i:00}").ToArray();
        foreach (var key in keys)
        {
            await s.PutAsync(ns, new RecordDraft { Key = key, Kind = ContentKind.Bytes, Content = new byte[Large] });
        }

        var group = new WriteGroup(
            [.. keys.Select(key => s.PutOf(ns, StoreUnderTest.Draft(key, null) with { WhenPresent = WhenPresent.Merge, Attributes = """{"a":1}"""u8.ToArray() }))],
            new IdempotencyMark("t", new byte[32], new byte[32], s.Clock.GetUtcNow().AddDays(1)));
        var first = (await s.Store.CommitAsync([group], default))[0];
        var again = (await s.Store.CommitAsync([group], default))[0];

        Assert.Equal((false, true), (first.Replayed, again.Replayed));
        Assert.Equal(first.Receipts, again.Receipts);
        Assert.All(first.Receipts, receipt => Assert.Equal((ReceiptStatus.Merged, 2), (receipt.Status, receipt.Version)));
        Assert.Equal("too-large", (await Assert.ThrowsAsync<RefusedException>(() => s.CommitAsync(Merges(s, ns, keys)))).Code);
    }

    [SkippableFact]
    public async Task Only_what_is_merged_into_counts_and_not_what_is_of_another_version_or_past_its_time()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        var keys = Enumerable.Range(0, 5).Select(i => $"k{i}").ToArray();
        foreach (var key in keys)
        {
            await s.PutAsync(ns, new RecordDraft { Key = key, Kind = ContentKind.Bytes, Content = new byte[15 << 20], ExpiresAt = s.Clock.GetUtcNow().AddHours(1) });
        }

        var others = await s.CommitAsync([.. Merges(s, ns, keys).Cast<PutOperation>().Select(put => put with { Precondition = new Precondition(MustNotExist: false, Sequence.Of(ns.Partition, 999)) })]);
        s.Clock.Advance(TimeSpan.FromHours(2));
        var expired = await s.CommitAsync([.. Merges(s, ns, keys), .. keys.Select(key => s.PutOf(ns, StoreUnderTest.Draft(key, "new") with { WhenPresent = WhenPresent.Merge }))]);

        Assert.All(others.Receipts, receipt => Assert.Equal(RejectReason.PreconditionFailed, receipt.Reason));
        Assert.All(expired.Receipts.Take(5), receipt => Assert.Equal(RejectReason.NotFound, receipt.Reason));
        Assert.All(expired.Receipts.Skip(5), receipt => Assert.Equal(ReceiptStatus.Stored, receipt.Status));
    }

    private static WriteOperation[] Merges(StoreUnderTest s, NamespaceInfo ns, IEnumerable<string> into) =>
        [.. into.Select(key => s.PutOf(ns, StoreUnderTest.Draft(key, null) with { WhenPresent = WhenPresent.Merge, Tags = ["t"] }))];

    private static string[] Keys => [.. Enumerable.Range(0, Many).Select(i => $"large/{i:00}")];

    private static RecordDraft LargeDraft(string key, int seed)
    {
        // What a database cannot make shorter.
        var content = new byte[Large];
        new Random(seed).NextBytes(content);
        return new RecordDraft { Key = key, Kind = ContentKind.Bytes, Content = content };
    }

    private static async Task PutLargeAsync(StoreUnderTest s, NamespaceInfo ns)
    {
        for (var i = 0; i < Many; i++)
        {
            await s.PutAsync(ns, LargeDraft(Keys[i], i));
        }
    }

    private static async Task<long[]> LogNumbersAsync(StoreUnderTest s, NamespaceInfo ns)
    {
        var after = 0L;
        return [.. (await ReadAllAsync(() => s.Store.ReadLogAsync(ns.Partition, after, 1_000, ns.Id, default), page => after = page[^1].Sequence.Number, static entry => entry.Sequence.Number)).Read];
    }

    /// <summary>Reads pages until one says that it is the last.</summary>
    private static async Task<(List<RowPage<TRow>> Pages, List<TValue> Read)> ReadAllAsync<TRow, TValue>(
        Func<Task<RowPage<TRow>>> read, Action<RowPage<TRow>> moveOn, Func<TRow, TValue> value)
    {
        List<RowPage<TRow>> pages = [];
        do
        {
            pages.Add(await read());
            if (pages[^1].Count > 0)
            {
                moveOn(pages[^1]);
            }
        }
        while (pages[^1].IsCut);

        return (pages, [.. pages.SelectMany(page => page).Select(value)]);
    }

    private static void AssertBounded<TRow>(List<RowPage<TRow>> pages, Func<TRow, long> size)
    {
        // Of eight each, and no page for each row either.
        Assert.Equal((Many / 8) + 1, pages.Count);
        Assert.All(pages, page => Assert.InRange(page.Sum(size), 0, (8 << 20) + Large - 1));
    }
}
