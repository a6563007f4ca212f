using CsCheck;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Stores;

namespace Sophia.Snowflake.Tests.Mirror;

/// <summary>What may go wrong on the way to Snowflake.</summary>
public partial class MirrorTests
{
    [Fact]
    public async Task A_batch_whose_cursor_was_lost_is_done_again_and_nothing_is_doubled()
    {
        await PutAsync(_running.Notes, [.. Enumerable.Range(0, 120).Select(i => Draft($"k{i}", $"text {i}"))]);
        _running.Store.BeforeCommit = groups =>
        {
            if (groups.Any(g => g.Operations[0].Namespace.Name == "$state"))
            {
                throw new StoreUnavailableException("The cursor is lost.");
            }
        };
        await Assert.ThrowsAsync<StoreUnavailableException>(FlushAsync);
        Assert.Equal(120, await CountAsync());
        _running.Store.BeforeCommit = null;

        // Another process, that knows of nothing.
        var (mirror, flush) = Make("node-b");
        Assert.Equal(120, await flush.FlushAsync(CancellationToken.None));

        Assert.Equal(120, await CountAsync());
        await flush.DisposeAsync();
        mirror.Dispose();
    }

    [Fact]
    public async Task Whatever_the_line_does_no_row_is_lost_or_doubled()
    {
        await Gen.Select(Gen.Int[0, 5].Array[12], Gen.Int[1, 60].Array[12], Gen.Int).SampleAsync(
            async (faults, sizes, seed) =>
            {
                var random = new Random(seed);
                var made = 0;
                for (var round = 0; round < faults.Length; round++)
                {
                    await PutAsync(_running.Notes, [.. Enumerable.Range(0, sizes[round]).Select(i => Draft($"k{random.Next(80)}", $"text {made++} of {seed}"))]);
                    if (round % 4 == 3)
                    {
                        await Memory.ForgetAsync(_running.Notes, new ForgetRequest { Keys = [$"k{random.Next(80)}"] }, new Trail(), CancellationToken.None);
                    }

                    var left = random.Next(1, 5);
                    _lake.OnLogin = faults[round] switch
                    {
                        1 => () => throw new DriverException("HTTP 500"),
                        2 => () => throw new DriverException("Incorrect username or password was specified.", "08001"),
                        _ => null,
                    };
                    _lake.OnStatement = faults[round] switch
                    {
                        3 => (_, _) => --left < 0 ? throw new DriverException("Authentication token has expired.") : Task.CompletedTask,
                        4 => async (sql, stop) => await (sql.StartsWith("MERGE INTO SOPHIA_AI_MEMORY.MEMORY_LOG", StringComparison.Ordinal) && --left < 3 ? throw new DriverException("HTTP 503") : Task.CompletedTask),
                        _ => null,
                    };
                    try
                    {
                        await FlushAsync();
                    }
                    catch (DriverException)
                    {
                        Assert.NotNull(_flush.Report().LastError);
                    }
                }

                (_lake.OnLogin, _lake.OnStatement) = (null, null);
                await FlushAsync();
                await AssertSameAsync();
            },
            iter: 6, threads: 1);
    }

    [Fact]
    public async Task A_statement_that_hangs_is_given_up_and_reads_and_writes_go_on_meanwhile()
    {
        var (mirror, flush) = Make("node-b", Options with { StatementTimeout = TimeSpan.FromSeconds(3) });
        await _running.PutAsync("first", "The schema is looked at before anything hangs.");
        await flush.FlushAsync(CancellationToken.None);
        await _running.PutAsync("a", "one");
        // Not even its token ends it.
        _lake.OnStatement = (_, _) => new TaskCompletionSource().Task;
        var hanging = flush.FlushAsync(CancellationToken.None);

        await _running.PutAsync("b", "two");
        Assert.Equal("two", (await _running.GetAsync("b")).Text);
        await Assert.ThrowsAsync<TimeoutException>(() => hanging);
        Assert.Contains("within 3 s", flush.Report().LastError, StringComparison.Ordinal);

        _lake.OnStatement = null;
        await flush.FlushAsync(CancellationToken.None);
        Assert.Equal(3, await CountAsync());
        await flush.DisposeAsync();
        mirror.Dispose();
    }

