using Sophia.Memory.Hierarchy;
using Sophia.Memory.Records;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

/// <summary>What a reader may see while changes, slow reads and other nodes overlap.</summary>
public sealed class CoherenceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_reader_who_comes_after_a_forget_does_not_join_a_read_from_before_it()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("k", "secret");
        await running.GetAsync("k");
        await running.Memory.EvictAsync(Sophia.Memory.Tiers.Tier.L1, null, null);
        var gate = new TaskCompletionSource();
        running.Store.AfterGet = () => gate.Task;
        var before = running.GetAsync("k");

        await running.Memory.ForgetAsync(running.Notes, new ForgetRequest { Keys = ["k"] }, new Trail(), default);
        var after = running.GetAsync("k");
        gate.SetResult();

        Assert.Equal("secret", (await before).Text);
        Assert.Null((await after).Text);
        Assert.Null((await running.GetAsync("k")).Text);
    }

    [Fact]
    public async Task A_slow_read_does_not_bring_back_what_another_node_forgot()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var written = await nodes.A.PutAsync("k", "secret");
        await nodes.B.SeeAsync(written.Sequence);
        await nodes.B.GetAsync("k");
        await nodes.B.GetAsync("k");
        await nodes.B.EvictNearAsync();
        var gate = new TaskCompletionSource();
        nodes.B.Store.AfterGet = () => gate.Task;
        var slow = nodes.B.GetAsync("k");

        var forgotten = await nodes.A.ForgetAsync("k");
        await nodes.B.SeeAsync(forgotten.Last);
        gate.SetResult();
        await slow;

        Assert.Null(await nodes.B.GetAsync("k"));
    }

    [Fact]
    public async Task A_copy_in_the_shared_cache_does_not_outlive_a_delete_that_is_just_being_acknowledged()
    {
        var cache = new ScriptedCache();
        await using var running = await RunningMemory.StartAsync(shared: cache);
        await running.PutAsync("k", "old");
        await running.GetAsync("k");
        await running.Memory.EvictAsync(Sophia.Memory.Tiers.Tier.L1, null, null);
        var gate = new TaskCompletionSource();
        cache.RemoveGate = gate.Task;
        var deleting = running.Memory.DeleteAsync(running.Notes, "k", default, null, new Trail(), default);
        await running.Memory.SearchAsync(running.Notes, new SearchRequest { Query = "x", MinSequence = await NowAsync(running, 2) }, new Trail(), default);

        await running.GetAsync("k");
        await running.GetAsync("k");
        gate.SetResult();
        await deleting.WaitAsync(Patience);

        Assert.Null((await running.GetAsync("k")).Text);
    }

    [Fact]
    public async Task A_change_that_carries_its_token_is_read_before_the_shared_cache_has_heard_of_it()
    {
        var cache = new ScriptedCache();
        await using var running = await RunningMemory.StartAsync(shared: cache);
        await running.PutAsync("k", "old");
        await running.Memory.EvictAsync(Sophia.Memory.Tiers.Tier.L1, null, null);
        var gate = new TaskCompletionSource();
        cache.RemoveGate = gate.Task;
        var deleting = running.Memory.DeleteAsync(running.Notes, "k", default, null, new Trail(), default);

        // The feed of changes tells the token before the writer has its answer.
        var token = await NowAsync(running, 2);
        await running.Memory.SearchAsync(running.Notes, new SearchRequest { Query = "x", MinSequence = token }, new Trail(), default);
        var read = await running.GetAsync("k", token);
        gate.SetResult();
        await deleting.WaitAsync(Patience);

        Assert.Null(read.Text);
    }

    [Fact]
    public async Task A_copy_that_is_withdrawn_just_when_it_is_found_is_not_served_to_who_asks_for_the_change()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await nodes.B.SeeAsync((await nodes.A.PutAsync("k", "old")).Sequence);
        await nodes.B.GetAsync("k");
        await nodes.B.GetAsync("k");
        var changed = await nodes.A.PutAsync("k", "new");

        nodes.B.SeeMeanwhile(changed.Sequence);

        Assert.Equal("new", await nodes.B.GetAsync("k", changed.Sequence));
    }

    [Fact]
    public async Task A_promotion_that_comes_late_does_not_bring_an_old_value_into_an_epoch_that_another_node_began()
    {
        var cache = new ScriptedCache();
        await using var nodes = await TwoNodes.StartAsync(sharedOfB: cache);
        await nodes.B.SeeAsync((await nodes.A.PutAsync("k", "old")).Sequence);
        await cache.HoldSetsAsync(async () =>
        {
            await nodes.B.GetAsync("k");
            await nodes.B.GetAsync("k");
        });

        var changed = await nodes.A.PutAsync("k", "new");
        await nodes.B.SeeAsync(changed.Sequence);
        await cache.StartEpochAsync(default);
        await cache.ReleaseSetsAsync();

        await nodes.B.EvictNearAsync();
        Assert.Equal("new", await nodes.B.GetAsync("k", changed.Sequence));
    }

    [Fact]
    public async Task A_reader_who_joins_an_earlier_read_promotes_nothing_into_an_epoch_that_began_after_it()
    {
        var cache = new ScriptedCache();
        await using var nodes = await TwoNodes.StartAsync(sharedOfB: cache);
        var other = await nodes.A.PutAsync("other", "1");
        await nodes.B.SeeAsync((await nodes.A.PutAsync("k", "old")).Sequence);
        var gate = new TaskCompletionSource();
        nodes.B.Store.AfterGet = () => gate.Task;
        var first = nodes.B.GetAsync("k");

        await nodes.A.PutAsync("k", "new");
        await cache.StartEpochAsync(default);
        var second = nodes.B.GetAsync("k");
        gate.SetResult();
        await Task.WhenAll(first, second);

        // In order behind it: when this has been promoted, the other would have been.
        for (var i = 0; i < 3_000 && !cache.Holds(nodes.B.IdOf("other")); i++)
        {
            await nodes.B.EvictNearAsync();
            await nodes.B.GetAsync("other");
            await Task.Delay(10);
        }

        Assert.True(cache.Holds(nodes.B.IdOf("other")));
        Assert.False(cache.Holds(nodes.B.IdOf("k")));
    }

    [Fact]
    public async Task A_feed_of_changes_gives_no_content_that_was_forgotten_while_its_reader_took_his_time()
    {
        await using var running = await RunningMemory.StartAsync();
        var first = await running.PutAsync("a", "1");
        await running.PutAsync("b", "secret");
        await running.PutAsync("c", "3");
        await using var feed = running.Memory.ChangesAsync(running.Notes, Sophia.Memory.Log.Sequence.Of(first.Sequence.Partition, 0), default).GetAsyncEnumerator();
        await feed.MoveNextAsync();

        await running.Memory.ForgetAsync(running.Notes, new ForgetRequest { Keys = ["b"] }, new Trail(), default);
        await feed.MoveNextAsync();
        var forgotten = feed.Current;
        await feed.MoveNextAsync();

        Assert.Equal(first.Sequence.Number + 1, forgotten.Sequence.Number);
        Assert.Null(forgotten.Record);
        Assert.Null(forgotten.Key);
        Assert.Equal("c", feed.Current.Record!.Key);
    }

    [Fact]
    public async Task What_ends_while_a_search_waits_is_not_found()
    {
        await using var running = await RunningMemory.StartAsync();
        var put = await running.PutAsync("k", "dentist", draft => draft with { ExpiresAt = running.Clock.GetUtcNow().AddSeconds(10) });
        await running.Memory.EvictAsync(Sophia.Memory.Tiers.Tier.L1, null, null);
        running.Store.AfterGetMany = () => running.Clock.Advance(TimeSpan.FromSeconds(20));

        Assert.Empty((await running.SearchAsync("dentist", put.Sequence)).Hits);
    }

    [Fact]
    public async Task A_write_whose_news_comes_late_does_not_bring_its_value_into_an_epoch_that_another_node_began()
    {
        var cache = new ScriptedCache();
        await using var nodes = await TwoNodes.StartAsync(sharedOfA: cache);
        Task<Receipt> writing = null!;
        await cache.HoldSetsAsync(() =>
        {
            writing = nodes.A.PutAsync("k", "gone by then");
            return Task.CompletedTask;
        });

        await nodes.B.SeeAsync(await nodes.A.NowAsync());
        var deleted = await nodes.B.DeleteAsync("k");
        await nodes.A.SeeAsync(deleted.Sequence);
        await cache.StartEpochAsync(default);
        await cache.ReleaseSetsAsync();
        await writing.WaitAsync(Patience);

        await nodes.A.EvictNearAsync();
        Assert.Null(await nodes.A.GetAsync("k", deleted.Sequence));
    }

    [Fact]
    public async Task A_write_is_answered_although_an_observer_of_the_log_fails()
    {
        var cache = new ScriptedCache();
        await using var nodes = await TwoNodes.StartAsync(cache);
        cache.ChangeError = new InvalidOperationException("A driver's bug.");
        await nodes.B.PutAsync("theirs", "1");

        await AnsweredAsync(nodes.A.PutAsync("ours", "1"));
        cache.ChangeError = null;
        await AnsweredAsync(nodes.A.PutAsync("ours", "2"));

        Assert.Equal("2", await nodes.A.GetAsync("ours"));
    }

    [Fact]
    public async Task A_write_whose_gap_cannot_be_read_is_not_followed_by_a_stale_read()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await nodes.A.PutAsync("k", "old");
        await nodes.B.PutAsync("other", "1");
        nodes.A.Store.LogIsDown = true;

        var written = await nodes.A.PutAsync("k", "new");
        var read = await nodes.A.GetAsync("k");
        nodes.A.Store.LogIsDown = false;

        Assert.Equal(ReceiptStatus.Replaced, written.Status);
        Assert.Equal("new", read);
    }

    [Fact]
    public async Task Who_is_told_that_nothing_changed_reads_what_it_was_compared_with()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await nodes.B.PutAsync("k", "old");
        Assert.Equal("old", await nodes.B.GetAsync("k"));
        await nodes.A.PutAsync("k", "new");

        var written = await nodes.B.PutAsync("k", "new");

        Assert.Equal(ReceiptStatus.Unchanged, written.Status);
        Assert.Equal("new", await nodes.B.GetAsync("k"));
    }

    [Fact]
    public async Task A_forget_that_finds_nothing_left_leaves_no_copy_here_of_what_another_has_forgotten()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await nodes.B.PutAsync("k", "secret");
        Assert.Equal("secret", await nodes.B.GetAsync("k"));
        await nodes.A.ForgetAsync("k");

        await nodes.B.ForgetAsync("k");

        Assert.Null(await nodes.B.GetAsync("k"));
    }

    [Fact]
    public async Task Where_what_a_write_was_decided_on_cannot_be_read_no_copy_is_served()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await nodes.B.PutAsync("k", "old");
        Assert.Equal("old", await nodes.B.GetAsync("k"));
        await nodes.A.PutAsync("k", "new");
        nodes.B.Store.LogIsDown = true;

        await nodes.B.PutAsync("k", "new");
        var read = await nodes.B.GetAsync("k");
        nodes.B.Store.LogIsDown = false;

        Assert.Equal("new", read);
    }

    [Fact]
    public async Task A_feed_gives_nothing_that_was_forgotten_though_the_forget_could_not_be_read_here()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var secret = await nodes.A.PutAsync("k", "secret");
        await nodes.A.SeeAsync(secret.Sequence);
        await using var feed = nodes.A.Memory.ChangesAsync(nodes.A.Notes, Sophia.Memory.Log.Sequence.Of(secret.Sequence.Partition, 0), default).GetAsyncEnumerator();
        await nodes.B.PutAsync("other", "1");
        nodes.A.Store.LogIsDown = true;
        var forgotten = nodes.A.ForgetAsync("k");
        while (!forgotten.IsCompleted)
        {
            nodes.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(forgotten, Task.Delay(20));
        }

        await forgotten;
        nodes.A.Store.LogIsDown = false;

        Assert.True(await feed.MoveNextAsync());
        Assert.Null(feed.Current.Record);
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_does_not_leave_an_old_copy_behind()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("k", "old");
        running.Store.LosesAnswers = true;
        await Assert.ThrowsAsync<Sophia.Memory.Stores.StoreUnavailableException>(() => running.PutAsync("k", "new"));
        running.Store.LosesAnswers = false;

        for (var i = 0; i < 3_000 && (await running.GetAsync("k")).Text != "new"; i++)
        {
            await Task.Delay(10);
        }

        Assert.Equal("new", (await running.GetAsync("k")).Text);
    }

    [Fact]
    public async Task A_process_that_starts_does_not_trust_copies_that_others_may_have_failed_to_change()
    {
        var cache = new ScriptedCache();
        var directory = Directory.CreateTempSubdirectory("sophia-test").FullName;
        var first = await RunningMemory.StartAsync(directory: directory, shared: cache);
        await first.PutAsync("k", "old");
        cache.IsDown = true;
        await first.PutAsync("k", "new");
        await first.Memory.DisposeAsync();
        cache.IsDown = false;

        await using var second = await RunningMemory.StartAsync(directory: directory, shared: cache);

        Assert.Equal("new", (await second.GetAsync("k")).Text);
    }

    private static async Task<Sophia.Memory.Log.Sequence> NowAsync(RunningMemory running, long number)
    {
        var now = await running.Memory.NowAsync(running.Notes, default);
        for (var i = 0; i < 1000 && now.Number < number; i++)
        {
            await Task.Delay(5);
            now = await running.Memory.NowAsync(running.Notes, default);
        }

        return now;
    }

    private static async Task AnsweredAsync(Task<Receipt> write) =>
        Assert.Equal(RejectReason.None, (await write.WaitAsync(Patience)).Reason);
}
