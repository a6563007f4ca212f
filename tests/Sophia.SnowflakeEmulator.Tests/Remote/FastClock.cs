namespace Sophia.SnowflakeEmulator.Tests.Remote;

/// <summary>A clock on which a minute is over at once.</summary>
internal sealed class FastClock : TimeProvider
{
    private long _now;

    public override long GetTimestamp() => Interlocked.Add(ref _now, 20 * TimestampFrequency);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => System.CreateTimer(callback, state, TimeSpan.Zero, period);
}
