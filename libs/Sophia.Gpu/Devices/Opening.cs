namespace Sophia.Gpu.Devices;

/// <summary>What is asked of a driver before its devices are used: of one that hangs no answer comes, and nothing can end the call.</summary>
internal static class Opening
{
    /// <summary>Without persistence mode a GPU is woken first, one after the other, which takes seconds of each.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Calls it on a thread that is lost with the driver.</summary>
    /// <param name="open">What it throws is thrown here.</param>
    /// <param name="close">Gets what it returns too late.</param>
    /// <exception cref="TimeoutException">It has not returned in time.</exception>
    public static T InTime<T>(Func<T> open, Action<T> close, TimeSpan? patience = null)
    {
        var opening = Task.Factory.StartNew(open, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            return opening.WaitAsync(patience ?? Patience).GetAwaiter().GetResult();
        }
        catch (TimeoutException) when (!opening.IsFaulted)
        {
            _ = opening.ContinueWith(late => close(late.Result), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw new TimeoutException($"The driver has not answered for {(patience ?? Patience).TotalSeconds:N0} s.");
        }
    }
}
