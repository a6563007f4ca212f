using System.Globalization;
using System.Net;
using Sophia.Faults.Tests.Harness;

namespace Sophia.Faults.Tests;

[Collection(FaultTests.Name)]
public sealed class RedisOutageTests
{
    private const int Keys = 200;

    [SkippableFact]
    public async Task Redis_may_stop_and_start_under_load_and_no_request_fails_or_reads_stale()
    {
        using var redis = Engines.NewRedis();
        using var folder = new TestFolder();
        await using var process = await SophiaProcess.StartAsync(new SophiaSettings
        {
            DataDirectory = folder.Path,
            Redis = redis.ConnectionString,
            // A near copy too small for the keys, so that reads do go to Redis.
            Environment = new Dictionary<string, string> { ["Sophia__NearCapacity"] = "16" },
        });
        await using var load = new ReadYourWrites(process, "notes", Keys);
        await load.RoundsAsync(300);
        Assert.Contains("near copy + ", (await process.Http.SendAsync(HttpMethod.Get, "/v1/tiers", null)).Body, StringComparison.Ordinal);

        for (var outage = 0; outage < 2; outage++)
        {
            redis.Stop();
            await load.RoundsAsync(300);
            await Eventually.IsTrueAsync(
                async () => (await process.Http.TierAsync("L1")) is ("degraded", { Length: > 0 }), "L1 says that Redis is gone", () => process.Shown);
            using var health = await process.Http.GetAsync(new Uri("/health", UriKind.Relative));
            Assert.Equal(HttpStatusCode.OK, health.StatusCode);

            redis.Start();
            await Eventually.IsTrueAsync(
                async () => (await process.Http.TierAsync("L1")).State == "healthy", "L1 is healthy again", () => process.Shown);
            await load.RoundsAsync(300);
        }

        await load.StopAsync();
        Assert.True(load.FromL1 > 0, "No read was served by L1, so the test says nothing about it.");
    }

    /// <summary>Writers that read each write back with its token, and readers beside them; any failure ends it.</summary>
    private sealed class ReadYourWrites : IAsyncDisposable
    {
        private readonly SophiaProcess _process;
        private readonly string _namespace;
        private readonly int[] _acknowledged;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;
        private int _rounds;
        private int _fromL1;

        public ReadYourWrites(SophiaProcess process, string ns, int keys)
        {
            (_process, _namespace, _acknowledged) = (process, ns, new int[keys]);
            _running = Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() => WriteAsync(i, 4)))
                .Concat(Enumerable.Range(0, 2).Select(i => Task.Run(() => ReadAsync(i)))));
        }

        public int FromL1 => Volatile.Read(ref _fromL1);

        public Task RoundsAsync(int more)
        {
            var goal = Volatile.Read(ref _rounds) + more;
            return Eventually.IsTrueAsync(
                async () =>
                {
                    if (_running.IsFaulted)
                    {
                        await _running;
                    }

                    return Volatile.Read(ref _rounds) >= goal;
                },
                $"{more} more writes read back", () => _process.Shown);
        }

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _running;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running.ContinueWith(static _ => { }, TaskScheduler.Default);
            _stop.Dispose();
        }

        // Each key has one writer, so what it reads back is its own last write, neither older nor newer.
        private async Task WriteAsync(int first, int step)
        {
            for (var n = 1; ; n++)
            {
                for (var i = first; i < _acknowledged.Length; i += step)
                {
                    if (_stop.IsCancellationRequested)
                    {
                        return;
                    }

                    var (key, text) = (Key(i), n.ToString(CultureInfo.InvariantCulture));
                    var put = (await _process.Http.PutTextAsync(_namespace, key, text)).Require(HttpStatusCode.Created, HttpStatusCode.OK);
                    Volatile.Write(ref _acknowledged[i], n);
                    var read = (await _process.Http.GetRecordAsync(_namespace, key, put.Sequence)).Require(HttpStatusCode.OK);
                    Check(i, n, read, n);
                    Interlocked.Increment(ref _rounds);
                }
            }
        }

        private async Task ReadAsync(int seed)
        {
            var random = new Random(seed);
            while (!_stop.IsCancellationRequested)
            {
                var i = random.Next(_acknowledged.Length);
                var least = Volatile.Read(ref _acknowledged[i]);
                if (least > 0)
                {
                    Check(i, least, (await _process.Http.GetRecordAsync(_namespace, Key(i))).Require(HttpStatusCode.OK), int.MaxValue);
                }
            }
        }

        private void Check(int i, int least, Answer read, int most)
        {
            var value = int.Parse(read.Content, CultureInfo.InvariantCulture);
            if (value < least || value > most || read.IsStale)
            {
                throw new InvalidOperationException($"{Key(i)} was read as {value} (stale: {read.IsStale}) from {string.Join(",", read.Headers.GetValues("Sophia-Tier"))} after {least} was acknowledged.");
            }

            if (read.Headers.TryGetValues("Server-Timing", out var visits) && visits.Any(v => v.Contains("l1;", StringComparison.Ordinal) && !v.Contains("l3;", StringComparison.Ordinal)))
            {
                Interlocked.Increment(ref _fromL1);
            }
        }

        private static string Key(int i) => string.Create(CultureInfo.InvariantCulture, $"hot/{i}");
    }
}
