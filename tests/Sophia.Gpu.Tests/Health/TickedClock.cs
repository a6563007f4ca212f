namespace Sophia.Gpu.Tests.Health;

/// <summary>
/// A second passes with each tick, though the timer's last callback has not returned; FakeTimeProvider waits for it. Several timers
/// call back beside each other, one as it ticks.
/// </summary>
internal sealed class TickedClock : TimeProvider
{
    private readonly List<TimerCallback> _callbacks = [];
    private long _seconds;

    public override long TimestampFrequency => 1;

    public override long GetTimestamp() => Interlocked.Read(ref _seconds);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddSeconds(GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        _callbacks.Add(callback);
        return new NoTimer();
    }

    /// <summary>Time passes in which nothing is called back.</summary>
    public void Skip(TimeSpan time) => Interlocked.Add(ref _seconds, (long)time.TotalSeconds);

    public void Tick()
    {
        Interlocked.Increment(ref _seconds);
        if (_callbacks is [var only])
        {
            only(null);
        }
        else
        {
            Task.WaitAll(_callbacks.Select(static callback => Task.Factory.StartNew(() => callback(null), TaskCreationOptions.LongRunning)));
        }
    }

    private sealed class NoTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
