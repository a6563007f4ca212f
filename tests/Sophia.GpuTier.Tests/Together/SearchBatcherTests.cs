using System.Collections.Concurrent;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;

namespace Sophia.GpuTier.Tests.Together;

public sealed class SearchBatcherTests
{
    [Fact]
    public async Task Searches_that_come_while_one_runs_are_made_together()
    {
        using var isRunning = new SemaphoreSlim(0);
        using var mayEnd = new SemaphoreSlim(0);
        var sizes = new List<int>();
        var batcher = new SearchBatcher<ShardQuery, ShardAnswer>(
            (queries, _) =>
            {
                sizes.Add(queries.Count);
                isRunning.Release();
                mayEnd.Wait(CancellationToken.None);
                return [.. queries.Select(static query => new ShardAnswer([], query.K, 0))];
            },
            static _ => 1);
        var first = Task.Run(() => batcher.SearchAsync(new ShardQuery { K = 1 }, default).AsTask());
        await isRunning.WaitAsync();

        var others = Enumerable.Range(2, 100).Select(k => batcher.SearchAsync(new ShardQuery { K = k }, default).AsTask()).ToArray();
        mayEnd.Release(10);
        var answers = await Task.WhenAll(others.Prepend(first));

        Assert.Equal([1, SearchBatch.Most, 100 - SearchBatch.Most], sizes);
        Assert.Equal(Enumerable.Range(1, 101).Select(static k => (long)k), answers.Select(static answer => answer!.RowsScanned));
    }

    [Fact]
    public async Task One_that_finds_others_on_their_way_goes_behind_them_and_is_made_with_those_that_have_come()
    {
        var (sizes, later, isBusy) = (new List<int>(), new Queue<Action>(), true);
        var batcher = new SearchBatcher<ShardQuery, ShardAnswer>(
            (queries, _) =>
            {
                sizes.Add(queries.Count);
                return [.. queries.Select(static query => new ShardAnswer([], query.K, 0))];
            },
            static _ => 1, () => isBusy) { Later = later.Enqueue };
        using var leaves = new CancellationTokenSource();
        var left = batcher.SearchAsync(new ShardQuery { K = 99 }, leaves.Token).AsTask();
        var asked = Enumerable.Range(0, 10).Select(k => batcher.SearchAsync(new ShardQuery { K = k }, default).AsTask()).ToArray();
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Assert.Empty(sizes);

        Assert.Single(later)();

        Assert.Equal(Enumerable.Range(0, 10).Select(static k => (long)k), (await Task.WhenAll(asked)).Select(static answer => answer!.RowsScanned));
        isBusy = false;
        Assert.Equal(11, (await batcher.SearchAsync(new ShardQuery { K = 11 }, default))!.RowsScanned);
        Assert.Equal([10, 1], sizes);
    }

    [Fact]
    public async Task A_runner_that_went_behind_others_ends_where_what_waits_by_then_may_have_none_beside_it()
    {
        var later = new Queue<Action>();
        var batches = new List<SearchMode[]>();
        Task<ShardAnswer?>? vector = null;
        SearchBatcher<ShardQuery, ShardAnswer> batcher = null!;
        Task<ShardAnswer?> Ask(SearchMode mode) => batcher.SearchAsync(new ShardQuery { Mode = mode }, default).AsTask();
        batcher = new SearchBatcher<ShardQuery, ShardAnswer>(
            (queries, _) =>
            {
                batches.Add([.. queries.Select(static query => query.Mode)]);
                if (vector is null)
                {
                    // While the first runs: the second has its turn, and nothing but this to make.
                    vector = Ask(SearchMode.Vector);
                    later.Dequeue()();
                }

                return [.. queries.Select(static _ => new ShardAnswer([], 0, 0))];
            },
            static query => query.Mode == SearchMode.Vector ? 1 : 2, static () => true) { Later = later.Enqueue };
        var hybrid = new[] { Ask(SearchMode.Hybrid), Ask(SearchMode.Hybrid) };
        Assert.Equal(2, later.Count);

        later.Dequeue()();
        Assert.Equal([[SearchMode.Hybrid, SearchMode.Hybrid]], batches);
        Assert.Single(later)();

        await Task.WhenAll([.. hybrid, vector!]);
        Assert.Equal([SearchMode.Vector], batches[1]);
    }

    [Fact]
    public async Task Where_one_that_waits_may_have_fewer_beside_it_than_run_a_runner_ends()
    {
        using var isRunning = new SemaphoreSlim(0);
        using var mayEnd = new SemaphoreSlim(0);
        var (running, most) = (0, 0);
        var batcher = new SearchBatcher<ShardQuery, ShardAnswer>(
            (queries, _) =>
            {
                var now = Interlocked.Increment(ref running);
                isRunning.Release();
                mayEnd.Wait(CancellationToken.None);
                most = Math.Max(most, queries[0].Mode == SearchMode.Vector ? now : 0);
                Interlocked.Decrement(ref running);
                return [.. queries.Select(static query => new ShardAnswer([], query.K, 0))];
            },
            static query => query.Mode == SearchMode.Vector ? 1 : 2);
        Task<ShardAnswer?> Start(int k) => Task.Run(() => batcher.SearchAsync(new ShardQuery { K = k, Mode = SearchMode.Hybrid }, default).AsTask());
        var one = Start(1);
        await isRunning.WaitAsync();
        var two = Start(2);
        await isRunning.WaitAsync();
        var vector = Enumerable.Range(0, 2 * SearchBatch.Most).Select(k => batcher.SearchAsync(new ShardQuery { K = k + 3, Mode = SearchMode.Vector }, default).AsTask()).ToArray();

        mayEnd.Release(1);
        await Task.WhenAny(one, two);
        Assert.False(await isRunning.WaitAsync(TimeSpan.FromMilliseconds(200)));
        mayEnd.Release(10);
        await Task.WhenAll([one, two, .. vector]).WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(1, most);
    }

