using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

public sealed class OvertakenShardTests
{
    [Fact]
    public async Task A_shard_that_the_retention_overtook_while_it_was_loaded_is_loaded_anew()
    {
        await using var running = await RunningMemory.StartAsync(new MemoryOptions { TailLimitBytes = 1 << 20 });
        await running.PutAsync("k", "a walrus");
        await running.PutAsync("other", "another walrus");
        await running.Memory.EvictAsync(Sophia.Memory.Tiers.Tier.L0, null, null);
        var (read, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        running.Store.AfterScanned = () =>
        {
            read.TrySetResult();
            return go.Task;
        };
        var searching = running.SearchAsync("walrus");
        await read.Task.WaitAsync(TimeSpan.FromSeconds(30));

        // It has read the record. That it was deleted leaves memory, and then the log.
        await running.Memory.DeleteAsync(running.Notes, "k", default, null, new(), default);
        var last = Sequence.None;
        for (var i = 0; i < 4; i++)
        {
            last = (await running.PutAsync($"large{i}", new string((char)('a' + i), 500_000))).Sequence;
        }

        running.Clock.Advance(TimeSpan.FromDays(1));
        Assert.NotEqual(0, (await running.Store.TrimLogAsync(running.Notes, running.Clock.GetUtcNow().AddHours(-1), Sequence.None, 100, default)).Count);
        go.SetResult();
        await Assert.ThrowsAsync<RefusedException>(() => searching);

        Assert.Equal(5, (await running.SearchAsync("walrus", last)).RowsMatching);
    }
}
