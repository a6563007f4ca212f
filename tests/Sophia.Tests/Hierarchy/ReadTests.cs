using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Search;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

public sealed class ReadTests
{
    [Fact]
    public async Task A_record_just_written_is_served_by_L1_without_a_visit_to_the_store()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("a", "alpha");

        var (text, trail) = await running.GetAsync("a");

        Assert.Equal("alpha", text);
        Assert.Equal(Tier.L1, trail.ServedBy);
        Assert.Equal(0, running.Store.Gets);
    }

    [Fact]
    public async Task A_record_moves_up_into_L1_when_it_is_read_twice()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("a", "alpha");
        await running.Memory.EvictAsync(Tier.L1, null, null);

        Assert.Equal(Tier.L3, (await running.GetAsync("a")).Trail.ServedBy);
        Assert.Equal(Tier.L3, (await running.GetAsync("a")).Trail.ServedBy);
        Assert.Equal(Tier.L1, (await running.GetAsync("a")).Trail.ServedBy);
        Assert.Equal(2, running.Store.Gets);
        var l1 = (await running.Memory.ReportAsync(default)).Tiers.Single(t => t.Tier == Tier.L1);
        Assert.Equal(1, l1.Promotions);
        Assert.Equal(1, l1.Evictions["requested"]);
    }

    [Fact]
    public async Task Many_readers_of_one_cold_record_share_one_flight_to_the_store()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("a", "alpha");
        await running.Memory.EvictAsync(Tier.L1, null, null);
        var gate = new TaskCompletionSource();
        running.Store.AfterGet = () => gate.Task;

        var readers = Enumerable.Range(0, 100).Select(_ => running.GetAsync("a")).ToArray();
        gate.SetResult();
        var answers = await Task.WhenAll(readers);

        Assert.All(answers, answer => Assert.Equal("alpha", answer.Text));
        Assert.Equal(1, running.Store.Gets);
    }

    [Fact]
    public async Task A_slow_reader_cannot_put_an_old_version_over_a_newer_one()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("a", "old");
        await running.Memory.EvictAsync(Tier.L1, null, null);
        await running.GetAsync("a");
        var gate = new TaskCompletionSource();
        running.Store.AfterGet = () => gate.Task;
        var slow = running.GetAsync("a");
        await running.PutAsync("a", "new");
        await running.Memory.EvictAsync(Tier.L1, null, null);

        gate.SetResult();
        running.Store.AfterGet = null;

        Assert.Equal("old", (await slow).Text);
        Assert.Equal("new", (await running.GetAsync("a")).Text);
    }

    [Fact]
    public async Task A_reader_who_comes_after_an_acknowledged_write_does_not_join_an_older_flight()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("a", "old");
        await running.Memory.EvictAsync(Tier.L1, null, null);
        var gate = new TaskCompletionSource();
        running.Store.AfterGet = () => gate.Task;
        var early = running.GetAsync("a");
        await running.PutAsync("a", "new");
        await running.Memory.EvictAsync(Tier.L1, null, null);
        running.Store.AfterGet = null;

        Assert.Equal("new", (await running.GetAsync("a")).Text);
        gate.SetResult();
        await early;
    }

    [Fact]
    public async Task Expiry_is_exact_for_readers_of_every_tier()
    {
        await using var running = await RunningMemory.StartAsync();
        var at = running.Clock.GetUtcNow().AddSeconds(10);
        var receipt = await running.PutAsync("a", "alpha beta", draft => draft with { ExpiresAt = at });
        Assert.Single((await running.SearchAsync("alpha", receipt.Sequence)).Hits);

        running.Clock.SetUtcNow(at.AddMilliseconds(-1));
        Assert.Equal("alpha beta", (await running.GetAsync("a")).Text);

        running.Clock.SetUtcNow(at);
        Assert.Null((await running.GetAsync("a")).Text);
        Assert.Empty((await running.SearchAsync("alpha")).Hits);
        Assert.Empty((await running.Memory.ListAsync(running.Notes, new(), null, 10, new Trail(), default)).Items);
    }

    [Fact]
    public async Task With_the_store_away_a_cached_value_is_served_and_a_missing_one_is_an_error()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("a", "alpha");
        await running.PutAsync("b", "beta");
        await running.Memory.EvictAsync(Tier.L1, running.Notes.Id, null);
        await running.GetAsync("a");
        await running.GetAsync("a");
        running.Store.IsDown = true;

        Assert.Equal("alpha", (await running.GetAsync("a")).Text);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => running.GetAsync("b"));
    }

    [Fact]
    public async Task A_near_copy_that_the_log_cannot_vouch_for_is_served_only_as_stale_and_not_for_ever()
    {
        await using var running = await RunningMemory.StartAsync(new() { FailSafe = TimeSpan.FromSeconds(30) });
        await running.PutAsync("a", "alpha");
        running.Store.PretendShared = true;
        running.Store.IsDown = true;
        running.Clock.Advance(TimeSpan.FromSeconds(5));

        var (text, trail) = await running.GetAsync("a");
        Assert.Equal("alpha", text);
        Assert.True(trail.IsStale);

        running.Clock.Advance(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => running.GetAsync("a"));
    }

    [Fact]
    public async Task A_stale_value_is_never_served_past_its_expiry_or_after_a_forget()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("a", "alpha", draft => draft with { ExpiresAt = running.Clock.GetUtcNow().AddSeconds(10) });
        await running.PutAsync("b", "beta");
        await running.Memory.ForgetAsync(running.Notes, new ForgetRequest { Keys = ["b"] }, new Trail(), default);
        running.Store.PretendShared = true;
        running.Store.IsDown = true;
        running.Clock.Advance(TimeSpan.FromSeconds(11));

        await Assert.ThrowsAsync<StoreUnavailableException>(() => running.GetAsync("a"));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => running.GetAsync("b"));
    }

    [Fact]
    public async Task A_read_that_asks_for_a_change_that_the_log_does_not_have_is_told_so()
    {
        await using var running = await RunningMemory.StartAsync();
        var receipt = await running.PutAsync("a", "alpha");
        var future = Sequence.Of(receipt.Sequence.Partition, receipt.Sequence.Number + 5);

        await Assert.ThrowsAsync<SequenceNotReachedException>(() => running.GetAsync("a", future));
        Assert.Equal("alpha", (await running.GetAsync("a", receipt.Sequence)).Text);
    }

    [Fact]
    public async Task A_page_of_large_records_ends_early_and_the_pages_together_have_them_all()
    {
        await using var running = await RunningMemory.StartAsync();
        var text = new string('x', 1 << 20);
        for (var i = 0; i < 20; i++)
        {
            await running.PutAsync($"k{i:00}", text);
        }

        var pages = new List<RecordPage>();
        string? after = null;
        do
        {
            pages.Add(await running.Memory.ListAsync(running.Notes, new RecordFilter(), after, 1000, new Trail(), default));
            after = pages[^1].Next;
        }
        while (after is not null);

        Assert.All(pages, page => Assert.InRange(page.Items.Count, 0, 8));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"k{i:00}"), pages.SelectMany(p => p.Items).Select(r => r.Key));
    }
}