    [Fact]
    public async Task Searches_whose_callers_left_while_they_waited_are_not_made()
    {
        using var isRunning = new SemaphoreSlim(0);
        using var mayEnd = new SemaphoreSlim(0);
        using var leaving = new CancellationTokenSource();
        var made = new List<int>();
        var batcher = new SearchBatcher<ShardQuery, ShardAnswer>(
            (queries, _) =>
            {
                made.AddRange(queries.Select(static query => query.K));
                isRunning.Release();
                mayEnd.Wait(CancellationToken.None);
                return [.. queries.Select(static query => new ShardAnswer([], query.K, 0))];
            },
            static _ => 1);
        var first = Task.Run(() => batcher.SearchAsync(new ShardQuery { K = 1 }, default).AsTask());
        await isRunning.WaitAsync();
        var left = new[] { 2, 3 }.Select(k => batcher.SearchAsync(new ShardQuery { K = k }, leaving.Token).AsTask()).ToArray();
        var stays = batcher.SearchAsync(new ShardQuery { K = 4 }, default).AsTask();

        await leaving.CancelAsync();
        mayEnd.Release(10);

        Assert.Equal((1, 4), ((await first)!.RowsScanned, (await stays)!.RowsScanned));
        Assert.Equal([1, 4], made);
        Assert.All(left, static search => Assert.True(search.IsCanceled));
    }

    [Fact]
    public async Task A_search_that_cannot_be_answered_does_not_take_the_others_with_it()
    {
        using var isRunning = new SemaphoreSlim(0);
        using var mayEnd = new SemaphoreSlim(0);
        var batcher = new SearchBatcher<ShardQuery, ShardAnswer>(
            (queries, _) =>
            {
                isRunning.Release();
                mayEnd.Wait(CancellationToken.None);
                return queries.Any(static query => query.K == 13) ? throw new ArgumentException("thirteen") : [.. queries.Select(static query => new ShardAnswer([], query.K, 0))];
            },
            static _ => 1);
        var first = Task.Run(() => batcher.SearchAsync(new ShardQuery { K = 1 }, default).AsTask());
        await isRunning.WaitAsync();
        var (good, bad, alsoGood) = (batcher.SearchAsync(new ShardQuery { K = 12 }, default).AsTask(), batcher.SearchAsync(new ShardQuery { K = 13 }, default).AsTask(), batcher.SearchAsync(new ShardQuery { K = 14 }, default).AsTask());

        mayEnd.Release(10);

        Assert.Equal(1, (await first)!.RowsScanned);
        Assert.Equal(12, (await good)!.RowsScanned);
        await Assert.ThrowsAsync<ArgumentException>(() => bad);
        Assert.Equal(14, (await alsoGood)!.RowsScanned);
    }

    [Fact]
    public async Task One_that_is_made_alone_ends_when_its_caller_leaves()
    {
        using var leaving = new CancellationTokenSource();
        var isRunning = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var batcher = new SearchBatcher<ShardQuery, ShardAnswer>(
            (_, left) =>
            {
                isRunning.SetResult();
                left.WaitHandle.WaitOne();
                throw new OperationCanceledException(left);
            },
            static _ => 1);

        var alone = Task.Run(() => batcher.SearchAsync(new ShardQuery { K = 1 }, leaving.Token).AsTask());
        await isRunning.Task;
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => alone.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task What_goes_wrong_in_one_whose_caller_has_left_is_nobodys_and_not_told_as_unobserved()
    {
        var unobserved = new ConcurrentBag<Exception>();
        void Note(object? sender, UnobservedTaskExceptionEventArgs told) => unobserved.Add(told.Exception);
        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            await LeaveAsync();
            for (var i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        Assert.DoesNotContain(unobserved, static error => error.ToString().Contains("nobody waits for it", StringComparison.Ordinal));

        static async Task LeaveAsync()
        {
            using var isRunning = new SemaphoreSlim(0);
            using var mayEnd = new SemaphoreSlim(0);
            using var leaving = new CancellationTokenSource();
            var batcher = new SearchBatcher<ShardQuery, ShardAnswer>(
                (queries, _) =>
                {
                    isRunning.Release();
                    mayEnd.Wait(CancellationToken.None);
                    return queries[0].K == 2 ? throw new InvalidOperationException("nobody waits for it") : [new ShardAnswer([], 1, 0)];
                },
                static _ => 1);
            var first = Task.Run(() => batcher.SearchAsync(new ShardQuery { K = 1 }, default).AsTask());
            await isRunning.WaitAsync();
            var second = batcher.SearchAsync(new ShardQuery { K = 2 }, leaving.Token).AsTask();
            mayEnd.Release();
            await isRunning.WaitAsync();

            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
            var third = batcher.SearchAsync(new ShardQuery { K = 3 }, default).AsTask();
            mayEnd.Release(2);

            // It is made when the second one has been told.
            await Task.WhenAll(first, third);
        }
    }
}
