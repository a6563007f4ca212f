using System.Diagnostics;

namespace Sophia.Faults.Tests.Harness;

/// <summary>Waits for a condition of another process, which can only be asked for, not awaited.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static Task IsTrueAsync(Func<bool> condition, string what, Func<string>? shown = null, TimeSpan? patience = null) =>
        IsTrueAsync(() => Task.FromResult(condition()), what, shown, patience);

    /// <exception cref="TimeoutException">It did not become true; the message says what was awaited.</exception>
    public static async Task IsTrueAsync(Func<Task<bool>> condition, string what, Func<string>? shown = null, TimeSpan? patience = null)
    {
        var limit = patience ?? Patience;
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > limit)
            {
                throw new TimeoutException($"Not within {limit.TotalSeconds:N0} s: {what}.{Environment.NewLine}{shown?.Invoke()}");
            }

            await Task.Delay(20);
        }
    }
}
