using Sophia.Cli.Import;

namespace Sophia.Tests.Cli;

public sealed class KeysUnderWayTests
{
    [Fact]
    public async Task Keys_are_waited_for_until_all_of_them_came_back()
    {
        var keys = new KeysUnderWay();
        await keys.TakeAsync(["a", "b"], default);
        await keys.TakeAsync(["c", "c"], default);

        var waiting = keys.TakeAsync(["b", "c", "d"], default);
        keys.Return(["a", "b"]);
        Assert.False(waiting.IsCompleted);
        keys.Return(["c", "c"]);

        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
        using var stop = new CancellationTokenSource();
        var stopped = keys.TakeAsync(["d"], stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped);
    }
}
