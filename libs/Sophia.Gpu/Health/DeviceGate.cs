using Sophia.Gpu.Devices;

namespace Sophia.Gpu.Health;

/// <summary>
/// Whether a device may be used. An error in flight closes it; after a second it is checked by a kernel, and opened when that
/// computes what it must; otherwise it is checked again after twice the time, at most a minute, unless the check says that this process
/// cannot use it any more. Who wants to use the device only
/// looks whether the gate is open: a check may hang with the device, so it is made by <see cref="DeviceWatch"/> and by nobody who is waited for.
/// </summary>
public sealed class DeviceGate(IDevice device, TimeProvider clock)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private TimeSpan _wait = FirstWait;
    private DateTimeOffset _next;
    private string? _failure;
    private int _checks;
    private long _errors;
    private long _openings;
    private volatile bool _isLost;

    /// <summary>Told what closed it, or null when it opens.</summary>
    public event Action<string?>? Changed;

    /// <summary>What closed it; null while it is open.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    /// <summary>How often it was opened again: what was on the device before may be gone.</summary>
    public long Openings => Volatile.Read(ref _openings);

    /// <summary>The device may be used.</summary>
    public bool IsOpen => Failure is null;

    /// <summary>It stays closed for as long as the process lives: another one must be started to use the device.</summary>
    public bool IsLost => _isLost;

    /// <summary>Checks a device that is left out, when it is time to and nobody else does; it hangs when the device does.</summary>
    /// <returns>True when the device may be used.</returns>
    public bool Retry()
    {
        if (IsOpen)
        {
            return true;
        }

        long errors;
        lock (_lock)
        {
            // Whoever comes while another checks does without the device: one that hangs holds up the check for ever.
            if (_failure is null || _isLost || _checks > 0 || clock.GetUtcNow() < _next)
            {
                return _failure is null;
            }

            (_checks, errors) = (_checks + 1, _errors);
        }

        return TryOpen(RunCheck(), errors);
    }

    /// <summary>Checks the device, whatever is known of it. The gate can be closed meanwhile.</summary>
    public DeviceCheck Check()
    {
        lock (_lock)
        {
            _checks++;
        }

        return RunCheck();
    }

    private DeviceCheck RunCheck()
    {
        try
        {
            var check = device.Check();
            return check.IsLasting ? check with { Failure = Lose(check.Failure!) } : check;
        }
        finally
        {
            lock (_lock)
            {
                _checks--;
            }
        }
    }

    private bool TryOpen(DeviceCheck check, long errors)
    {
        lock (_lock)
        {
            if (_failure is null || _isLost)
            {
                return _failure is null;
            }

            // An error that was reported since the check began may be later than what it computed.
            if (check.Failure is null && errors == _errors)
            {
                (_openings, _wait) = (_openings + 1, FirstWait);
                Volatile.Write(ref _failure, null);
                Changed?.Invoke(null);
                return true;
            }

            _wait = _wait * 2 < LongestWait ? _wait * 2 : LongestWait;
            (_failure, _next) = (check.Failure ?? _failure, clock.GetUtcNow() + _wait);
            return false;
        }
    }

    /// <summary>The device reported an error.</summary>
    public void Close(DeviceFailedException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        if (error.IsLasting)
        {
            CloseForGood(error.Message);
        }
        else
        {
            Close(error.Message);
        }
    }

    /// <summary>The device does not answer, and this process will not ask it any more.</summary>
    public void CloseForGood(string failure) => Lose(failure);

    private string Lose(string failure)
    {
        lock (_lock)
        {
            _errors++;
            if (!_isLost)
            {
                // The reason first: whoever sees that it is lost sees why. It stays, whatever else is reported.
                Volatile.Write(ref _failure, $"{failure} This process cannot use the device any more: start it again.");
                _isLost = true;
                Changed?.Invoke(_failure);
            }

            return _failure!;
        }
    }

    /// <summary>The device reported an error, or computed what is wrong.</summary>
    public void Close(string failure)
    {
        lock (_lock)
        {
            _errors++;
            if (_failure is null)
            {
                (_failure, _next) = (failure, clock.GetUtcNow() + _wait);
                Changed?.Invoke(failure);
            }
        }
    }
}
