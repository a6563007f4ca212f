using System.Runtime.ExceptionServices;

namespace Sophia.Gpu.Devices;

/// <summary>Runs the turns of a loop beside each other; it fails as a loop does, with the error of a turn and not with one that has it inside.</summary>
internal static class SideBySide
{
    public static void For(int count, ParallelOptions options, Action<int> body)
    {
        try
        {
            Parallel.For(0, count, options, body);
        }
        catch (AggregateException e)
        {
            // A wrong argument is of one turn alone; what else went wrong concerns all of them.
            var errors = e.Flatten().InnerExceptions;
            ExceptionDispatchInfo.Throw(errors.FirstOrDefault(static error => error is not ArgumentException) ?? errors[0]);
        }
    }
}
