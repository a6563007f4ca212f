using Sophia.Gpu.Devices;

namespace Sophia.Gpu.Health;

/// <summary>
/// Whether a device may be used. An error in flight closes it; after a second it is checked by a kernel, and opened when that
/// computes what it must; otherwise it is checked again after twice the time, at most a minute.
/// </summary>
public sealed class DeviceGate(IDevice device, TimeProvider clock)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private TimeSpan _wait = FirstWait;
    private DateTimeOffset _next;
    private string? _failure;

    /// <summary>Told what closed it, or null when it opens.</summary>
    public event Action<string?>? Changed;

    /// <summary>What closed it; null while it is open.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    /// <summary>True when the device may be used; checks it first when it is time to.</summary>
    public bool TryEnter()
    {
        if (Failure is null)
        {
            return true;
        }

        // Whoever comes while another checks does without the device.
        if (!_lock.TryEnter())
        {
            return false;
        }

        try
        {
            if (_failure is null || clock.GetUtcNow() < _next)
            {
                return _failure is null;
            }

            if (device.Check().Failure is { } still)
            {
                _wait = _wait * 2 < LongestWait ? _wait * 2 : LongestWait;
                (_failure, _next) = (still, clock.GetUtcNow() + _wait);
                return false;
            }

            (_failure, _wait) = (null, FirstWait);
            Changed?.Invoke(null);
            return true;
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>The device reported an error, or computed what is wrong.</summary>
    public void Close(string failure)
    {
        lock (_lock)
        {
            if (_failure is null)
            {
                (_failure, _next) = (failure, clock.GetUtcNow() + _wait);
                Changed?.Invoke(failure);
            }
        }
    }
}
