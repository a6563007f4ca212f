namespace Sophia.Memory.Caching;

/// <summary>
/// Tells whether an instant has passed, exactly, at the price of a memory read while the instant is far off: a timer keeps
/// the time of the last second, and the real clock is asked only when the instant is within the margin of it.
/// </summary>
internal sealed class CoarseClock : IDisposable
{
    // Five times the interval: a timer may come late on a machine that is overloaded.
    private static readonly long MarginTicks = TimeSpan.FromSeconds(5).Ticks;
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private long _ticks;

    public CoarseClock(TimeProvider clock)
    {
        _clock = clock;
        _ticks = clock.GetUtcNow().UtcTicks;
        _timer = clock.CreateTimer(
            static state => ((CoarseClock)state!).Read(), this, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    public bool HasPassed(DateTimeOffset instant) =>
        instant.UtcTicks - Volatile.Read(ref _ticks) <= MarginTicks && instant <= _clock.GetUtcNow();

    public void Dispose() => _timer.Dispose();

    private void Read() => Volatile.Write(ref _ticks, _clock.GetUtcNow().UtcTicks);
}
