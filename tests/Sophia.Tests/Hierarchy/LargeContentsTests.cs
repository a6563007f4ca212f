using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Sessions;
using Sophia.Memory.Stores;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

/// <summary>What reads many records has a page of them in memory: of contents of a mebibyte, eight.</summary>
public sealed class LargeContentsTests
{
    private const int Large = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_session_of_large_turns_is_read_in_pages_and_comes_in_order_with_none_twice()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running, 20);

        var all = await ReadAsync(running, last: 1_000);
        var some = await ReadAsync(running, last: 10);
        var fitting = await ReadAsync(running, maxTokens: 13);

        Assert.Equal(Enumerable.Range(1, 20).Select(n => (long)n), all.Turns.Select(turn => turn.Number));
        Assert.All(all.Turns, turn => Assert.StartsWith($"turn {turn.Number} ", turn.Content, StringComparison.Ordinal));
        Assert.Equal(Enumerable.Range(11, 10).Select(n => (long)n), some.Turns.Select(turn => turn.Number));
        Assert.Equal(Enumerable.Range(8, 13).Select(n => (long)n), fitting.Turns.Select(turn => turn.Number));
        Assert.Equal([20L, 20, 20], new[] { all, some, fitting }.Select(view => view.TotalTurns));
        AssertBounded(running.Store);
    }

    [Fact]
    public async Task Turns_that_would_take_the_memory_of_all_are_refused_and_fewer_of_them_are_read()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running, 66);

        var refused = await Assert.ThrowsAsync<RefusedException>(() => ReadAsync(running, last: 1_000));
        var tokens = await Assert.ThrowsAsync<RefusedException>(() => ReadAsync(running, maxTokens: 1_000));
        var fewer = await ReadAsync(running, last: 63);

        Assert.Equal(("too-large", "too-large"), (refused.Code, tokens.Code));
        Assert.Equal("Ask for fewer of them (last, or maxTokens).", refused.Suggestion);
        Assert.Equal(63, fewer.Turns.Count);
        AssertBounded(running.Store);
    }

    [Fact]
    public async Task Small_turns_are_read_with_no_more_reads_than_they_were()
    {
        await using var running = await RunningMemory.StartAsync();
        for (var i = 0; i < 4; i++)
        {
            await running.Memory.Sessions.AppendAsync("acme", "s", [.. Enumerable.Range(0, 100).Select(n => new TurnDraft("user", $"{i} {n}", default, null))], null, null, new Trail(), default);
        }

        var before = running.Store.Pages;
        await ReadAsync(running, last: 20);
        var twenty = running.Store.Pages - before;
        await ReadAsync(running, last: 400);

        Assert.Equal((1, 2), (twenty, running.Store.Pages - before - twenty));
    }

    [Fact]
    public async Task A_close_promotes_large_turns_page_by_page_and_once()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running, 20);
        await running.Memory.ConfigureNamespaceAsync("acme", "talks", new NamespaceSettings { VectorSource = VectorSource.None }, default);

        var closed = await CloseAsync();
        var again = await CloseAsync();

        Assert.Equal(20, closed.Promoted);
        Assert.Equal(Enumerable.Range(1, 20).Select(n => $"session/s/{n:0000000000}"), closed.Receipts.Select(receipt => receipt.Key));
        Assert.Equal(closed.Receipts, again.Receipts);
        AssertBounded(running.Store);

        async Task<CloseAnswer> CloseAsync() => (await running.Memory.Sessions.CloseAsync("acme", "s", "talks", null, new Trail(), default))!;
    }

    [Fact]
    public async Task A_history_of_large_versions_is_a_page_that_ends_earlier_and_its_cursor_goes_on()
    {
        await using var running = await RunningMemory.StartAsync();
        for (var version = 1; version <= 20; version++)
        {
            await PutAsync(running.Memory, running.Notes, "k", version);
        }

        var versions = new List<int>();
        var pages = 0;
        for (var before = Sequence.None; pages == 0 || !before.IsNone; pages++)
        {
            var page = (await running.Memory.HistoryAsync(running.Notes, "k", before, 1_000, new Trail(), default))!;
            versions.AddRange(page.Items.Select(entry => entry.Version));
            before = page.Next;
        }

        Assert.Equal(Enumerable.Range(1, 20).Reverse(), versions);
        Assert.Equal(3, pages);
        AssertBounded(running.Store);
    }

    [Fact]
    public async Task A_listing_of_large_records_behind_small_ones_has_each_once()
    {
        await using var running = await RunningMemory.StartAsync();
        for (var i = 0; i < 60; i++)
        {
            await running.PutAsync($"a{i:00}", "small");
        }

        for (var i = 0; i < 20; i++)
        {
            await PutAsync(running.Memory, running.Notes, $"b{i:00}", i);
        }

        var keys = new List<string>();
        string? after = null;
        do
        {
            var page = await running.Memory.ListAsync(running.Notes, new RecordFilter(), after, 1_000, new Trail(), default);
            keys.AddRange(page.Items.Select(record => record.Key));
            after = page.Next;
        }
        while (after is not null);

        Assert.Equal([.. Enumerable.Range(0, 60).Select(i => $"a{i:00}"), .. Enumerable.Range(0, 20).Select(i => $"b{i:00}")], keys);
        AssertBounded(running.Store);
    }

    [Theory]
    [InlineData(1 << 20)]
    [InlineData(64 << 20)]
    public async Task A_feed_of_large_changes_gives_each_once_and_in_order_from_the_store_and_from_memory(long tailBytes)
    {
        await using var running = await RunningMemory.StartAsync(new MemoryOptions { TailLimitBytes = tailBytes });
        await using var feed = running.Memory.ChangesAsync(running.Notes, Sequence.Of(running.Notes.Partition, 0), default).GetAsyncEnumerator();
        await running.PutAsync("first", "small");
        Assert.True(await feed.MoveNextAsync().AsTask().WaitAsync(Patience));
        for (var i = 0; i < 20; i++)
        {
            await PutAsync(running.Memory, running.Notes, $"b{i:00}", i);
        }

        await running.PutAsync("last", "small");

        var keys = new List<string?> { feed.Current.Key };
        while (keys[^1] != "last")
        {
            Assert.True(await feed.MoveNextAsync().AsTask().WaitAsync(Patience));
            keys.Add(feed.Current.Key);
            Assert.True(feed.Current.Record!.Content.Length is 5 or Large);
        }

        Assert.Equal(["first", .. Enumerable.Range(0, 20).Select(i => $"b{i:00}"), "last"], keys);
        Assert.Equal(tailBytes < Large * 20, running.Store.Pages > 1);
        Assert.InRange(running.Store.LargestPage, 0, 9 * Large);
    }

    [Fact]
    public async Task The_tail_takes_in_what_another_process_wrote_page_by_page_and_in_order()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var from = await nodes.B.NowAsync();
        using var stop = new CancellationTokenSource();
        await using var feed = nodes.B.Memory.ChangesAsync(nodes.B.Notes, from, stop.Token).GetAsyncEnumerator();
        var next = feed.MoveNextAsync().AsTask();
        Receipt last = default!;
        for (var i = 0; i < 20; i++)
        {
            last = await PutAsync(nodes.A.Memory, nodes.A.Notes, $"b{i:00}", i);
        }

        await nodes.B.SeeAsync(last.Sequence).WaitAsync(Patience);
        var keys = new List<string?>();
        for (; keys.Count < 20; next = feed.MoveNextAsync().AsTask())
        {
            Assert.True(await next.WaitAsync(Patience));
            keys.Add(feed.Current.Key);
        }

        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"b{i:00}"), keys);
        AssertBounded(nodes.B.Store);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task A_batch_that_merges_into_more_than_a_commit_may_hold_is_refused_and_those_committed_with_it_are_not()
    {
        await using var running = await RunningMemory.StartAsync(new MemoryOptions { Limits = new RecordLimits { ContentBytes = 20 << 20 } });
        var ns = await running.Memory.ConfigureNamespaceAsync("acme", "talks", new NamespaceSettings { VectorSource = VectorSource.None }, default);
        for (var i = 0; i < 5; i++)
        {
            await PutAsync(running.Memory, ns, $"k{i}", i, 15 << 20);
        }

        var groups = new List<int>();
        running.Store.BeforeCommit = written => groups.Add(written.Count);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        running.Store.CommitGate = gate.Task;
        running.Store.CommitEntered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = running.PutAsync("holds", "the next ones up");
        await running.Store.CommitEntered.Task.WaitAsync(Patience);
        var merging = running.Memory.PutAsync(
            ns, [.. Enumerable.Range(0, 5).Select(i => new PutRequest(new RecordDraft { Key = $"k{i}", WhenPresent = WhenPresent.Merge, Tags = ["t"] }))], null, new Trail(), default);
        var beside = running.PutAsync("beside", "the merge");
        gate.SetResult();

        Assert.Equal("too-large", (await Assert.ThrowsAsync<RefusedException>(() => merging)).Code);
        Assert.Equal([ReceiptStatus.Stored, ReceiptStatus.Stored], (await Task.WhenAll(first, beside)).Select(receipt => receipt.Status));
        Assert.Equal([1, 2, 1, 1], groups);
    }

    private static void AssertBounded(DelegatingStore store) => Assert.InRange(store.LargestPage, 4 * Large, 9 * Large);

    private static async Task<Receipt> PutAsync(MemoryHierarchy memory, NamespaceInfo ns, string key, int seed, int bytes = Large)
    {
        var content = new byte[bytes];
        new Random(seed).NextBytes(content);
        return (await memory.PutAsync(ns, [new PutRequest(new RecordDraft { Key = key, Kind = ContentKind.Bytes, Content = content })], null, new Trail(), default)).Receipts[0];
    }

    private static async Task AppendAsync(RunningMemory running, int turns)
    {
        for (var n = 1; n <= turns; n++)
        {
            var text = $"turn {n} ".PadRight(Large, 'x');
            await running.Memory.Sessions.AppendAsync("acme", "s", [new TurnDraft("user", text, default, Tokens: 1)], null, null, new Trail(), default);
        }
    }

    private static async Task<SessionView> ReadAsync(RunningMemory running, int? last = null, int? maxTokens = null) =>
        (await running.Memory.Sessions.ReadAsync("acme", "s", last, maxTokens, default, new Trail(), default))!;
}
