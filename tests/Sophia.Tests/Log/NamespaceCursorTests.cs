using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Memory;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;

namespace Sophia.Tests.Log;

/// <summary>What a follower of one namespace has seen of a partition that others write in too.</summary>
public sealed class NamespaceCursorTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("sophia-test").FullName;
    private IRecordStore? _store;

    [Fact]
    public async Task A_change_of_another_namespace_is_seen_without_waking_the_follower()
    {
        await using var tail = await StartAsync();
        var cursor = await BegunAsync(tail, 1);
        var next = cursor.Next;

        await tail.CommittedAsync(0, [Entry(1, 2), Entry(2, 3)], default);

        Assert.Equal(2, cursor.Seen);
        Assert.True(cursor.HasAll);
        Assert.False(next.IsCompleted);
    }

    [Fact]
    public async Task A_change_of_the_namespace_wakes_the_follower_and_what_was_seen_before_it_stays_seen()
    {
        await using var tail = await StartAsync();
        var cursor = await BegunAsync(tail, 1);
        await tail.CommittedAsync(0, [Entry(1, 2), Entry(2, 2)], default);
        var next = cursor.Next;

        await tail.CommittedAsync(0, [Entry(3, 1), Entry(4, 2)], default);

        Assert.True(next.IsCompleted);
        Assert.False(cursor.HasAll);
        Assert.Equal((2, 2), (cursor.Seen, cursor.Taken));
        cursor.Advance(3);
        Assert.Equal(4, cursor.Seen);
    }

    [Fact]
    public async Task What_was_trimmed_before_it_was_read_may_be_of_any_namespace()
    {
        await using var tail = await StartAsync();
        var cursor = await BegunAsync(tail, 1);
        var (next, erasures) = (cursor.Next, tail.ErasuresOf(0));

        await tail.CommittedAsync(0, [Entry(5, 2)], default);

        Assert.True(next.IsCompleted);
        Assert.Equal((false, 0), (cursor.HasAll, cursor.Seen));
        // A tombstone may be among it: what feeds have read before is read again before it is given.
        Assert.NotEqual(erasures, tail.ErasuresOf(0));
        Assert.Equal(5, tail.Seen[0]);
    }

    [Fact]
    public async Task A_cursor_has_seen_nothing_before_its_follower_has_loaded_and_nothing_more_once_it_is_given_back()
    {
        await using var tail = await StartAsync();
        var cursor = new NamespaceCursor(tail, Namespace(1));
        await tail.CommittedAsync(0, [Entry(1, 2)], default);
        Assert.Equal(0, cursor.Seen);
        var lease = await tail.FollowAsync(cursor, default);
        await tail.CommittedAsync(0, [Entry(2, 2)], default);
        Assert.Equal(0, cursor.Seen);

        cursor.Advance(2);
        await tail.CommittedAsync(0, [Entry(3, 2)], default);
        Assert.Equal(3, cursor.Seen);
        lease.Dispose();
        await tail.CommittedAsync(0, [Entry(4, 2), Entry(5, 1)], default);

        Assert.Equal(3, cursor.Seen);
    }

    [Fact]
    public async Task Whoever_asks_at_whatever_moment_is_told_of_no_change_that_is_not_taken_in_and_of_none_less_than_before()
    {
        const int Changes = 30_000;
        const int Namespaces = 4;
        var random = new Random(7);
        var owners = Enumerable.Range(0, Changes + 1).Select(_ => random.Next(40) is var owner && owner < Namespaces ? owner : Namespaces).ToArray();
        var before = new int[Namespaces, Changes + 1];
        for (var number = 1; number <= Changes; number++)
        {
            for (var ns = 0; ns < Namespaces; ns++)
            {
                before[ns, number] = before[ns, number - 1] + (owners[number] == ns ? 1 : 0);
            }
        }

        await using var tail = await StartAsync();
        var taken = new int[Namespaces];
        var cursors = new NamespaceCursor[Namespaces];
        for (var ns = 0; ns < Namespaces; ns++)
        {
            cursors[ns] = await BegunAsync(tail, ns);
        }

        using var stop = new CancellationTokenSource(Patience);
        var following = Enumerable.Range(0, Namespaces).Select(ns => Task.Run(() => FollowAsync(ns))).ToArray();
        var asking = Enumerable.Range(0, Namespaces).Select(ns => Task.Run(() => Ask(ns))).ToArray();
        for (var number = 1; number <= Changes;)
        {
            var count = Math.Min(random.Next(1, 6), Changes + 1 - number);
            await tail.CommittedAsync(0, [.. Enumerable.Range(number, count).Select(n => Entry(n, owners[n]))], default);
            number += count;
        }

        await Task.WhenAll(asking);
        Assert.All(Enumerable.Range(0, Namespaces), ns => Assert.Equal(before[ns, Changes], taken[ns]));
        await stop.CancelAsync();
        await Task.WhenAll(following.Select(task => task.ContinueWith(_ => { }, TaskScheduler.Default)));

        async Task FollowAsync(int ns)
        {
            var (cursor, entries) = (cursors[ns], new List<LogEntry>());
            while (true)
            {
                var next = cursor.Next;
                if (cursor.HasAll)
                {
                    await next.WaitAsync(stop.Token);
                    continue;
                }

                var from = cursor.Taken;
                var reached = await tail.ReadAsync(Namespace(ns), from, new PageRows(64, 8 << 20), entries, stop.Token);
                if (reached == from)
                {
                    await next.WaitAsync(stop.Token);
                    continue;
                }

                Thread.SpinWait(200);
                Volatile.Write(ref taken[ns], taken[ns] + entries.Count);
                cursor.Advance(reached);
            }
        }

        void Ask(int ns)
        {
            for (var last = 0L; last < Changes;)
            {
                stop.Token.ThrowIfCancellationRequested();
                var seen = cursors[ns].Seen;
                Assert.InRange(seen, last, Changes);
                Assert.InRange(Volatile.Read(ref taken[ns]), before[ns, seen], Changes);
                last = seen;
            }
        }
    }

    public void Dispose()
    {
        _store?.DisposeAsync().AsTask().Wait();
        Directory.Delete(_folder, recursive: true);
    }

    private static NamespaceInfo Namespace(int id) => new(id, "acme", $"n{id}", 0, new NamespaceSettings { VectorSource = VectorSource.None }, DateTimeOffset.UnixEpoch);

    private static LogEntry Entry(int number, int ns) =>
        new(Sequence.Of(0, number), ns, new RecordId((ulong)number), ChangeKind.Delete, 1, Sequence.None, DateTimeOffset.UnixEpoch, null, "k");

    private static async Task<NamespaceCursor> BegunAsync(LogTail tail, int ns)
    {
        var cursor = new NamespaceCursor(tail, Namespace(ns));
        await tail.FollowAsync(cursor, default);
        cursor.Advance(0);
        return cursor;
    }

    private async Task<LogTail> StartAsync()
    {
        _store = SqliteRecordStore.Create(_folder, TimeProvider.System);
        await _store.OpenAsync(default);
        var tail = new LogTail(_store, new MemoryOptions(), TimeProvider.System, NullLogger.Instance);
        await tail.StartAsync(default);
        return tail;
    }
}
