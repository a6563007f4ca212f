using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

public sealed class WriteTests
{
    [Fact]
    public async Task A_feed_asks_how_far_the_log_is_trimmed_once_and_not_at_each_change_that_memory_holds()
    {
        await using var running = await RunningMemory.StartAsync(new MemoryOptions { LogRetention = TimeSpan.FromDays(1) });
        var begin = await running.Memory.NowAsync(running.Notes, default);
        await using var feed = running.Memory.ChangesAsync(running.Notes, begin, default).GetAsyncEnumerator();
        var next = feed.MoveNextAsync();
        for (var i = 0; i < 20; i++)
        {
            await running.PutAsync($"k{i}", "text");
            Assert.True(await next);
            next = feed.MoveNextAsync();
        }

        await running.PutAsync("last", "text");
        Assert.True(await next);
        Assert.InRange(running.Store.TrimmedReads, 1, 2);
    }

    [Fact]
    public async Task Writers_at_the_same_time_share_transactions()
    {
        await using var running = await RunningMemory.StartAsync();
        var commits = 0;
        var gate = new TaskCompletionSource();
        running.Store.CommitGate = gate.Task;
        running.Store.BeforeCommit = _ => commits++;

        var writes = Enumerable.Range(0, 200).Select(i => running.PutAsync($"k{i}", $"text {i}")).ToArray();
        gate.SetResult();
        var receipts = await Task.WhenAll(writes);

        Assert.InRange(commits, 1, 20);
        Assert.Equal(200, receipts.Select(r => r.Sequence).Distinct().Count());
        Assert.All(receipts, r => Assert.Equal(ReceiptStatus.Stored, r.Status));
    }

    [Fact]
    public async Task More_writes_than_may_wait_are_turned_away_and_none_of_them_is_acknowledged()
    {
        await using var running = await RunningMemory.StartAsync(new() { WriteQueue = 1_000 });
        var gate = new TaskCompletionSource();
        running.Store.CommitGate = gate.Task;

        var writes = Enumerable.Range(0, 1_500).Select(async i =>
        {
            try
            {
                await running.PutAsync($"k{i:D4}", "text");
                return true;
            }
            catch (TooManyWritesException)
            {
                return false;
            }
        }).ToArray();
        gate.SetResult();
        var acknowledged = (await Task.WhenAll(writes)).Count(done => done);

        Assert.Equal(1_000, acknowledged);
        Assert.Equal(1_000, await running.Memory.CountAsync(running.Notes, default));
    }

    [Fact]
    public async Task A_group_that_breaks_its_transaction_takes_no_other_group_with_it()
    {
        await using var running = await RunningMemory.StartAsync();
        var gate = new TaskCompletionSource();
        running.Store.CommitGate = gate.Task;
        running.Store.BeforeCommit = groups =>
        {
            if (groups.SelectMany(g => g.Operations).OfType<PutOperation>().Any(put => put.Draft.Key == "poison"))
            {
                throw new InvalidOperationException("poison");
            }
        };

        var good = Enumerable.Range(0, 5).Select(i => running.PutAsync($"k{i}", "text")).ToArray();
        var bad = running.PutAsync("poison", "text");
        gate.SetResult();

        Assert.All(await Task.WhenAll(good), r => Assert.Equal(ReceiptStatus.Stored, r.Status));
        await Assert.ThrowsAsync<InvalidOperationException>(() => bad);
    }

    [Fact]
    public async Task Writes_beside_one_that_is_refused_are_committed_together_all_but_a_few()
    {
        await using var running = await RunningMemory.StartAsync();
        var (gate, entered) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        (running.Store.CommitGate, running.Store.CommitEntered) = (gate.Task, entered);
        var commits = new List<int>();
        running.Store.BeforeCommit = groups =>
        {
            commits.Add(groups.Count);
            if (groups.SelectMany(g => g.Operations).OfType<PutOperation>().Any(put => put.Draft.Key == "refused"))
            {
                throw new RefusedException("too-large", "It is, in this test.", "None.");
            }
        };

        var first = running.PutAsync("holds", "the next ones up");
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(60));
        var before = Enumerable.Range(0, 20).Select(i => running.PutAsync($"k{i}", "text")).ToArray();
        var refused = running.PutAsync("refused", "text");
        var behind = Enumerable.Range(20, 43).Select(i => running.PutAsync($"k{i}", "text")).ToArray();
        gate.SetResult();

