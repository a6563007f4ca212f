namespace Sophia.Gpu.Vectors;

/// <summary>Spreads the pages or rows of a scan over the processors, in runs that each takes as it comes free.</summary>
internal static class ScanShares
{
    /// <summary>Less than this is scanned before a second processor has begun.</summary>
    private const long BytesWorthSharing = 1L << 20;

    // The first lines of a run are waited for, so that long runs are faster; short ones leave less for the last processor to do alone.
    private const long LeastRunBytes = 512L << 10;
    private const long MostRunBytes = 4L << 20;
    private const int RunsPerShare = 64;

    /// <summary>How many parts will scan so much: each needs results of its own.</summary>
    public static int For(long bytes) => bytes < BytesWorthSharing ? 1 : (int)Math.Min(Environment.ProcessorCount, bytes / LeastRunBytes);

    /// <param name="scan">Takes the share's number and a range of items; false ends the scan.</param>
    public static void Run(int shares, int items, long bytesPerItem, Func<int, int, int, bool> scan, CancellationToken cancellationToken)
    {
        var runBytes = Math.Clamp(items * bytesPerItem / (shares * RunsPerShare), LeastRunBytes, MostRunBytes);
        var run = (int)Math.Clamp(runBytes / Math.Max(bytesPerItem, 1), 1, int.MaxValue / 4);
        var next = 0L;
        void Share(int share)
        {
            while (true)
            {
                var from = Interlocked.Add(ref next, run) - run;
                if (from >= items)
                {
                    return;
                }

                cancellationToken.ThrowIfCancellationRequested();
                if (!scan(share, (int)from, (int)Math.Min(from + run, items)))
                {
                    Volatile.Write(ref next, items);
                    return;
                }
            }
        }

        if (shares == 1)
        {
            Share(0);
        }
        else
        {
            Parallel.For(0, shares, new ParallelOptions { CancellationToken = cancellationToken }, Share);
        }
    }
}
