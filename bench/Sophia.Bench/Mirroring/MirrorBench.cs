using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Bench.Reporting;
using Sophia.Bench.Text;
using Sophia.Bench.Writes;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Records;
using Sophia.Snowflake.Connecting;
using Sophia.Snowflake.Flushing;
using Sophia.Snowflake.Mirror;
using Sophia.Stores.Sqlite;

namespace Sophia.Bench.Mirroring;

/// <summary>The mirror into the local Snowflake: rows of 512-byte texts with their vectors of 256 dimensions, read from SQLite's log, into a file.</summary>
internal static class MirrorBench
{
    public static async Task RunAsync(BenchSettings settings, Report report)
    {
        var (text, records) = (EnglishText.Load(), settings.IsQuick ? 20_000 : 100_000);
        var folder = settings.Folder("mirror");
        await using var memory = new MemoryHierarchy(
            SqliteRecordStore.Create(folder, TimeProvider.System), null, new HostShardEngine(), new HashedEmbedder(), new MemoryOptions(), TimeProvider.System);
        await memory.StartAsync(default);
        var ns = await memory.NamespaceForWriteAsync("bench", "mirror", 0, default);
        for (var at = 0; at < records; at += 1000)
        {
            await memory.PutAsync(
                ns, [.. Enumerable.Range(at, 1000).Select(i => new PutRequest(new RecordDraft { Key = $"k{i}", Content = text.Slice(i).ToArray() }))], null, new Trail(), default);
        }

        List<double> rates = [];
        for (var run = 0; run < (settings.IsQuick ? 1 : 3); run++)
        {
            var file = Path.Combine(folder, $"lake-{run}.duckdb");
            var options = new SnowflakeOptions { File = file };
            using var mirror = new LogMirror(memory, options, $"node-{run}", NullLogger.Instance);
            await using var flush = new SnowflakeFlush(new LocalSnowflakeDataSource(file), [mirror], options, TimeProvider.System, NullLogger.Instance);
            await flush.AloneAsync(TimeSpan.FromMinutes(1), static session => session.ExecuteAsync("SELECT 1", default), default);
            // Each run begins at the log's begin: the state that the one before has left is not read.
            var start = Stopwatch.GetTimestamp();
            var cpu = Process.GetCurrentProcess().TotalProcessorTime;
            var rows = await flush.FlushAsync(default);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            rates.Add(rows / seconds);
            report.Add($"run {run + 1}: processor time of a row", (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMicroseconds / rows, "µs");
            await mirror.ResetAsync(default);
        }

        report.Add("rows a second, median", rates.Order().ElementAt(rates.Count / 2), "rows/s", 20_000);
    }
}
