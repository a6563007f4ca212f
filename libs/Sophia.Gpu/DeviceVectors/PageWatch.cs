using Sophia.Gpu.Devices;
using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>
/// Looks through the rows that stand on a device, some units each second, so that each page is compared with what was written there once in
/// <see cref="Round"/>. There is no other sign of a bit that flipped there and makes a row look worse than it is. Before it looks, each
/// second, what has changed is written there, and what the device did not take back before is given back; all on the device's thread.
/// </summary>
internal sealed class PageWatch(PooledDevice device, TimeProvider clock)
{
    public static readonly TimeSpan Round = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly List<DevicePasses> _watched = [];
    private readonly Queue<PageRun> _kept = [];
    private ITimer? _timer;
    private double _owed;
    private int _at;
    private int _looking;

    public void Add(DevicePasses passes)
    {
        lock (_lock)
        {
            _watched.Add(passes);
            StartTimer();
        }
    }

    public void Remove(DevicePasses passes)
    {
        lock (_lock)
        {
            _watched.Remove(passes);
            StopTimerIfIdle();
        }
    }

    /// <summary>Overwrites what was taken away of what stands on the device, behind what was asked of it before.</summary>
    /// <returns>False when that was not done in time, or not all of it.</returns>
    public async Task<bool> OverwriteAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (device.Searches.IsLate)
        {
            return false;
        }

        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var began = clock.GetTimestamp();
        // Searches come in between. A shard that is not watched any more has posted what gives back what it had; one that goes now is.
        var watched = Write();
        if (!device.Searches.TryPost(() => done.SetResult(IsWritten(watched))))
        {
            return false;
        }

        while (!done.Task.IsCompleted && !device.Searches.IsLate && clock.GetElapsedTime(began) < timeout)
        {
            await Task.WhenAny(done.Task, Task.Delay(BetweenLooks, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }

        return done.Task.IsCompleted && await done.Task.ConfigureAwait(false);
    }

    /// <summary>Frees the run, now or when the device is well: until then nobody else can have its pages.</summary>
    /// <param name="evictedFor">As of <see cref="PagePool.Free"/>; counted now.</param>
    public void GiveBack(PageRun run, string? evictedFor = null)
    {
        if (TryFree(run, evictedFor))
        {
            return;
        }

        lock (_lock)
        {
            _kept.Enqueue(run);
            StartTimer();
        }
    }

    // What was not done when it was asked for, since a pass had taken it along and failed, or the device had no room, is tried once more.
    private bool IsWritten(DevicePasses[] watched)
    {
        FreeKept();
        var isWritten = true;
        foreach (var passes in watched)
        {
            isWritten &= !passes.HasToWrite || passes.Write();
            device.Searches.Progressed();
        }

        lock (_lock)
        {
            return isWritten && _kept.Count == 0 && device.Gate.IsOpen;
        }
    }

    private void StartTimer() => _timer ??= clock.CreateTimer(_ => Look(), null, Second, Second);

    private void StopTimerIfIdle()
    {
        if (_watched.Count == 0 && _kept.Count == 0)
        {
            _timer?.Dispose();
            _timer = null;
        }
    }

    private bool TryFree(PageRun run, string? evictedFor = null)
    {
        try
        {
            run.Pool.Free(run, evictedFor);
            return true;
        }
        catch (DeviceFailedException e)
        {
            device.Gate.Close(e);
            return false;
        }
        catch (DeviceMemoryException)
        {
            return false;
        }
    }

    private void FreeKept()
    {
        while (device.Gate.IsOpen)
        {
            PageRun? run;
            lock (_lock)
            {
                _ = _kept.TryPeek(out run);
            }

            // One whose pool is closed goes with the device.
            if (run is null || !(run.Pool.IsClosed || TryFree(run)))
            {
                return;
            }

            device.Searches.Progressed();
            lock (_lock)
            {
                _kept.Dequeue();
                StopTimerIfIdle();
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

        // Searches come in between. Where the thread was ended nobody looks any more.
        var watched = Write();
        _ = device.Searches.TryPost(() => LookAt(watched));
    }

    private DevicePasses[] Write()
    {
        DevicePasses[] watched;
        lock (_lock)
        {
            watched = [.. _watched];
        }

        foreach (var passes in watched)
        {
            if (passes.HasToWrite)
            {
                _ = device.Searches.TryPost(() => passes.Write());
            }
        }

        return watched;
    }

    private void LookAt(DevicePasses[] watched)
    {
        try
        {
            FreeKept();

            // What is owed beyond whole units waits for the next tick, and what is not there any more is not owed.
            var units = watched.Sum(static passes => passes.Units);
            _owed = Math.Min(_owed + (units * (Second / Round)), units);
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
