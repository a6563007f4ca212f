namespace Sophia.Memory.Log;

/// <summary>Wakes everyone who waits, each time something moves on.</summary>
internal sealed class Pulse
{
    private volatile TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The task that the next beat completes. Take it before looking at what moved, so that no beat is missed.</summary>
    public Task Next => _next.Task;

    public void Beat() => Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
}
