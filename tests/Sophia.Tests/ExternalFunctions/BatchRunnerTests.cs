using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Tests.ExternalFunctions;

public sealed class BatchRunnerTests
{
    private static readonly BatchKey Key = new("red", "gateway", "f", "batch");
    private readonly FakeTimeProvider _clock = new();
    private readonly BatchesInProcess _store = new();

    private BatchRunner Runner(BatchLimits? limits = null) => new(_store, limits ?? new BatchLimits(), _clock, NullLogger.Instance);

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var i = 0; i < 5000 && !holds(); i++)
        {
            await Task.Delay(1);
        }

        Assert.True(holds());
    }

    [Fact]
    public async Task A_batch_that_takes_longer_is_polled_for_and_worked_on_once()
    {
        await using var runner = Runner();
        var calls = 0;
        var gate = new TaskCompletionSource<byte[]>();
        Task<byte[]> Work(byte[] request, CancellationToken ct)
        {
            Interlocked.Increment(ref calls);
            return gate.Task;
        }

        var first = runner.AskAsync(Key, "rows"u8.ToArray(), 1, Work, default);
        await UntilAsync(() => calls == 1);
        var repeat = runner.AskAsync(Key, "rows"u8.ToArray(), 1, Work, default);
        _clock.Advance(TimeSpan.FromSeconds(20));
        Assert.False((await first).IsAnswered);
        Assert.False((await repeat).IsAnswered);

        gate.SetResult("done"u8.ToArray());
        var poll = await runner.PollAsync(Key, static _ => 1, Work, default);

        Assert.True(poll.IsAnswered);
        Assert.Equal("done"u8.ToArray(), poll.Body.ToArray());
        Assert.Equal("done"u8.ToArray(), (await runner.AskAsync(Key, "rows"u8.ToArray(), 1, Work, default)).Body.ToArray());
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task Other_rows_under_the_name_of_a_batch_in_work_are_refused()
    {
        await using var runner = Runner();
        var gate = new TaskCompletionSource<byte[]>();
        var first = runner.AskAsync(Key, "cats"u8.ToArray(), 1, (_, _) => gate.Task, default);
        await UntilAsync(() => runner.RowsInWork == 1);

        var refused = await Assert.ThrowsAsync<BatchRefusedException>(() => runner.AskAsync(Key, "dogs"u8.ToArray(), 1, (_, _) => gate.Task, default));
        gate.SetResult([1]);

        Assert.Equal("batch-id-reused", refused.Code);
        Assert.True((await first).IsAnswered);
    }

    [Fact]
    public async Task Work_goes_on_when_the_caller_is_cut_off()
    {
        await using var runner = Runner();
        using var caller = new CancellationTokenSource();
        var gate = new TaskCompletionSource<byte[]>();
        var call = runner.AskAsync(Key, "rows"u8.ToArray(), 1, (_, _) => gate.Task, caller.Token);
        await UntilAsync(() => runner.RowsInWork == 1);
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);

        gate.SetResult([1]);
        await UntilAsync(() => runner.RowsInWork == 0);

        Assert.True((await runner.PollAsync(Key, static _ => 1, (_, _) => throw new InvalidOperationException("worked on twice"), default)).IsAnswered);
    }

    [Fact]
    public async Task A_failed_batch_is_not_remembered()
    {
        await using var runner = Runner();
        await Assert.ThrowsAsync<BatchRefusedException>(() => runner.AskAsync(Key, "rows"u8.ToArray(), 1, (_, _) => throw new BatchRefusedException(400, "x", "x", "x"), default));
        Assert.Equal(0, runner.RowsInWork);
        Assert.True((await runner.AskAsync(Key, "rows"u8.ToArray(), 1, (_, _) => Task.FromResult<byte[]>([1]), default)).IsAnswered);
    }

    [Fact]
    public async Task A_batch_beyond_what_is_worked_on_at_once_is_told_to_come_again()
    {
        await using var runner = Runner(new BatchLimits { MaxRows = 10, MaxRowsAtOnce = 10 });
        var gate = new TaskCompletionSource<byte[]>();
        var first = runner.AskAsync(Key, "rows"u8.ToArray(), 8, (_, _) => gate.Task, default);
        await UntilAsync(() => runner.RowsInWork == 8);

        var busy = await Assert.ThrowsAsync<BatchRefusedException>(() => runner.AskAsync(Key with { BatchId = "2" }, "rows"u8.ToArray(), 3, (_, _) => gate.Task, default));

        Assert.Equal((429, "busy"), (busy.Status, busy.Code));
        gate.SetResult([1]);
        await first;
        await UntilAsync(() => runner.RowsInWork == 0);
        Assert.True((await runner.AskAsync(Key with { BatchId = "2" }, "rows"u8.ToArray(), 3, (_, _) => gate.Task, default)).IsAnswered);
    }

    [Fact]
    public async Task A_node_that_dies_leaves_its_batch_to_the_next_that_is_polled()
    {
        // Claimed by a node that never says so again.
        await _store.ClaimAsync(Key, "rows"u8.ToArray(), "dead", _clock.GetUtcNow(), _clock.GetUtcNow().AddSeconds(30), _clock.GetUtcNow().AddMinutes(15), default);
        await using var runner = Runner();
        Assert.False((await runner.PollAsync(Key, static _ => 1, (request, _) => Task.FromResult(request), default)).IsAnswered);
        _clock.Advance(TimeSpan.FromSeconds(31));

        var reply = await runner.PollAsync(Key, static _ => 1, (request, _) => Task.FromResult(request), default);

        Assert.Equal("rows"u8.ToArray(), reply.Body.ToArray());
    }

    [Fact]
    public async Task A_batch_that_is_taken_over_counts_with_its_rows()
    {
        await _store.ClaimAsync(Key, "rows"u8.ToArray(), "dead", _clock.GetUtcNow(), _clock.GetUtcNow().AddSeconds(30), _clock.GetUtcNow().AddMinutes(15), default);
        await using var runner = Runner(new BatchLimits { MaxRows = 10, MaxRowsAtOnce = 10 });
        var gate = new TaskCompletionSource<byte[]>();
        var first = runner.AskAsync(Key with { BatchId = "2" }, "rows"u8.ToArray(), 8, (_, _) => gate.Task, default);
        await UntilAsync(() => runner.RowsInWork == 8);
        _clock.Advance(TimeSpan.FromSeconds(31));

        var busy = await Assert.ThrowsAsync<BatchRefusedException>(() => runner.PollAsync(Key, static _ => 3, (request, _) => Task.FromResult(request), default));
        gate.SetResult([1]);
        await UntilAsync(() => runner.RowsInWork == 0);

        Assert.False((await first).IsAnswered);
        Assert.Equal(429, busy.Status);
        Assert.True((await runner.PollAsync(Key, static _ => 3, (request, _) => Task.FromResult(request), default)).IsAnswered);
    }

    [Fact]
    public async Task A_batch_that_a_busy_node_cannot_take_over_is_another_nodes_at_once()
    {
        await _store.ClaimAsync(Key, "rows"u8.ToArray(), "dead", _clock.GetUtcNow(), _clock.GetUtcNow().AddSeconds(30), _clock.GetUtcNow().AddMinutes(15), default);
        await using var busy = Runner(new BatchLimits { MaxRows = 10, MaxRowsAtOnce = 10 });
        await using var free = Runner();
        _clock.Advance(TimeSpan.FromSeconds(31));

        await Assert.ThrowsAsync<BatchRefusedException>(() => busy.PollAsync(Key, static _ => 11, (request, _) => Task.FromResult(request), default));

        Assert.True((await free.PollAsync(Key, static _ => 11, (request, _) => Task.FromResult(request), default)).IsAnswered);
    }

    [Fact]
    public async Task As_many_bodies_are_read_at_once_as_may_be_worked_on()
    {
        await using var runner = Runner(new BatchLimits { MaxBatchesAtOnce = 1 });
        using (runner.Read())
        {
            Assert.Equal(429, Assert.Throws<BatchRefusedException>(runner.Read).Status);
        }

        runner.Read().Dispose();
    }

    [Fact]
    public void An_answer_beyond_its_bytes_is_refused_and_says_what_to_lower()
    {
        var batch = RowBatch.Parse("""{"data":[[0,"a"],[1,"b"]]}"""u8.ToArray(), 1, new BatchLimits());
        byte[] Answer(int length, long most) => RowAnswers.Write(batch, (_, json) => json.WriteStringValue(new string('x', length)), new BatchLimits { MaxAnswerBytes = most });

        var refused = Assert.Throws<BatchRefusedException>(() => Answer(600, 1_024));

        Assert.Equal((413, "answer-too-large"), (refused.Status, refused.Code));
        Assert.Contains("MAX_BATCH_ROWS", refused.Suggestion, StringComparison.Ordinal);
        Assert.Throws<BatchRefusedException>(() => Answer(1 << 20, 1_024));
        Assert.InRange(Answer(400, 1_024).Length, 800, 1_024);
    }

    [Fact]
    public async Task A_poll_for_what_never_came_is_refused()
    {
        await using var runner = Runner();
        Assert.Equal(404, (await Assert.ThrowsAsync<BatchRefusedException>(() => runner.PollAsync(Key, static _ => 1, (_, _) => Task.FromResult<byte[]>([]), default))).Status);
    }

    [Fact]
    public async Task A_stopping_node_says_so_and_gives_its_batch_up()
    {
        var runner = Runner();
        var call = runner.AskAsync(Key, "rows"u8.ToArray(), 1, async (_, ct) =>
        {
            await Task.Delay(Timeout.Infinite, ct);
            return [];
        }, default);
        await UntilAsync(() => runner.RowsInWork == 1);
        await runner.DisposeAsync();
        await runner.DisposeAsync();
        Assert.Equal(503, (await Assert.ThrowsAsync<BatchRefusedException>(() => call)).Status);
        Assert.Equal(503, (await Assert.ThrowsAsync<BatchRefusedException>(() => runner.AskAsync(Key, "rows"u8.ToArray(), 1, (_, _) => Task.FromResult<byte[]>([1]), default))).Status);

        await using var other = Runner();
        Assert.True((await other.AskAsync(Key, "rows"u8.ToArray(), 1, (_, _) => Task.FromResult<byte[]>([1]), default)).IsAnswered);
    }
}
