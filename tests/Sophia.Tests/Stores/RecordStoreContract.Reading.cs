using System.Text;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Tests.Stores;

public abstract partial class RecordStoreContract
{
    [SkippableFact]
    public async Task Keys_list_in_utf8_byte_order_within_a_prefix_both_ways()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        // U+FFFD sorts before U+1F600 in UTF-8, after it in UTF-16; % and _ are wild only in patterns.
        string[] keys = ["A", "B", "a", "a%", "a%1", "a_", "ab", "a\uD7FF", "a\uE000", "a\uFFFD", "a😀", "b", "ä"];
        foreach (var key in keys.Reverse())
        {
            await s.PutAsync(ns, key, key);
        }

        await s.PutAsync(await s.NamespaceAsync("else"), "a", "of another namespace");
        var ordered = keys.OrderBy(k => Convert.ToHexString(Encoding.UTF8.GetBytes(k)), StringComparer.Ordinal).ToArray();
        async Task<string[]> List(string prefix, string? after, int limit, bool descending) =>
            [.. (await s.Store.ListAsync(ns, prefix, after, limit, descending, default)).Select(r => r.Key)];

        Assert.Equal(ordered, await List("", null, 100, false));
        Assert.Equal(ordered.Reverse(), await List("", null, 100, true));
        Assert.Equal(["a%", "a%1"], await List("a%", null, 100, false));
        Assert.Equal(ordered.Where(k => k.StartsWith('a')), await List("a", null, 100, false));
        Assert.Equal(["a\uD7FF"], await List("a\uD7FF", null, 100, false));
        Assert.Equal(ordered.Where(k => k.StartsWith('a')).Skip(2).Take(2), await List("a", "a%", 2, false));
        Assert.Equal(["a%", "a"], await List("a", "a%1", 5, true));
        Assert.Equal(keys.Length, (await s.Store.GetManyAsync(ns, [.. keys, "none"], default)).Count);
    }

    [SkippableFact]
    public async Task A_record_is_read_as_it_was_recorded_at_an_instant()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.PutAsync(ns, "k", "one");
        s.Clock.Advance(TimeSpan.FromSeconds(1));
        await s.PutAsync(ns, "k", "two");
        s.Clock.Advance(TimeSpan.FromSeconds(1));
        await s.DeleteAsync(ns, "k");
        await s.PutAsync(ns, "later", "x");
        async Task<string?> AsOf(double seconds) => (await s.Store.GetAsOfAsync(ns, "k", Start.AddSeconds(seconds), default))?.Text();
        async Task<string[]> Scan(double seconds)
        {
            var found = new List<string>();
            await foreach (var record in s.Store.ScanAsOfAsync(ns, Start.AddSeconds(seconds), default))
            {
                found.Add(record.Text());
            }

            return [.. found.Order(StringComparer.Ordinal)];
        }

        Assert.Equal((null, "one", "one", "two", null), (await AsOf(-0.001), await AsOf(0), await AsOf(0.999), await AsOf(1), await AsOf(2)));
        Assert.Equal(string.Join(",", (string[])[]), string.Join(",", await Scan(-1)));
        Assert.Equal(string.Join(",", (string[])["one"]), string.Join(",", await Scan(0)));
        Assert.Equal(string.Join(",", (string[])["two"]), string.Join(",", await Scan(1)));
        Assert.Equal(string.Join(",", (string[])["x"]), string.Join(",", await Scan(2)));
    }

    [SkippableFact]
    public async Task A_range_of_the_log_gives_the_records_whose_current_version_is_in_it()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        var receipts = new List<Receipt>();
        foreach (var key in (string[])["a", "b", "c", "d", "e"])
        {
            receipts.Add(await s.PutAsync(ns, key, key));
        }

        await s.PutAsync(await s.NamespaceAsync("else"), "a", "of another namespace");
        var again = await s.PutAsync(ns, "b", "b again");
        await s.DeleteAsync(ns, "d");
        async Task<string> Scan(Sequence first, Sequence? end)
        {
            var found = new List<string>();
            await foreach (var record in s.Store.ScanAsync(ns, first, end, default))
            {
                found.Add(record.Text());
            }

            return string.Join(",", found);
        }

        Assert.Equal("a,c,e,b again", await Scan(Sequence.Of(ns.Partition, 0), null));
        Assert.Equal("a,c", await Scan(Sequence.Of(ns.Partition, 0), receipts[4].Sequence));
        Assert.Equal("c,e", await Scan(receipts[1].Sequence, again.Sequence));
        Assert.Equal("b again", await Scan(again.Sequence, null));
        Assert.Equal("", await Scan(receipts[3].Sequence, receipts[4].Sequence));
    }

    [SkippableFact]
    public async Task History_pages_with_a_token_that_fits_only_its_own_record()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        for (var i = 1; i <= 5; i++)
        {
            await s.PutAsync(ns, "k", $"v{i}");
            await s.PutAsync(ns, "other", $"o{i}");
        }

        var first = await s.Store.HistoryAsync(ns, "k", Sequence.None, 2, default);
        var second = await s.Store.HistoryAsync(ns, "k", first[^1].Sequence, 10, default);
        Assert.Equal([5, 4], first.Select(e => e.Version));
        Assert.Equal(["v3", "v2", "v1"], second.Select(e => e.Record!.Text()));
        Assert.Empty(await s.Store.HistoryAsync(ns, "other", first[^1].Sequence, 10, default));
        Assert.Empty(await s.Store.HistoryAsync(ns, "k", second[^1].Sequence, 10, default));
    }

    [SkippableFact]
    public async Task The_log_reads_on_from_a_watermark_and_time_never_goes_back_in_it()
    {
        await using var s = await OpenAsync();
        var (a, b) = (await s.NamespaceAsync("a"), await s.NamespaceAsync("b"));
        await s.PutAsync(a, "k", "1");
        await s.PutAsync(b, "k", "1");
        var before = s.Clock.GetUtcNow();
        s.Clock.AdjustTime(before.AddSeconds(-30));
        await s.PutAsync(a, "k", "2");
        var marks = await s.Store.ReadWatermarksAsync(default);
        Assert.Equal(2, marks[a.Partition]);
        var rest = await s.Store.ReadLogAsync(a.Partition, 1, 10, null, default);
        Assert.Equal(("2", before), (Assert.Single(rest).Record!.Text(), rest[0].RecordedAt));
        Assert.Empty(await s.Store.ReadLogAsync(a.Partition, 2, 10, null, default));
        Assert.Single(await s.Store.ReadLogAsync(a.Partition, 0, 1, null, default));
        Assert.Equal(Sequence.Of(a.Partition, 1), rest[0].Previous);
    }

    [SkippableFact]
    public async Task Heads_of_the_log_are_its_entries_without_their_records()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.PutAsync(ns, "a", "1");
        await s.PutAsync(ns, "b", "1");
        await s.DeleteAsync(ns, "a");
        await s.ForgetAsync(ns, "b");
        await s.PutAsync(ns, "c", "1");

        var entries = await s.Store.ReadLogAsync(ns.Partition, 0, 100, null, default);
        Assert.Equal(["a", null, "a", null, "c"], entries.Select(e => e.Key));
        Assert.Equal(entries.Select(e => e with { Record = null }), await s.Store.ReadLogHeadsAsync(ns.Partition, 0, 100, default));
        Assert.Equal(entries.Skip(2).Take(2).Select(e => e.Sequence), (await s.Store.ReadLogHeadsAsync(ns.Partition, 2, 2, default)).Select(e => e.Sequence));
    }

    [SkippableFact]
    public async Task A_scan_gives_every_current_record_once()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.CommitAsync([.. Enumerable.Range(0, 1200).Select(i => s.PutOf(ns, StoreUnderTest.Draft($"k{i}", $"{i}")))]);
        await s.DeleteAsync(ns, "k7");
        var seen = new HashSet<string>();
        await foreach (var record in s.Store.ScanAsync(ns, default))
        {
            Assert.True(seen.Add(record.Key));
        }

        Assert.Equal(1199, seen.Count);
        Assert.Equal(1199, await s.Store.CountAsync(ns.Id, Start, default));
    }

    [SkippableFact]
    public async Task Trimming_one_namespace_leaves_the_log_of_its_neighbour_in_the_partition_whole()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        NamespaceInfo neighbour;
        for (var i = 0; ; i++)
        {
            neighbour = await s.Store.EnsureNamespaceAsync("another-tenant", $"n{i}", new NamespaceSettings(), default);
            if (neighbour.Partition == ns.Partition)
            {
                break;
            }
        }

        await s.PutAsync(neighbour, "k", "one");
        await s.PutAsync(neighbour, "k", "two");
        await s.PutAsync(ns, "k", "one");
        await s.PutAsync(ns, "k", "two");
        s.Clock.Advance(TimeSpan.FromDays(1));

        Assert.Equal(1, (await s.Store.TrimLogAsync(ns, Start.AddHours(1), Sequence.None, 100, default)).Count);
        Assert.Equal(3, await s.Store.ReadTrimmedAsync(ns, default));
        Assert.Equal(0, await s.Store.ReadTrimmedAsync(neighbour, default));
    }

    [SkippableFact]
    public async Task A_round_of_trimming_goes_on_where_it_left_off_and_ends_at_the_cut_off()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        for (var version = 1; version <= 7; version++)
        {
            // Numbers 1 to 14, a version of k each day, and a record that stays behind each.
            await s.PutAsync(ns, "k", $"{version}");
            await s.PutAsync(ns, $"stays-{version}", "x");
            s.Clock.Advance(TimeSpan.FromDays(1));
        }

        var before = Start.AddDays(4.5);
        var gone = new List<(int Count, long Last)>();
        for (var trimmed = new TrimmedRows(2, Sequence.None); trimmed.Count == 2;)
        {
            trimmed = await s.Store.TrimLogAsync(ns, before, trimmed.Last, 2, default);
            gone.Add((trimmed.Count, trimmed.Last.Number));
        }

        Assert.Equal([(2, 3), (2, 7), (1, 9)], gone);
        Assert.Equal([7, 6], (await s.Store.HistoryAsync(ns, "k", Sequence.None, 10, default)).Select(entry => entry.Version));

        // What lies before the place is not looked at, and nothing lies behind the end.
        Assert.Equal(default, await s.Store.TrimLogAsync(ns, Start.AddDays(30), Sequence.Of(ns.Partition, 12), 10, default));
        Assert.Equal(default, await s.Store.TrimLogAsync(ns, Start.AddDays(30), Sequence.Of(ns.Partition, 1_000), 10, default));
        Assert.Equal(new TrimmedRows(1, Sequence.Of(ns.Partition, 11)), await s.Store.TrimLogAsync(ns, Start.AddDays(30), Sequence.None, 10, default));
    }

    [SkippableFact]
    public async Task Trimming_takes_old_versions_and_never_a_current_one()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.PutAsync(ns, "k", "one");
        await s.PutAsync(ns, "k", "two");
        await s.PutAsync(ns, "gone", "x");
        await s.DeleteAsync(ns, "gone");
        s.Clock.Advance(TimeSpan.FromDays(1));
        await s.PutAsync(ns, "k", "three");
        await s.PutAsync(ns, "old", "current");
        Assert.Equal(0, (await s.Store.TrimLogAsync(ns, Start, Sequence.None, 100, default)).Count);
        Assert.Equal(1, (await s.Store.TrimLogAsync(ns, Start.AddHours(1), Sequence.None, 1, default)).Count);
        Assert.Equal(1, await s.Store.ReadTrimmedAsync(ns, default));
        Assert.Equal(3, (await s.Store.TrimLogAsync(ns, Start.AddHours(1), Sequence.None, 100, default)).Count);
        Assert.Equal(0, (await s.Store.TrimLogAsync(ns, Start.AddHours(1), Sequence.None, 100, default)).Count);
        Assert.Equal(4, await s.Store.ReadTrimmedAsync(ns, default));
        Assert.Equal("three", await s.TextAsync(ns, "k"));
        Assert.Equal("current", await s.TextAsync(ns, "old"));
        Assert.Single(await s.Store.HistoryAsync(ns, "k", Sequence.None, 10, default));
        Assert.Null(await s.Store.GetAsOfAsync(ns, "k", Start, default));
        Assert.Equal(1, (await s.PutAsync(ns, "gone", "anew")).Version);
    }

    [SkippableFact]
    public async Task Namespaces_are_made_once_and_keep_what_is_fixed()
    {
        await using var s = await OpenAsync();
        var made = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => s.NamespaceAsync("n")));
        Assert.All(made, ns => Assert.Equal(made[0], ns));
        await s.NamespaceAsync("$sessions");
        await s.NamespaceAsync("m");
        await s.NamespaceAsync("foreign", "u");
        var updated = await s.Store.UpdateNamespaceAsync(
            made[0], static _ => new NamespaceSettings { VectorSource = VectorSource.None, Dimensions = 9, Language = "none", Resident = true, LogRetention = TimeSpan.FromDays(3) }, default);
        Assert.Equal(
            made[0].Settings with { Language = "none", Resident = true, LogRetention = TimeSpan.FromDays(3) }, updated.Settings);
        Assert.Equal(updated, await s.Store.FindNamespaceAsync("t", "n", default));
        Assert.Equal(updated, await s.Store.FindNamespaceAsync(made[0].Id, default));
        Assert.Null(await s.Store.FindNamespaceAsync("u", "n", default));
        Assert.Equal(["m", "n"], (await s.Store.ListNamespacesAsync("t", null, 10, default)).Select(n => n.Name));
        Assert.Equal(["n"], (await s.Store.ListNamespacesAsync("t", "m", 10, default)).Select(n => n.Name));
    }

    [SkippableFact]
    public async Task Who_changes_one_setting_of_a_namespace_keeps_what_others_changed_since_he_read_it()
    {
        await using var s = await OpenAsync();
        var read = await s.NamespaceAsync("n");
        await s.Store.UpdateNamespaceAsync(read, static settings => settings with { Resident = true }, default);
        var updated = await s.Store.UpdateNamespaceAsync(read, static settings => settings with { Language = "de" }, default);
        await Assert.ThrowsAsync<RefusedException>(() => s.Store.UpdateNamespaceAsync(read, static _ => throw new RefusedException("no", "No.", "None."), default));

        Assert.Equal(read.Settings with { Resident = true, Language = "de" }, updated.Settings);
        Assert.Equal(updated, await s.Store.FindNamespaceAsync(read.Id, default));
    }

    [SkippableFact]
    public async Task A_tenant_never_sees_the_records_of_another()
    {
        await using var s = await OpenAsync();
        var (mine, theirs) = (await s.NamespaceAsync("n", "me"), await s.NamespaceAsync("n", "them"));
        await s.PutAsync(theirs, "k", "secret");
        Assert.NotEqual(mine.Id, theirs.Id);
        Assert.Null(await s.Store.GetAsync(mine, "k", default));
        Assert.Empty(await s.Store.HistoryAsync(mine, "k", Sequence.None, 10, default));
        Assert.Empty(await s.Store.ListAsync(mine, "", null, 10, false, default));
    }

    [SkippableFact]
    public async Task It_answers_says_its_size_and_what_erasure_leaves()
    {
        await using var s = await OpenAsync();
        await s.Store.PingAsync(default);
        Assert.True(await s.Store.SizeAsync(default) > 0);
        Assert.NotEmpty(await s.Store.SettleErasureAsync(default));
        Assert.Equal(32, s.Store.Secret.Length);
        Assert.NotEmpty(s.Store.Engine);
    }
}
