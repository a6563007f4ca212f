using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Sessions;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

public sealed class SessionTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private static Task<AppendAnswer> AppendAsync(RunningMemory running, string id, params string[] texts) =>
        running.Memory.Sessions.AppendAsync("acme", id, [.. texts.Select(t => new TurnDraft("user", t, default, null))], Hour, null, new Trail(), default);

    private static Task<SessionView?> ReadAsync(RunningMemory running, string id, int? last = null, int? maxTokens = null, string tenant = "acme") =>
        running.Memory.Sessions.ReadAsync(tenant, id, last, maxTokens, default, new Trail(), default);

    [Fact]
    public async Task Turns_come_back_in_order_and_each_has_a_receipt()
    {
        await using var running = await RunningMemory.StartAsync();
        var first = await AppendAsync(running, "s", "one", "two");
        var second = await AppendAsync(running, "s", "three");

        var view = await ReadAsync(running, "s", last: 2);

        Assert.Equal([1, 2], first.Numbers);
        Assert.Equal([3], second.Numbers);
        Assert.All(first.Writes.Receipts, receipt => Assert.Equal(ReceiptStatus.Stored, receipt.Status));
        Assert.Equal(["two", "three"], view!.Turns.Select(t => t.Content));
        Assert.Equal(3, view.TotalTurns);
    }

    [Fact]
    public async Task What_an_ended_session_left_in_the_log_goes_a_day_later_and_one_that_goes_on_keeps_its_turns()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running, "ended", "one", "two");
        var ns = (await running.Store.FindNamespaceAsync("acme", NamespaceRules.Sessions, default))!;
        await running.Memory.Sessions.AppendAsync("acme", "open", [new TurnDraft("user", "three", default, null)], TimeSpan.FromDays(400), null, new Trail(), default);

        // Between two rounds of trimming is a hundred times what one took by this clock, which goes on while a round waits for a thread.
        var rows = int.MaxValue;
        for (var patience = 0; rows > 2 && patience < 20_000; patience++)
        {
            running.Clock.Advance(TimeSpan.FromMinutes(10));
            await Task.Delay(10);
            rows = (await running.Store.ReadLogAsync(ns.Partition, 0, 100, ns.Id, default)).Count;
        }

        Assert.Equal(2, rows);
        Assert.Equal(["three"], (await ReadAsync(running, "open"))!.Turns.Select(t => t.Content));
    }

    [Fact]
    public async Task A_token_budget_takes_the_newest_turns_that_fit()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running, "s", new string('a', 40), new string('b', 40), new string('c', 12));

        var view = await ReadAsync(running, "s", maxTokens: 13);

        Assert.Equal([10, 3], view!.Turns.Select(t => t.Tokens));
        Assert.Equal(13, view.Tokens);
        Assert.Empty((await ReadAsync(running, "s", maxTokens: 2))!.Turns);
    }

    [Fact]
    public async Task Writers_who_append_at_once_get_numbers_of_their_own_without_gaps()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running, "s", "first");

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => AppendAsync(running, "s", $"turn {i}", "and more")));

        Assert.Equal(Enumerable.Range(2, 80).Select(i => (long)i), answers.SelectMany(a => a.Numbers).Order());
    }

    [Fact]
    public async Task A_use_slides_the_time_to_live_and_without_use_the_session_ends()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running, "s", "one");
        for (var i = 0; i < 4; i++)
        {
            running.Clock.Advance(TimeSpan.FromMinutes(50));
            Assert.NotNull(await ReadAsync(running, "s"));
        }

        running.Clock.Advance(TimeSpan.FromMinutes(67));
        Assert.Null(await ReadAsync(running, "s"));
    }

    [Fact]
    public async Task A_new_session_under_the_id_of_an_expired_one_does_not_show_its_turns()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running, "s", "secret of before");
        running.Clock.Advance(TimeSpan.FromHours(3));

        var answer = await AppendAsync(running, "s", "hello");

        Assert.Equal([1], answer.Numbers);
        Assert.Equal(["hello"], (await ReadAsync(running, "s"))!.Turns.Select(t => t.Content));
    }

    [Fact]
    public async Task Closing_promotes_the_turns_and_takes_no_more()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running, "s", "the dentist is on tuesday", "bring the insurance card");

        var closed = await running.Memory.Sessions.CloseAsync("acme", "s", "notes", null, new Trail(), default);
        var again = await running.Memory.Sessions.CloseAsync("acme", "s", "notes", null, new Trail(), default);

        Assert.Equal(2, closed!.Promoted);
        Assert.Equal(closed.Receipts, again!.Receipts);
        Assert.Equal("session/s/0000000001", (await running.SearchAsync("dentist", closed.Receipts[^1].Receipt.Sequence)).Hits[0].Record.Key);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => AppendAsync(running, "s", "too late"));
        Assert.Equal("session-closed", refused.Code);
    }

    [Fact]
    public async Task A_session_whose_time_runs_out_while_it_is_promoted_is_promoted_whole()
    {
        await using var running = await RunningMemory.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            await running.Memory.Sessions.AppendAsync(
                "acme", "s", [.. Enumerable.Range(0, 90).Select(j => new TurnDraft("user", $"turn {i} {j}", default, null))], TimeSpan.FromSeconds(100), null, new Trail(), default);
        }

        running.Store.AfterList = async () =>
        {
            // Each page takes its time, and the clean-up comes by.
            running.Clock.Advance(TimeSpan.FromMinutes(6));
            await Task.Delay(100);
        };
        var closed = await running.Memory.Sessions.CloseAsync("acme", "s", "notes", null, new Trail(), default);
        running.Store.AfterList = null;

        Assert.Equal(450, closed!.Promoted);
    }

    [Fact]
    public async Task A_token_of_another_partition_is_none_of_a_session_and_tells_nothing()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running, "s", "one");
        var partition = (await running.Memory.FindNamespaceAsync("acme", NamespaceRules.Sessions, default))!.Partition;
        var foreign = Sequence.Of((partition + 1) % Sequence.Partitions, (1L << 48) - 1);

        foreach (var id in new[] { "s", "absent" })
        {
            var refused = await Assert.ThrowsAsync<RefusedException>(() => running.Memory.Sessions.ReadAsync("acme", id, null, null, foreign, new Trail(), default));
            Assert.Equal("invalid-token", refused.Code);
        }
    }

    [Fact]
    public async Task Closing_again_leaves_what_was_promoted_and_changed_or_forgotten_since_as_it_is()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running, "s", "one", "two");
        await running.Memory.Sessions.CloseAsync("acme", "s", "notes", null, new Trail(), default);
        await running.PutAsync("session/s/0000000001", "corrected");
        await running.Memory.ForgetAsync(running.Notes, new ForgetRequest { Keys = ["session/s/0000000002"] }, new Trail(), default);

        await running.Memory.Sessions.CloseAsync("acme", "s", "notes", null, new Trail(), default);

        Assert.Equal("corrected", (await running.GetAsync("session/s/0000000001")).Text);
        Assert.Null((await running.GetAsync("session/s/0000000002")).Text);
    }

    [Fact]
    public async Task A_later_session_of_the_same_name_is_promoted_by_itself()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running, "s", "one");
        await running.Memory.Sessions.CloseAsync("acme", "s", "notes", null, new Trail(), default);
        await running.Memory.Sessions.ForgetAsync("acme", "s", new Trail(), default);
        await AppendAsync(running, "s", "another");

        await running.Memory.Sessions.CloseAsync("acme", "s", "notes", null, new Trail(), default);

        Assert.Equal("another", (await running.GetAsync("session/s/0000000001")).Text);
    }

    [Fact]
    public async Task An_append_that_comes_again_answers_with_the_expiry_that_the_session_has()
    {
        await using var running = await RunningMemory.StartAsync();
        var mark = new Sophia.Memory.Stores.IdempotencyMark("acme", new byte[32], new byte[32], running.Clock.GetUtcNow().AddDays(1));
        async Task<AppendAnswer> SendAsync() => await running.Memory.Sessions.AppendAsync("acme", "s", [new TurnDraft("user", "one", default, null)], Hour, mark, new Trail(), default);
        var first = await SendAsync();
        running.Clock.Advance(Hour * 0.9);

        var again = await SendAsync();

        Assert.True(again.Writes.Replayed);
        Assert.Equal(first.ExpiresAt, again.ExpiresAt);
    }

    [Fact]
    public async Task A_session_belongs_to_its_tenant()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running, "s", "one");

        Assert.Null(await ReadAsync(running, "s", tenant: "other"));
        Assert.Null(await running.Memory.Sessions.ForgetAsync("other", "s", new Trail(), default));
        Assert.NotNull(await ReadAsync(running, "s"));
    }

    [Fact]
    public async Task A_forgotten_session_is_gone_with_its_turns()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running, "s", "one", "two");

        var forgotten = await running.Memory.Sessions.ForgetAsync("acme", "s", new Trail(), default);

        Assert.Equal(3, forgotten!.Matched);
        Assert.Null(await ReadAsync(running, "s"));
    }
}