        var receipts = await Task.WhenAll([first, .. before, .. behind]);
        Assert.Equal("too-large", (await Assert.ThrowsAsync<RefusedException>(() => refused)).Code);
        Assert.All(receipts, receipt => Assert.Equal(ReceiptStatus.Stored, receipt.Status));
        Assert.Equal(receipts.Select(receipt => receipt.Sequence.Number).Order(), receipts.Select(receipt => receipt.Sequence.Number));
        Assert.Equal([1, 64, 32, 16, 16, 8, 4, 4, 2, 1, 1, 2, 8, 32], commits);
    }

    [Fact]
    public async Task While_the_store_is_away_writes_fail_and_afterwards_they_work_again()
    {
        await using var running = await RunningMemory.StartAsync();
        running.Store.IsDown = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => running.PutAsync("a", "alpha"));
        Assert.False((await running.Memory.ReportAsync(default)).IsReady);

        running.Store.IsDown = false;
        Assert.Equal(ReceiptStatus.Stored, (await running.PutAsync("a", "alpha")).Status);
        Assert.True((await running.Memory.ReportAsync(default)).IsReady);
    }

    [Fact]
    public async Task The_same_idempotency_mark_gives_the_same_receipts_and_writes_once()
    {
        await using var running = await RunningMemory.StartAsync();
        var mark = new IdempotencyMark("acme", new byte[32], new byte[32], running.Clock.GetUtcNow().AddDays(1));
        var put = new PutRequest(new RecordDraft { Key = "a", Content = "alpha"u8.ToArray() });
        var first = await running.Memory.PutAsync(running.Notes, [put], mark, new Trail(), default);
        await running.PutAsync("a", "beta");

        var again = await running.Memory.PutAsync(running.Notes, [put], mark, new Trail(), default);
        var other = mark with { RequestHash = [.. Enumerable.Repeat((byte)1, 32)] };

        Assert.True(again.Replayed);
        Assert.Equal(first.Receipts, again.Receipts);
        Assert.Equal("beta", (await running.GetAsync("a")).Text);
        Assert.Equal("idempotency-key-reused", (await Assert.ThrowsAsync<RefusedException>(
            () => running.Memory.PutAsync(running.Notes, [put], other, new Trail(), default))).Code);
    }

    [Fact]
    public async Task The_change_feed_shows_every_change_once_and_in_order_from_any_token()
    {
        await using var running = await RunningMemory.StartAsync();
        var tokens = new List<Sequence>();
        for (var i = 0; i < 20; i++)
        {
            tokens.Add((await running.PutAsync($"k{i % 7}", $"text {i}")).Sequence);
        }

        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var seen = new List<Sequence>();
        var live = Task.Run(async () =>
        {
            await foreach (var entry in running.Memory.ChangesAsync(running.Notes, tokens[9], stop.Token))
            {
                seen.Add(entry.Sequence);
                if (seen.Count == 20)
                {
                    return;
                }
            }
        });
        for (var i = 20; i < 30; i++)
        {
            tokens.Add((await running.PutAsync($"k{i % 7}", $"text {i}")).Sequence);
        }

        await live;
        Assert.Equal(tokens.Skip(10), seen);
    }

    [Fact]
    public async Task Expired_records_are_cleaned_up_in_the_background_with_their_content()
    {
        await using var running = await RunningMemory.StartAsync(new() { SweepSize = 3 });
        for (var i = 0; i < 10; i++)
        {
            await running.PutAsync($"k{i}", "text", draft => draft with { ExpiresAt = running.Clock.GetUtcNow().AddSeconds(5) });
        }

        running.Clock.Advance(TimeSpan.FromSeconds(6));
        for (var i = 0; i < 200 && (await running.Store.ListKeysAsync(running.Notes, "", null, 100, default)).Count > 0; i++)
        {
            running.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20);
        }

        var expired = new List<LogEntry>(await running.Store.ReadLogAsync(running.Notes.Partition, 10, 100, running.Notes.Id, default));
        Assert.Equal(10, expired.Count(entry => entry.Kind == ChangeKind.Expire));
    }
}
