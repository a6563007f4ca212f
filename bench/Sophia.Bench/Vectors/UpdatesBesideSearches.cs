using System.Diagnostics;
using System.Globalization;
using Sophia.Bench.Reporting;
using Sophia.Gpu.Shards;
using Sophia.Memory.Search;

namespace Sophia.Bench.Vectors;

/// <summary>
/// A writer that replaces records in small groups, as commits do, beside a thread that searches without end: how long the
/// longest write and the longest search take, and, for what the machine itself adds, the same writer with a shard of its
/// own beside a thread and its helpers that search another shard.
/// </summary>
internal static class UpdatesBesideSearches
{
    private const int Rows = 100_000;
    private const int Dimensions = 768;
    private const int PerGroup = 20;
    private static TimeSpan _collecting;
    private static readonly TimeSpan GroupEvery = TimeSpan.FromMilliseconds(10);

    public static Task RunAsync(BenchSettings settings, Report report)
    {
        var set = VectorSet.Random(Dimensions);
        using var shard = Load(set);
        using var other = Load(set);
        var window = settings.Window;
        var sequence = (long)Rows;
        Searches(other, set, TimeSpan.FromSeconds(2));
        Writes(shard, set, TimeSpan.FromSeconds(2), ref sequence);
        _collecting = TimeSpan.Zero;

        var quiet = Searches(other, set, window);
        var (control, _) = Beside(() => Searches(other, set, window), () => Writes(shard, set, window, ref sequence));
        var (searches, writes) = Beside(() => Searches(shard, set, window), () => Writes(shard, set, window, ref sequence));
        var (_, controlWrites) = (control, Beside(() => Searches(other, set, window), () => Writes(shard, set, window, ref sequence)).Writes);

        var note = string.Create(CultureInfo.InvariantCulture, $"{Rows:N0} × {Dimensions}, {PerGroup} records every {GroupEvery.TotalMilliseconds:0} ms for {window.TotalSeconds:0} s");
        Add(report, "searches alone", quiet, note);
        Add(report, "searches beside writes to another shard", control, note);
        Add(report, "searches beside writes to this shard", searches, note);
        report.Add("a search held up by writes, at p99.9", Quantile(searches, 0.999) - Quantile(control, 0.999), "ms", 5, atLeast: false, note: "beside the same writes to another shard");
        Add(report, "writes beside searches of another shard", controlWrites, note);
        Add(report, "writes beside searches of this shard", writes, note);
        report.Add("the longest write beside searches", writes[^1], "ms", 5, atLeast: false, note: $"of {writes.Length:N0}; {controlWrites[^1]:0.00} ms beside another shard");
        report.Add("the longest collection of garbage in a write", _collecting.TotalMilliseconds, "ms", 5, atLeast: false, note: "of both");
        return Task.CompletedTask;
    }

    private static void Add(Report report, string name, double[] times, string note) => report.Add(
        $"{name}, p50", Quantile(times, 0.5), "ms",
        note: string.Create(CultureInfo.InvariantCulture, $"p99 {Quantile(times, 0.99):0.000}, p99.9 {Quantile(times, 0.999):0.000}, longest {times[^1]:0.000} of {times.Length:N0}; {note}"));

    private static double Quantile(double[] sorted, double quantile) => Statistics.Quantile(sorted, quantile);

    private static (double[] Searches, double[] Writes) Beside(Func<double[]> search, Func<double[]> write)
    {
        double[] writes = [];
        var writer = new Thread(() => writes = write());
        writer.Start();
        var searches = search();
        writer.Join();
        return (searches, writes);
    }

    /// <returns>Milliseconds, ascending.</returns>
    private static double[] Searches(HostShard shard, VectorSet set, TimeSpan window)
    {
        var times = new List<double>();
        var queries = Enumerable.Range(0, 32).Select(set.Query).ToArray();
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < window;)
        {
            var started = Stopwatch.GetTimestamp();
            var answer = shard.Search(new ShardQuery { Mode = SearchMode.Vector, Vector = queries[times.Count % queries.Length], Now = ShardText.Now }, default);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            if (answer.Hits.Count != 10)
            {
                throw new InvalidOperationException($"{answer.Hits.Count} hits.");
            }
        }

        return [.. times.Order()];
    }

    private static double[] Writes(HostShard shard, VectorSet set, TimeSpan window, ref long sequence)
    {
        var times = new List<double>();
        var vectors = Enumerable.Range(Rows, 256).Select(set.Row).ToArray();
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < window; Thread.Sleep(GroupEvery))
        {
            for (var i = 0; i < PerGroup; i++)
            {
                sequence++;
                var record = ShardText.Record((int)(sequence * 7919 % Rows), sequence, "", vectors[sequence % vectors.Length]);
                var paused = GC.GetTotalPauseDuration();
                var started = Stopwatch.GetTimestamp();
                shard.Put(record);
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                paused = GC.GetTotalPauseDuration() - paused;
                _collecting = paused > _collecting ? paused : _collecting;
            }
        }

        return [.. times.Order()];
    }

    private static HostShard Load(VectorSet set)
    {
        var shard = ShardText.Shard(Dimensions);
        for (var i = 0; i < Rows; i++)
        {
            shard.Put(ShardText.Record(i, i + 1, "", set.Row(i)));
        }

        return shard;
    }
}
