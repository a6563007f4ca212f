using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Sophia.Gpu.Health;

/// <summary>
/// A thread on which a device is called, one call after the other, in the order in which they come. A call to a device that hangs does
/// not return, and nothing can end it: so nobody who is waited for makes one, and who waits for a call leaves when the one at work has shown no
/// progress for <see cref="Patience"/>. The thread, and what that call uses, are lost with the device then; nobody else may use it.
/// </summary>
/// <param name="name">Of the thread.</param>
public sealed class DeviceThread(string name, TimeProvider clock)
{
    /// <summary>A step of a call (a launch, a unit that is copied, the wait for what was launched) takes milliseconds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    // As long as there are searches, which wait, and shards that go: not bounded, since what a shard had must be given back.
    private readonly BlockingCollection<Action> _calls = [];
    private readonly Lock _lock = new();
    private Thread? _thread;
    private long _progressAt;
    private volatile bool _isAtWork;

    /// <summary>How long the call at work has shown no progress; zero where none is.</summary>
    public TimeSpan StandsStill => _isAtWork ? clock.GetElapsedTime(Volatile.Read(ref _progressAt)) : TimeSpan.Zero;

    /// <summary>Nobody should wait for it now.</summary>
    public bool IsLate => StandsStill >= Patience;

    /// <summary>The call at work has come further.</summary>
    public void Progressed() => Volatile.Write(ref _progressAt, clock.GetTimestamp());

    /// <summary>Calls it when all that was posted before was called. What it throws ends the process.</summary>
    /// <returns>False when the thread was ended: it is not called.</returns>
    public bool TryPost(Action call)
    {
        lock (_lock)
        {
            if (_calls.IsAddingCompleted)
            {
                return false;
            }

            if (_thread is null)
            {
                // In the background: one that hangs must not keep the process.
                _thread = new Thread(Run) { IsBackground = true, Name = name };
                _thread.Start();
            }

            _calls.Add(call);
            return true;
        }
    }

    /// <summary>Calls it and waits for it.</summary>
    /// <param name="call">What it throws is thrown here.</param>
    /// <returns>False when it was left, or not begun: the thread stands still, or was ended.</returns>
    /// <exception cref="OperationCanceledException">It may be called nevertheless.</exception>
    public bool TryCall(Action call, CancellationToken cancellationToken = default)
    {
        var left = new CountdownEvent(1);
        ExceptionDispatchInfo? error = null;
        if (IsLate || !TryPost(Call) || !TryWait(left, [this], cancellationToken))
        {
            return false;
        }

        error?.Throw();
        return true;

        void Call()
        {
            try
            {
                call();
            }
            catch (Exception e)
            {
                error = ExceptionDispatchInfo.Capture(e);
            }

            left.Signal();
        }
    }

    /// <summary>Waits for calls of several threads, until one of these stands still.</summary>
    /// <returns>False then.</returns>
    /// <exception cref="OperationCanceledException"/>
    public static bool TryWait(CountdownEvent left, IReadOnlyList<DeviceThread> threads, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(left);
        while (!left.Wait(Look, cancellationToken))
        {
            if (threads.Any(static thread => thread.IsLate))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Calls what was posted, and nothing more.</summary>
    /// <returns>False when that took longer, or hangs.</returns>
    public bool TryEnd(TimeSpan patience)
    {
        lock (_lock)
        {
            _calls.CompleteAdding();
        }

        return _thread?.Join(patience) ?? true;
    }

    private void Run()
    {
        foreach (var call in _calls.GetConsumingEnumerable())
        {
            Progressed();
            _isAtWork = true;
            call();
            _isAtWork = false;
        }
    }
}
