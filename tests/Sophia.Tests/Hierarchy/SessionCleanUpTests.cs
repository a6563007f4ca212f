using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Sessions;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

/// <summary>What the end of sessions costs everything else.</summary>
public sealed class SessionCleanUpTests
{
    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(100);

    private static Task<AppendAnswer> AppendAsync(RunningMemory running, string id, TimeSpan ttl, int turns = 1) => running.Memory.Sessions.AppendAsync(
        "acme", id, [.. Enumerable.Repeat(new TurnDraft("user", "hello", default, null), turns)], ttl, null, new Trail(), default);

    private static Task<NamespaceInfo?> SessionsAsync(RunningMemory running) => running.Store.FindNamespaceAsync("acme", NamespaceRules.Sessions, default);

    /// <param name="step">Time that goes by at each look.</param>
    private static async Task GoneAsync(RunningMemory running, string prefix, TimeSpan step = default)
    {
        var ns = (await SessionsAsync(running))!;
        for (var patience = 0; patience < 1_000; patience++)
        {
            if ((await running.Store.ListAsync(ns, prefix, null, 1, false, default)).Count == 0)
            {
                return;
            }

            running.Clock.Advance(step);
            await Task.Delay(10);
        }

        Assert.Fail($"Something of {prefix} is there still.");
    }

    [Fact]
    public async Task Sessions_that_end_together_go_together_with_their_turns()
    {
        await using var running = await RunningMemory.StartAsync(new MemoryOptions { SweepSize = 64 });
        for (var i = 0; i < 100; i++)
        {
            await AppendAsync(running, $"ended/{i}", Ttl, turns: i == 7 ? 100 : 1);
        }

        await AppendAsync(running, "living", Ttl * 10);
        var (commits, most) = (0, 0);
        running.Store.BeforeCommit = groups => (commits, most) = (commits + 1, Math.Max(most, groups.Sum(group => group.Operations.Count)));

        running.Clock.Advance(Ttl * 2);
        await GoneAsync(running, "ended/");

        // One after another they were two hundred.
        Assert.InRange(commits, 1, 60);
        Assert.InRange(most, 1, 2 * 64);
        Assert.Empty(await running.Store.FindExpiredAsync(running.Clock.GetUtcNow(), 1_000, default));
        Assert.NotNull(await running.Memory.Sessions.ReadAsync("acme", "living", 1, null, default, new Trail(), default));
    }

    [Fact]
    public async Task A_clean_up_that_takes_long_lets_the_rest_of_the_housekeeping_have_its_turn_and_goes_on_at_once()
    {
        await using var running = await RunningMemory.StartAsync();
        var mark = new IdempotencyMark("acme", new byte[32], new byte[32], running.Clock.GetUtcNow() + Ttl);
        var none = new DeleteOperation(running.Notes, "none", running.Memory.IdOf(running.Notes, "none"), Precondition.None);
        await running.Store.CommitAsync([new WriteGroup([none], mark)], default);
        var start = running.Clock.GetUtcNow();
        for (var i = 0; i < 100; i++)
        {
            await AppendAsync(running, $"ended/{i}", Ttl);
        }

        var marksLeft = new List<bool>();
        running.Store.BeforeCommit = _ =>
        {
            marksLeft.Add(running.Store.FindReplayAsync(mark, start, default).GetAwaiter().GetResult() is not null);
            running.Clock.Advance(TimeSpan.FromSeconds(2));
        };

        // The clock moves by the commits alone from here on: no tick of the sweep is waited for.
        running.Clock.Advance(Ttl * 2);
        await GoneAsync(running, "ended/");

        Assert.True(marksLeft[0]);
        Assert.False(marksLeft[^1]);
    }

    [Fact]
    public Task The_clean_up_fences_off_nobody_who_reads_another_record_of_the_partition() => ReadBesideAsync(TimeSpan.FromSeconds(1),
        running => GoneAsync(running, "ended", TimeSpan.FromSeconds(1)));

    [Fact]
    public Task A_session_that_begins_anew_fences_off_nobody_who_reads_another_record_of_the_partition() => ReadBesideAsync(TimeSpan.FromHours(1), async running =>
    {
        running.Clock.Advance(TimeSpan.FromSeconds(1));
        await AppendAsync(running, "ended", Ttl);
    });

    // Tombstones without a known key fence the whole partition off, and the near copies are gone through for each commit of them.
    private static async Task ReadBesideAsync(TimeSpan sweepInterval, Func<RunningMemory, Task> end)
    {
        var patient = TimeSpan.FromHours(1);
        await using var running = await RunningMemory.StartAsync(new MemoryOptions { SweepInterval = sweepInterval, SoftTimeout = patient, HardTimeout = patient, TailPatience = patient });
        await AppendAsync(running, "living", Ttl * 10);
        await AppendAsync(running, "ended", Ttl);
        var ns = (await SessionsAsync(running))!;
        running.Clock.Advance((Ttl * 1.1) - TimeSpan.FromSeconds(1));
        await running.Memory.EvictAsync(Tier.L1, null, null);
        await ReadAsync();
        var gate = new TaskCompletionSource();
        running.Store.AfterGet = () => gate.Task;
        var reading = ReadAsync();
        running.Store.AfterGet = null;

        await end(running);
        gate.SetResult();
        await reading;

        Assert.Equal(Tier.L1, await ReadAsync());

        async Task<Tier?> ReadAsync()
        {
            var trail = new Trail();
            Assert.NotNull((await running.Memory.GetAsync(ns, "living", Sequence.None, trail, default)).Entry);
            return trail.ServedBy;
        }
    }
}