    [Fact]
    public async Task After_a_failure_it_waits_longer_each_time_and_then_catches_up_by_itself()
    {
        // A log-in fails when the test lets it: the clock stands still until the failure is noted.
        using var mayFail = new SemaphoreSlim(0);
        _lake.OnLogin = () =>
        {
            mayFail.Wait(TimeSpan.FromSeconds(30));
            throw new DriverException("HTTP 500");
        };
        _flush.Start();
        await _running.PutAsync("a", "one");
        await UntilAsync(() => _lake.Logins == 1, TimeSpan.FromMinutes(1));
        List<TimeSpan> waits = [];
        for (var i = 2; i <= 11; i++)
        {
            var at = _running.Clock.GetUtcNow();
            mayFail.Release();
            DateTimeOffset next;
            while ((next = _flush.Report().RetryAt ?? default) <= at)
            {
                await Task.Delay(2);
            }

            await UntilAsync(() => _lake.Logins == i, TimeSpan.FromSeconds(1));
            Assert.True(_running.Clock.GetUtcNow() >= next);
            waits.Add(next - at);
        }

        Assert.InRange(waits[0], TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));
        Assert.InRange(waits[^1], TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(6));
        Assert.True(_mirror.Report().Lag > TimeSpan.FromMinutes(10));
        _lake.OnLogin = null;
        mayFail.Release();
        await UntilAsync(() => _mirror.Report().Rows == 0 && _flush.Report().LastError is null, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_forget_while_snowflake_is_away_says_so_and_is_done_when_it_is_back()
    {
        await _running.PutAsync("a", "one secret");
        await FlushAsync();
        _lake.OnLogin = () => throw new DriverException("HTTP 503");

        var proof = await Memory.ForgetAsync(_running.Notes, new ForgetRequest { Keys = ["a"] }, new Trail(), CancellationToken.None);

        Assert.Equal(0, proof.Archived);
        Assert.Contains(proof.StillHeldBy, text => text.StartsWith("Snowflake could not be asked to erase its copies", StringComparison.Ordinal));
        Assert.Equal(1, await CountAsync("content like '%secret%'"));
        _lake.OnLogin = null;
        await FlushAsync();
        Assert.Equal(0, await CountAsync("content like '%secret%'"));
        Assert.Equal([[0L]], await _lake.QueryAsync("select count(*) from sophia_ai_memory.memory_vectors_256"));
    }

    [Fact]
    public async Task A_namespace_that_is_removed_while_snowflake_is_away_goes_there_by_its_tombstones_and_its_next_life_is_mirrored()
    {
        await _running.PutAsync("a", "Secret.");
        await FlushAsync();
        _lake.OnLogin = () => throw new DriverException("HTTP 503");

        var proof = await Memory.RemoveNamespaceAsync(_running.Notes, dryRun: false, new Trail(), CancellationToken.None);
        Assert.Equal(1, await CountAsync("content is not null"));
        _lake.OnLogin = null;
        await FlushAsync();

        Assert.Contains(proof.NotConfirmed, static copy => copy.Node == "Snowflake");
        Assert.Equal(0, await CountAsync("content is not null or record_key is not null"));
        await PutAsync(await Memory.NamespaceForWriteAsync("acme", "notes", 0, CancellationToken.None), Draft("b", "New."));
        await FlushAsync();
        Assert.Equal([["New."]], await _lake.QueryAsync("select content from sophia_ai_memory.memory_current"));
    }

    [Fact]
    public async Task A_vector_whose_cursor_was_lost_is_erased_all_the_same()
    {
        await _running.PutAsync("a", "one secret");
        _running.Store.BeforeCommit = groups =>
        {
            if (groups.Any(g => g.Operations[0].Namespace.Name == "$state"))
            {
                throw new StoreUnavailableException("The cursor is lost.");
            }
        };
        await Assert.ThrowsAsync<StoreUnavailableException>(FlushAsync);
        _running.Store.BeforeCommit = null;
        var (mirror, flush) = Make("after-a-crash");
        await mirror.StartAsync(CancellationToken.None);
        Memory.Archive = null;
        await Memory.ForgetAsync(_running.Notes, new ForgetRequest { Keys = ["a"] }, new Trail(), CancellationToken.None);

        await flush.FlushAsync(CancellationToken.None);

        Assert.Equal([[0L]], await _lake.QueryAsync("select count(*) from sophia_ai_memory.memory_vectors_256"));
        Assert.Equal(0, await CountAsync("content is not null"));
        await flush.DisposeAsync();
        mirror.Dispose();
    }

    [Fact]
    public async Task What_is_forgotten_between_two_pages_of_one_batch_does_not_stay()
    {
        Memory.Archive = null;
        await _running.PutAsync("a", "one secret");
        _running.Store.AfterReadLog = () =>
        {
            _running.Store.AfterReadLog = null;
            return Memory.ForgetAsync(_running.Notes, new ForgetRequest { Keys = ["a"] }, new Trail(), CancellationToken.None);
        };

        await FlushAsync();

        Assert.Equal(1, await CountAsync("change = 'forget'"));
        Assert.Equal(0, await CountAsync("content like '%secret%'"));
        Assert.Equal([[0L]], await _lake.QueryAsync("select count(*) from sophia_ai_memory.memory_vectors_256"));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("never written")]
    public async Task What_is_put_again_while_its_forget_waits_for_a_flush_stays(string key)
    {
        await _running.PutAsync("a", "one secret");
        TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously), letGo = new(TaskCreationOptions.RunContinuationsAsynchronously), forgotten = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _lake.OnStatement = (sql, _) =>
        {
            if (!sql.StartsWith("MERGE INTO SOPHIA_AI_MEMORY.MEMORY_LOG", StringComparison.Ordinal))
            {
                return Task.CompletedTask;
            }

            _lake.OnStatement = null;
            held.SetResult();
            return letGo.Task;
        };
        _running.Store.BeforeCommit = groups =>
        {
            if (groups.Any(static g => g.Operations[0] is ForgetOperation))
            {
                forgotten.SetResult();
            }
        };
        var flushing = FlushAsync();
        await held.Task;
        var mirroring = FlushAsync();
        var forgetting = Memory.ForgetAsync(_running.Notes, new ForgetRequest { Keys = [key] }, new Trail(), CancellationToken.None);
        await forgotten.Task;

        await _running.PutAsync(key, "anew");
        letGo.SetResult();
        await Task.WhenAll(flushing, mirroring, forgetting);

        Assert.Equal([["anew"]], await _lake.QueryAsync($"select content from sophia_ai_memory.memory_current where record_key = '{key}'"));
        Assert.Equal(key == "a" ? 0 : 1, await CountAsync("content like '%secret%'"));
    }

    [Fact]
    public async Task A_row_that_snowflake_will_not_have_goes_without_its_content_and_the_others_go_whole()
    {
        await PutAsync(_running.Notes, [.. Enumerable.Range(0, 40).Select(i => Draft($"k{i}", i == 17 ? "poison" : $"text {i}"))]);
        _lake.OnStatement = (sql, _) =>
            sql.StartsWith("MERGE INTO SOPHIA_AI_MEMORY.MEMORY_LOG", StringComparison.Ordinal) && _lake.Wire.Reverse().TakeWhile(text => !text.StartsWith("TRUNCATE", StringComparison.Ordinal)).Contains("poison")
                ? throw new DriverException("String 'poison' cannot be taken.", "22000")
                : Task.CompletedTask;

        Assert.Equal(40, await FlushAsync());

        Assert.Equal((40L, 39L, 1L), (await CountAsync(), await CountAsync("content is not null"), _mirror.Report().Stripped));
    }
}
