namespace Sophia.Gpu.DeviceVectors;

/// <summary>
/// Looks through the rows that stand on a device, some units each second, so that each page is compared with what was written there once in
/// <see cref="Round"/>. There is no other sign of a bit that flipped there and makes a row look worse than it is. Before it looks, each
/// second, what has changed is written there.
/// </summary>
internal sealed class PageWatch(TimeProvider clock)
{
    public static readonly TimeSpan Round = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly List<DevicePasses> _watched = [];
    private ITimer? _timer;
    private double _owed;
    private int _at;
    private int _looking;

    public void Add(DevicePasses passes)
    {
        lock (_lock)
        {
            _watched.Add(passes);
            _timer ??= clock.CreateTimer(_ => Look(), null, Tick, Tick);
        }
    }

    public void Remove(DevicePasses passes)
    {
        lock (_lock)
        {
            _watched.Remove(passes);
            if (_watched.Count == 0)
            {
                _timer?.Dispose();
                _timer = null;
            }
        }
    }

    private void Look()
    {
        // A look that takes long must not pile up others behind it.
        if (Interlocked.Exchange(ref _looking, 1) != 0)
        {
            return;
        }

        try
        {
            DevicePasses[] watched;
            lock (_lock)
            {
                watched = [.. _watched];
            }

            foreach (var passes in watched)
            {
                passes.Write();
            }

            // What is owed beyond whole units waits for the next tick, and what is not there any more is not owed.
            var units = watched.Sum(static passes => passes.Units);
            _owed = Math.Min(_owed + (units * (Tick / Round)), units);
            for (var through = 0; _owed >= 1 && through <= watched.Length;)
            {
                _owed -= watched[_at % watched.Length].Look((int)_owed, out var isThrough);
                (_at, through) = isThrough ? ((_at + 1) % watched.Length, through + 1) : (_at, through);
            }
        }
        finally
        {
            Volatile.Write(ref _looking, 0);
        }
    }
}
