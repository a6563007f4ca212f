using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Memory;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;
using Sophia.Tests.Stores;

namespace Sophia.Tests.Log;

/// <summary>What a process reads of what others wrote.</summary>
public sealed class LogTailTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("sophia-tail").FullName;

    [Fact]
    public async Task Contents_are_read_while_someone_wants_them_and_keys_alone_otherwise()
    {
        await using var other = await OpenAsync();
        var store = new DelegatingStore(other.Store) { PretendShared = true };
        await using var tail = new LogTail(store, new MemoryOptions(), other.Clock, NullLogger.Instance);
        var observed = new List<LogEntry>();
        tail.Observed += (entries, isForeign) =>
        {
            Assert.True(isForeign);
            observed.AddRange(entries);
            return ValueTask.CompletedTask;
        };
        await tail.StartAsync(default);
        var ns = await other.NamespaceAsync();

        await other.PutAsync(ns, "a", "first");
        await SeeAsync(tail, ns.Partition, 1);
        Assert.Equal((1, 0), (store.HeadReads, store.LogReads));
        Assert.Equal(("a", null), (observed[0].Key, observed[0].Record));

        using (await tail.WantContentsAsync(ns.Partition, default))
        {
            await other.PutAsync(ns, "b", "second");
            await SeeAsync(tail, ns.Partition, 2);
            Assert.Equal((1, 1), (store.HeadReads, store.LogReads));
            Assert.Equal("second", observed[1].Record!.Text());

            // From memory what is there; with what was read without contents from the store.
            Assert.Equal(["second"], await ReadAsync(tail, ns, 1));
            Assert.Equal(1, store.LogReads);
            Assert.Equal(["first", "second"], await ReadAsync(tail, ns, 0));
            Assert.Equal(2, store.LogReads);
        }

        await other.PutAsync(ns, "c", "third");
        await SeeAsync(tail, ns.Partition, 3);
        Assert.Equal((2, 2), (store.HeadReads, store.LogReads));
        Assert.Null(observed[2].Record);
        Assert.Equal(0, tail.Recent.Bytes);
        Assert.Equal(["second", "third"], await ReadAsync(tail, ns, 1));
    }

    [Fact]
    public async Task A_reader_is_given_the_bytes_that_he_asks_for_and_one_entry_more_however_large_the_stores_page_is()
    {
        const int Large = 1 << 20;
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        for (var i = 0; i < 15; i++)
        {
            await s.PutAsync(ns, new RecordDraft { Key = $"k{i:00}", Kind = ContentKind.Bytes, Content = new byte[i is 0 or 14 ? 1 : Large] });
        }

        var store = new DelegatingStore(s.Store);
        await using var tail = new LogTail(store, new MemoryOptions(), s.Clock, NullLogger.Instance);
        await tail.StartAsync(default);
        var (after, numbers, entries) = (0L, new List<long>(), new List<LogEntry>());
        for (var rows = new PageRows(256, Large); after < 15;)
        {
            after = await tail.ReadAsync(ns, after, rows, entries, default);
            Assert.NotEmpty(entries);
            Assert.Equal(after, entries[^1].Sequence.Number);
            Assert.InRange(entries.Sum(static entry => RowPage.SizeOf(entry)), 1, (2 * Large) - 1);
            numbers.AddRange(entries.Select(entry => entry.Sequence.Number));
        }

        Assert.Equal(Enumerable.Range(1, 15).Select(n => (long)n), numbers);
        Assert.Equal(8 * Large + 1, store.LargestPage);
        Assert.Equal(15, await tail.ReadAsync(ns, 15, new PageRows(256, Large), entries, default));
        Assert.Empty(entries);
    }

    [Fact]
    public async Task A_commit_that_hangs_does_not_hide_what_others_wrote_however_many_begin_beside_it()
    {
        await using var other = await OpenAsync();
        await using var tail = new LogTail(new DelegatingStore(other.Store) { PretendShared = true }, new MemoryOptions(), other.Clock, NullLogger.Instance);
        await tail.StartAsync(default);
        var ns = await other.NamespaceAsync();
        using var hanging = tail.Committing(1UL << ns.Partition);
        await other.PutAsync(ns, "a", "theirs");
        other.Clock.Advance(new MemoryOptions().TailPatience / 3);

        using var later = tail.Committing(ulong.MaxValue);
        other.Clock.Advance(new MemoryOptions().TailPatience / 3);

        await SeeAsync(tail, ns.Partition, 1).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_read_while_its_writer_has_not_let_go_of_it()
    {
        await using var own = await OpenAsync();
        await using var tail = new LogTail(own.Store, new MemoryOptions(), own.Clock, NullLogger.Instance);
        await tail.StartAsync(default);
        var ns = await own.NamespaceAsync();
        using var underWay = tail.Committing(1UL << ns.Partition);
        await own.PutAsync(ns, "a", "durable");

        var passed = tail.NextAsync(ns.Partition);
        tail.Suspect();

        await passed.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, tail.Seen[ns.Partition]);
    }

    [Fact]
    public async Task Commits_that_follow_each_other_and_show_nothing_do_not_hide_what_others_wrote()
    {
        await using var other = await OpenAsync();
        var store = new DelegatingStore(other.Store) { PretendShared = true };
        await using var tail = new LogTail(store, new MemoryOptions(), other.Clock, NullLogger.Instance);
        await tail.StartAsync(default);
        var ns = await other.NamespaceAsync();
        var commit = tail.Committing(1UL << ns.Partition);
        await other.PutAsync(ns, "a", "theirs");

        for (var i = 0; i < 6 && tail.Seen[ns.Partition] == 0; i++)
        {
            await RoundAsync(tail, store);
            other.Clock.Advance(new MemoryOptions().TailPatience / 4);
            var next = tail.Committing(1UL << ns.Partition);
            commit.Dispose();
            commit = next;
        }

        await SeeAsync(tail, ns.Partition, 1).WaitAsync(TimeSpan.FromSeconds(30));
        commit.Dispose();
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public async Task What_is_read_while_this_process_commits_is_others_only_where_the_one_who_reads_is_that_commit(int mine, bool isOthers)
    {
        await using var own = await OpenAsync();
        await using var tail = new LogTail(new DelegatingStore(own.Store) { PretendShared = true }, new MemoryOptions(), own.Clock, NullLogger.Instance);
        tail.Observed += static (_, _) => ValueTask.CompletedTask;
        await tail.StartAsync(default);
        var ns = await own.NamespaceAsync();
        using var underWay = tail.Committing(1UL << ns.Partition);
        await own.PutAsync(ns, "a", "durable");

        await tail.ReachAsync(ns.Partition, 1, mine, default);

        Assert.Equal((1, isOthers), (tail.Seen[ns.Partition], tail.OthersWrite));
    }

    [Fact]
    public async Task Where_nobody_observes_what_nobody_wants_is_passed_unread()
    {
        await using var other = await OpenAsync();
        var store = new DelegatingStore(other.Store) { PretendShared = true };
        await using var tail = new LogTail(store, new MemoryOptions(), other.Clock, NullLogger.Instance);
        await tail.StartAsync(default);
        var ns = await other.NamespaceAsync();

        await other.PutAsync(ns, "a", "first");
        await other.PutAsync(ns, "b", "second");
        await SeeAsync(tail, ns.Partition, 2);

        Assert.Equal((0, 0), (store.HeadReads, store.LogReads));
        Assert.Equal(["first", "second"], await ReadAsync(tail, ns, 0));
    }

    [Fact]
    public async Task A_commit_of_this_process_that_nobody_follows_is_not_held_in_memory()
    {
        await using var own = await OpenAsync();
        await using var tail = new LogTail(own.Store, new MemoryOptions(), own.Clock, NullLogger.Instance);
        await tail.StartAsync(default);
        var ns = await own.NamespaceAsync();

        await own.PutAsync(ns, "a", "first");
        await tail.CommittedAsync(ns.Partition, await own.LogAsync(ns), default);
        Assert.Equal((1, 0), (tail.Seen[ns.Partition], tail.Recent.Bytes));
        using (await tail.WantContentsAsync(ns.Partition, default))
        {
            await own.PutAsync(ns, "b", "second");
            await tail.CommittedAsync(ns.Partition, (await own.LogAsync(ns))[1..], default);
            Assert.True(tail.Recent.Bytes > 0);
        }
    }

    [Fact]
    public async Task Pages_that_are_read_say_that_the_log_is_followed_though_it_is_behind()
    {
        await using var other = await OpenAsync();
        var (silence, lag) = (TimeSpan.Zero, TimeSpan.Zero);
        await using var tail = await FollowAsync(other, new DelegatingStore(other.Store) { PretendShared = true }, (tail, page) =>
        {
            other.Clock.Advance(TimeSpan.FromSeconds(1));
            (silence, lag) = (tail.Silence > silence ? tail.Silence : silence, tail.Lag);
            return [page[0]];
        });
        var ns = await other.NamespaceAsync();

        await other.CommitAsync([.. Enumerable.Range(0, 20).Select(i => other.PutOf(ns, StoreUnderTest.Draft($"k{i}", "theirs")))]);
        await SeeAsync(tail, ns.Partition, 20).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.True(lag > TimeSpan.FromSeconds(10), $"It is {lag} behind.");
        Assert.InRange(silence, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_page_that_was_read_before_a_failure_does_not_say_that_the_log_is_followed()
    {
        await using var other = await OpenAsync();
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = 0;
        var store = new DelegatingStore(other.Store) { PretendShared = true };
        await using var tail = await FollowAsync(other, store, (_, page) =>
        {
            if (asked++ > 0)
            {
                failed.TrySetResult();
                throw new StoreUnavailableException("It is away.");
            }

            other.Clock.Advance(TimeSpan.FromSeconds(11));
            return [page[0]];
        });
        var ns = await other.NamespaceAsync();

        await other.CommitAsync(other.PutOf(ns, StoreUnderTest.Draft("a", "theirs")), other.PutOf(ns, StoreUnderTest.Draft("b", "theirs")));
        await SeeAsync(tail, ns.Partition, 1).WaitAsync(TimeSpan.FromSeconds(30));
        await failed.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await RoundAsync(tail, store).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.True(tail.Silence > TimeSpan.FromSeconds(10), $"It has been silent for {tail.Silence} only.");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private async Task<StoreUnderTest> OpenAsync()
    {
        var clock = StoreUnderTest.NewClock();
        var store = SqliteRecordStore.Create(_directory, clock);
        await store.OpenAsync(default);
        return new StoreUnderTest(store, clock);
    }

    /// <summary>Follows the log by its heads, of which each page is what the test makes of it.</summary>
    private static async Task<LogTail> FollowAsync(
        StoreUnderTest other, DelegatingStore store, Func<LogTail, IReadOnlyList<LogEntry>, IReadOnlyList<LogEntry>> pageOf)
    {
        var tail = new LogTail(store, new MemoryOptions(), other.Clock, NullLogger.Instance);
        store.PageOfHeads = page => pageOf(tail, page);
        tail.Observed += static (_, _) => ValueTask.CompletedTask;
        await tail.StartAsync(default);
        return tail;
    }

    /// <summary>Returns when the log is being asked once more.</summary>
    private static async Task RoundAsync(LogTail tail, DelegatingStore store)
    {
        var asked = store.WatermarkReads;
        for (tail.Wake(); store.WatermarkReads == asked; tail.Wake())
        {
            await Task.Delay(1);
        }
    }

    private static async Task SeeAsync(LogTail tail, int partition, long number)
    {
        while (tail.Seen[partition] < number)
        {
            var next = tail.NextAsync(partition);
            tail.Wake();
            await Task.WhenAny(next, Task.Delay(20));
        }
    }

    private static async Task<string[]> ReadAsync(LogTail tail, Sophia.Memory.Namespaces.NamespaceInfo ns, long after)
    {
        var entries = new List<LogEntry>();
        await tail.ReadAsync(ns, after, new PageRows(100, 8 << 20, first: 100), entries, default);
        return [.. entries.Select(entry => entry.Record!.Text())];
    }
}
