using System.Collections.Concurrent;
using Npgsql;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;
using Sophia.Stores.Postgres;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Stores;

/// <summary>One server for all tests of the class; each test has a database of its own.</summary>
public sealed class PostgresFixture : IDisposable
{
    private readonly Lazy<PostgresServer> _server = new(PostgresServer.StartNew);
    private int _databases;

    public PostgresServer Server
    {
        get
        {
            Skip.If(PostgresServer.Missing is not null, PostgresServer.Missing);
            return _server.Value;
        }
    }

    public async Task<NpgsqlDataSource> NewDatabaseAsync()
    {
        var name = $"sophia{Interlocked.Increment(ref _databases)}";
        await using var admin = NpgsqlDataSource.Create(Server.ConnectionString());
        await using var command = admin.CreateCommand($"CREATE DATABASE {name} STRATEGY wal_log");
        await command.ExecuteNonQueryAsync();
        return NpgsqlDataSource.Create(Server.ConnectionString(name));
    }

    public void Dispose()
    {
        if (_server.IsValueCreated)
        {
            _server.Value.Dispose();
        }
    }
}

public sealed class PostgresRecordStoreTests(PostgresFixture fixture) : RecordStoreContract, IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private readonly List<NpgsqlDataSource> _sources = [];

    internal override async Task<StoreUnderTest> OpenAsync() => await OpenAsync(await NewDatabaseAsync());

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var source in _sources)
        {
            await source.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task A_table_that_fills_up_is_analyzed_at_once_so_that_listings_follow_the_index()
    {
        var source = await NewDatabaseAsync();
        var under = await OpenAsync(source);
        var ns = await under.NamespaceAsync();
        for (var i = 0; i < 3; i++)
        {
            await under.CommitAsync([.. Enumerable.Range(0, 500).Select(n => under.PutOf(ns, StoreUnderTest.Draft($"{i}-{n}", "text")))]);
        }

        var known = 0L;
        for (var i = 0; i < 500 && known < 3; i++)
        {
            await Task.Delay(10);
            await using var command = source.CreateCommand("SELECT count(DISTINCT tablename) FROM pg_stats WHERE tablename IN ('records', 'log', 'contents')");
            known = (long)(await command.ExecuteScalarAsync())!;
        }

        Assert.Equal(3, known);
    }

    [SkippableFact]
    public async Task Walks_through_a_log_read_each_row_of_it_about_once_however_many_pages_they_take()
    {
        const int Rows = 12_000;
        // A table of this size is read whole for a join where a large one is looked up in.
        var source = NpgsqlDataSource.Create((await NewDatabaseAsync()).ConnectionString + ";Options=-c enable_seqscan=off -c enable_hashjoin=off");
        _sources.Add(source);
        var under = await OpenAsync(source);
        var ns = await under.NamespaceAsync();
        for (var start = 0; start < Rows; start += 500)
        {
            // Half of them are written twice, so that there is history to trim.
            await under.CommitAsync([.. Enumerable.Range(start, 500).Select(n => under.PutOf(ns, StoreUnderTest.Draft($"{n % (Rows / 2)}", $"text {n}")))]);
        }

        await using (var analyze = source.CreateCommand("ANALYZE"))
        {
            await analyze.ExecuteNonQueryAsync();
        }

        var scanned = await FetchedAsync(source, async () => Assert.Equal(Rows / 2, await under.Store.ScanAsync(ns, Sequence.Of(ns.Partition, 1), null, CancellationToken.None).CountAsync()));
        var trimmed = await FetchedAsync(source, async () =>
        {
            var (all, page) = (0, new TrimmedRows(0, Sequence.None));
            do
            {
                page = await under.Store.TrimLogAsync(ns, DateTimeOffset.MaxValue, page.Last, 500, CancellationToken.None);
                all += page.Count;
            }
            while (page.Count > 0);
            Assert.Equal(Rows / 2, all);
        });
        Assert.InRange(scanned, Rows, 3 * Rows);
        Assert.InRange(trimmed, 1, 3 * Rows);
    }

    // Rows of contents that were looked up.
    private static async Task<long> FetchedAsync(NpgsqlDataSource source, Func<Task> read)
    {
        var before = await RowsAsync(source);
        await read();
        return await RowsAsync(source) - before;
    }

    private static async Task<long> RowsAsync(NpgsqlDataSource source)
    {
        // A connection tells what it did when it ends, and is listed up to then.
        source.Clear();
        await using var connection = await source.OpenConnectionAsync();
        await using var others = new NpgsqlCommand(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()", connection);
        for (var patience = 0; (long)(await others.ExecuteScalarAsync())! > 0; patience++)
        {
            Assert.True(patience < 3_000, "Connections that were closed do not end.");
            await Task.Delay(10);

            // Statistics are taken beside, over a connection that stays in the pool.
            source.Clear();
        }

        await using var command = new NpgsqlCommand("SELECT idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'contents'", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    [SkippableFact]
    public async Task Two_processes_that_start_at_once_share_one_schema_and_one_secret()
    {
        var source = await NewDatabaseAsync();
        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => OpenAsync(source)));
        Assert.Single(stores.Select(s => Convert.ToHexString(s.Store.Secret.Span)).Distinct());
    }

    [SkippableFact]
    public async Task A_tailing_reader_never_misses_a_commit_of_concurrent_writers_on_two_nodes()
    {
        var source = await NewDatabaseAsync();
        var nodes = new[] { await OpenAsync(source), await OpenAsync(source) };
        var spaces = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => nodes[0].NamespaceAsync($"n{i}")));
        var acknowledged = new ConcurrentBag<Sequence>();
        using var done = new CancellationTokenSource();
        var tails = spaces.Select(ns => ns.Partition).Distinct().Select(p => Task.Run(async () =>
        {
            var seen = new List<LogEntry>();
            while (true)
            {
                var last = done.IsCancellationRequested;
                var page = await nodes[1].Store.ReadLogAsync(p, seen.Count == 0 ? 0 : seen[^1].Sequence.Number, 50, null, default);
                seen.AddRange(page);
                if (last && page.Count == 0)
                {
                    return seen;
                }
            }
        })).ToArray();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(w => Task.Run(async () =>
        {
            var random = new Random(w);
            var s = nodes[w % 2];
            for (var i = 0; i < 25; i++)
            {
                // Groups over several namespaces, in any order: the locks must still be taken in one.
                var groups = Enumerable.Range(0, 3).Select(_ => new WriteGroup([.. Enumerable.Range(0, 3).Select(_ =>
                {
                    var ns = spaces[random.Next(spaces.Length)];
                    return (WriteOperation)s.PutOf(ns, StoreUnderTest.Draft($"k{random.Next(20)}", $"{random.Next()}"));
                })])).ToArray();
                foreach (var outcome in await s.Store.CommitAsync(groups, default))
                {
                    foreach (var receipt in outcome.Receipts)
                    {
                        acknowledged.Add(receipt.Sequence);
                    }
                }
            }
        })));
        await done.CancelAsync();
        var logs = await Task.WhenAll(tails);

        Assert.Equal(8 * 25 * 9, acknowledged.Count);
        foreach (var log in logs)
        {
            Assert.Equal(Enumerable.Range(1, log.Count).Select(n => (long)n), log.Select(e => e.Sequence.Number));
        }

        var tailed = logs.SelectMany(l => l).Select(e => e.Sequence).ToHashSet();
        Assert.All(acknowledged, sequence => Assert.Contains(sequence, tailed));
        Assert.Equal(tailed.Count, acknowledged.Distinct().Count());
    }

    [SkippableFact]
    public async Task One_mark_sent_to_two_nodes_at_once_is_done_once()
    {
        var source = await NewDatabaseAsync();
        var nodes = new[] { await OpenAsync(source), await OpenAsync(source) };
        var spaces = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => nodes[0].NamespaceAsync($"n{i}")));
        for (byte round = 0; round < 10; round++)
        {
            var mark = new IdempotencyMark("t", [.. Enumerable.Repeat(round, 32)], new byte[32], nodes[0].Clock.GetUtcNow().AddDays(1));
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => nodes[i % 2].Store.CommitAsync(
                [new WriteGroup([nodes[0].PutOf(spaces[i], StoreUnderTest.Draft($"k{round}", "v"))], mark)], default)));
            Assert.Single(outcomes, o => !o[0].Replayed);
            Assert.Single(outcomes.Select(o => o[0].Receipts[0]).Distinct());
        }
    }

    [SkippableFact]
    public async Task While_the_server_is_down_calls_say_unavailable_and_afterwards_they_work_again()
    {
        Skip.If(PostgresServer.Missing is not null, PostgresServer.Missing);
        using var server = PostgresServer.StartNew();
        await using var source = NpgsqlDataSource.Create(server.ConnectionString());
        await using var s = await OpenAsync(source);
        var ns = await s.NamespaceAsync();
        await s.PutAsync(ns, "k", "v");
        server.Stop();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => s.PutAsync(ns, "k", "lost"));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => s.TextAsync(ns, "k"));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => s.Store.PingAsync(default));
        server.Start();
        Assert.Equal("v", await s.TextAsync(ns, "k"));
        Assert.Equal(2, (await s.PutAsync(ns, "k", "w")).Version);
    }

    private static async Task<StoreUnderTest> OpenAsync(NpgsqlDataSource source)
    {
        var clock = StoreUnderTest.NewClock();
        var store = PostgresRecordStore.Create(source, clock);
        await store.OpenAsync(default);
        return new StoreUnderTest(store, clock);
    }

    private async Task<NpgsqlDataSource> NewDatabaseAsync()
    {
        var source = await fixture.NewDatabaseAsync();
        _sources.Add(source);
        return source;
    }
}
