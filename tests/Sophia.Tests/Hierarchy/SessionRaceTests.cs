using Sophia.Memory.Hierarchy;
using Sophia.Memory.Sessions;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

/// <summary>An acknowledged turn stays, and a closed session stays closed, whatever happens at the same time.</summary>
public sealed class SessionRaceTests
{
    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(100);

    private static Task<AppendAnswer> AppendAsync(MemoryHierarchy memory, string text) =>
        memory.Sessions.AppendAsync("acme", "s", [new TurnDraft("user", text, default, null)], Ttl, null, new Trail(), default);

    private static async Task<string[]> TurnsAsync(MemoryHierarchy memory) =>
        [.. (await memory.Sessions.ReadAsync("acme", "s", null, null, default, new Trail(), default))!.Turns.Select(t => t.Content)];

    [Fact]
    public async Task Two_nodes_that_begin_a_session_at_once_lose_no_turn()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var gate = new TaskCompletionSource();
        nodes.B.Store.AfterGet = () => gate.Task;
        var second = AppendAsync(nodes.B.Memory, "from B");
        for (var i = 0; i < 500 && nodes.B.Store.Gets == 0; i++)
        {
            await Task.Delay(5);
        }

        await AppendAsync(nodes.A.Memory, "from A");
        gate.SetResult();
        nodes.B.Store.AfterGet = null;
        await second;

        Assert.Equal(["from A", "from B"], await TurnsAsync(nodes.B.Memory));
    }

    [Fact]
    public async Task The_clean_up_of_an_ended_session_spares_the_turns_of_the_one_that_began_anew()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running.Memory, "old");
        var revived = 0;
        var done = new TaskCompletionSource();
        running.Store.AfterListKeys = running.Store.AfterList = async () =>
        {
            if (Interlocked.Exchange(ref revived, 1) == 0)
            {
                await AppendAsync(running.Memory, "new");
                done.SetResult();
            }
        };
        running.Clock.Advance(TimeSpan.FromSeconds(200));
        await done.Task.WaitAsync(TimeSpan.FromSeconds(10));
        await Task.Delay(300);

        Assert.Equal(["new"], await TurnsAsync(running.Memory));
    }

    [Fact]
    public async Task A_read_that_slides_the_time_to_live_does_not_open_a_closed_session()
    {
        await using var running = await RunningMemory.StartAsync();
        await AppendAsync(running.Memory, "one");
        running.Clock.Advance(TimeSpan.FromSeconds(50));
        var closed = 0;
        running.Store.AfterList = async () =>
        {
            if (Interlocked.Exchange(ref closed, 1) == 0)
            {
                await running.Memory.Sessions.CloseAsync("acme", "s", null, null, new Trail(), default);
            }
        };

        await TurnsAsync(running.Memory);

        var refused = await Assert.ThrowsAsync<RefusedException>(() => AppendAsync(running.Memory, "two"));
        Assert.Equal("session-closed", refused.Code);
    }

    [Fact]
    public async Task A_close_does_not_bring_back_a_session_that_is_forgotten_meanwhile()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await AppendAsync(nodes.A.Memory, "one");
        var gate = new TaskCompletionSource();
        nodes.B.Store.CommitGate = gate.Task;
        var closing = nodes.B.Memory.Sessions.CloseAsync("acme", "s", null, null, new Trail(), default);
        await Task.Delay(100);
        await nodes.A.Memory.Sessions.ForgetAsync("acme", "s", new Trail(), default);
        gate.SetResult();

        Assert.Null(await closing);
        Assert.Null(await nodes.A.Memory.Sessions.ReadAsync("acme", "s", null, null, default, new Trail(), default));
    }

    [Fact]
    public async Task The_turns_of_an_ended_session_leave_the_shared_cache_with_it()
    {
        var cache = new ScriptedCache();
        await using var running = await RunningMemory.StartAsync(shared: cache);
        await AppendAsync(running.Memory, "secret");
        var ns = await running.Memory.FindNamespaceAsync("acme", Sophia.Memory.Namespaces.NamespaceRules.Sessions, default);
        var turn = running.Memory.IdOf(ns!, "s/0000000001");
        var was = cache.Holds(turn);

        for (var i = 0; i < 3_000 && (i == 0 || cache.Holds(turn)); i++)
        {
            running.Clock.Advance(TimeSpan.FromSeconds(100));
            await Task.Delay(10);
        }

        Assert.True(was);
        Assert.False(cache.Holds(turn));
    }

    [Fact]
    public async Task No_turn_slips_into_a_session_that_is_being_forgotten()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await AppendAsync(nodes.A.Memory, "one");
        var tries = 0;
        var slipped = new List<string>();
        nodes.A.Store.BeforeCommit = groups =>
        {
            if (groups.SelectMany(group => group.Operations).Any(operation => operation is Sophia.Memory.Stores.ForgetOperation))
            {
                // On the committer's own thread, so that it comes just before each erasure.
                tries++;
                try
                {
                    AppendAsync(nodes.B.Memory, "two").WaitAsync(TimeSpan.FromSeconds(30)).GetAwaiter().GetResult();
                    slipped.Add("two");
                }
                catch (RefusedException refused) when (refused.Code == "session-closed")
                {
                }
            }
        };

        await nodes.A.Memory.Sessions.ForgetAsync("acme", "s", new Trail(), default);
        nodes.A.Store.BeforeCommit = null;
        await AppendAsync(nodes.A.Memory, "three");

        Assert.True(tries >= 2);
        Assert.Empty(slipped);
        Assert.Equal(["three"], await TurnsAsync(nodes.A.Memory));
    }

    [Fact]
    public async Task No_turn_slips_into_a_session_that_is_closed_meanwhile()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await AppendAsync(nodes.A.Memory, "one");
        var gate = new TaskCompletionSource();
        nodes.B.Store.CommitGate = gate.Task;
        var slipping = AppendAsync(nodes.B.Memory, "two");
        await Task.Delay(100);
        await nodes.A.Memory.Sessions.CloseAsync("acme", "s", null, null, new Trail(), default);
        gate.SetResult();

        await Assert.ThrowsAsync<RefusedException>(() => slipping);

        Assert.Equal(["one"], await TurnsAsync(nodes.A.Memory));
    }
}
