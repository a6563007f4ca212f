using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Sophia.Gpu.Health;

/// <summary>
/// A thread on which a device is called, one call after the other, in the order in which they come. A call to a device that hangs does
/// not return, and nothing can end it: so nobody who is waited for makes one, and who waits for a call leaves when the one at work has shown no
/// progress for <see cref="Patience"/>. The thread, and what that call uses, are lost with the device then; nobody else may use it.
/// A process that stood still itself finds its calls late for a moment, which costs nothing but the host's time: what it takes to leave the
/// device out is <see cref="DeviceWatch"/>'s to count.
/// </summary>
/// <param name="name">Of the thread.</param>
public sealed class DeviceThread(string name, TimeProvider clock)
{
    /// <summary>A step of a call (a unit that is copied, a pass of a few queries over all that stands there) takes milliseconds, seldom some hundred.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    // As long as there are searches, which wait, and shards that go: not bounded, since what a shard had must be given back.
    private readonly BlockingCollection<Action> _calls = [];
    private readonly Lock _lock = new();
    private Thread? _thread;
    private long _steps;
    private long _progressAt;
    private int _aside;
    private volatile bool _isAtWork;

    /// <summary>Nobody should wait for it now.</summary>
    public bool IsLate => _isAtWork && clock.GetElapsedTime(Volatile.Read(ref _progressAt)) >= Patience;

    /// <summary>A number for the step that the device is at, another one after each; null while it has nothing to do.</summary>
    public long? Step => _isAtWork && Volatile.Read(ref _aside) == 0 ? Interlocked.Read(ref _steps) : null;

    /// <summary>The call at work has come further.</summary>
    public void Progressed()
    {
        Volatile.Write(ref _progressAt, clock.GetTimestamp());
        Interlocked.Increment(ref _steps);
    }

    /// <summary>What the call at work does without the device, such as reading a file: it may be late with that, but the device does not hang.</summary>
    public AsideScope Aside() => new(this);

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
                var thread = new Thread(Run) { IsBackground = true, Name = name };
                thread.Start();
                _thread = thread;
            }

            _calls.Add(call);
            return true;
        }
    }

    /// <summary>Calls it and waits for it.</summary>
    /// <param name="call">What it throws is thrown here.</param>
    /// <param name="atMost">To wait though others come further; null: as long as that.</param>
    /// <returns>False when it was left, and goes on only where it had begun: the thread stands still, or was ended.</returns>
    public bool TryCall(Action call, TimeSpan? atMost = null)
    {
        var left = new CountdownEvent(1);
        ExceptionDispatchInfo? error = null;
        var isLeft = false;
        if (IsLate || !TryPost(Call) || !TryWait(left, [this], atMost, CancellationToken.None))
        {
            Volatile.Write(ref isLeft, true);
            return false;
        }

        error?.Throw();
        return true;

        void Call()
        {
            // For nobody it would hold up those who wait.
            if (Volatile.Read(ref isLeft))
            {
                return;
            }

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
    public static bool TryWait(CountdownEvent left, IReadOnlyList<DeviceThread> threads, CancellationToken cancellationToken) => TryWait(left, threads, null, cancellationToken);

    private static bool TryWait(CountdownEvent left, IReadOnlyList<DeviceThread> threads, TimeSpan? atMost, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(left);
        var began = threads[0].Now;
        while (!left.Wait(Look, cancellationToken))
        {
            if (threads.Any(static thread => thread.IsLate) || threads[0].Since(began) >= atMost)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Calls what was posted, then the last call, and nothing more.</summary>
    /// <returns>False when that took longer, or hangs, or the thread was ended before.</returns>
    public bool TryEnd(TimeSpan patience, Action? last = null)
    {
        lock (_lock)
        {
            if (_calls.IsAddingCompleted || (last is not null && !TryPost(last)))
            {
                return false;
            }

            _calls.CompleteAdding();
        }

        return _thread?.Join(patience) ?? true;
    }

    private long Now => clock.GetTimestamp();

    private TimeSpan Since(long began) => clock.GetElapsedTime(began);

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

    /// <summary>Ends with its disposal.</summary>
    public readonly ref struct AsideScope
    {
        private readonly DeviceThread _thread;

        internal AsideScope(DeviceThread thread)
        {
            _thread = thread;
            Interlocked.Increment(ref thread._aside);
        }

        public void Dispose()
        {
            _thread.Progressed();
            Interlocked.Decrement(ref _thread._aside);
        }
    }
}
