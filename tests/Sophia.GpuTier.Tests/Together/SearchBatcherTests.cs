using CsCheck;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Tests.Gpu;

namespace Sophia.GpuTier.Tests.Together;

public sealed class SearchBatcherTests
{
    [Fact]
    public async Task Searches_that_come_while_one_runs_are_made_together()
    {
        using var isRunning = new SemaphoreSlim(0);
        using var mayEnd = new SemaphoreSlim(0);
        var sizes = new List<int>();
        var batcher = new SearchBatcher(
            queries =>
            {
                sizes.Add(queries.Count);
                isRunning.Release();
                mayEnd.Wait();
                return [.. queries.Select(static query => new ShardAnswer([], query.K, 0))];
            },
            static () => 1);
        var first = Task.Run(() => batcher.SearchAsync(new ShardQuery { K = 1 }, default).AsTask());
        await isRunning.WaitAsync();

        var others = Enumerable.Range(2, 100).Select(k => batcher.SearchAsync(new ShardQuery { K = k }, default).AsTask()).ToArray();
        mayEnd.Release(10);
        var answers = await Task.WhenAll(others.Prepend(first));

        Assert.Equal([1, SearchBatcher.Most, 100 - SearchBatcher.Most], sizes);
        Assert.Equal(Enumerable.Range(1, 101).Select(static k => (long)k), answers.Select(static answer => answer!.RowsScanned));
    }

    [Fact]
    public async Task Searches_whose_callers_left_while_they_waited_are_not_made()
    {
        using var isRunning = new SemaphoreSlim(0);
        using var mayEnd = new SemaphoreSlim(0);
        using var leaving = new CancellationTokenSource();
        var made = new List<int>();
        var batcher = new SearchBatcher(
            queries =>
            {
                made.AddRange(queries.Select(static query => query.K));
                isRunning.Release();
                mayEnd.Wait();
                return [.. queries.Select(static query => new ShardAnswer([], query.K, 0))];
            },
            static () => 1);
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
        var batcher = new SearchBatcher(
            queries =>
            {
                isRunning.Release();
                mayEnd.Wait();
                return queries.Any(static query => query.K == 13) ? throw new ArgumentException("thirteen") : [.. queries.Select(static query => new ShardAnswer([], query.K, 0))];
            },
            static () => 1);
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
    public void Searches_made_together_find_what_each_finds_alone()
    {
        const int Dimensions = 6;
        var random = new Random(3);
        string[] words = ["harbour", "lantern", "copper", "meadow", "violin"];
        using var shard = ShardRecords.Shard(Dimensions);
        for (var i = 0; i < 3_000; i++)
        {
            shard.Put(ShardRecords.Record(
                $"k{i}", i + 1, $"{words[i % 5]} {words[i * 7 % 3]} {i}", i % 11 == 0 ? null : ShardRecords.Vector(random, Dimensions),
                i % 4 == 0 ? $$"""{"conversation":"c{{i / 40}}","position":{{i}}}""" : "", i % 2 == 0 ? ["even"] : []));
        }

        var queries = Gen.Select(Gen.Int[0, 4], Gen.Enum<SearchMode>(), Gen.Int[1, 20], Gen.Int[0, 7], Gen.Int[0, 1 << 20], (word, mode, k, options, seed) => new ShardQuery
        {
            Text = $"{words[word]} lantern", Mode = mode, K = k, Vector = ShardRecords.Vector(new Random(seed), Dimensions), Now = ShardRecords.Now,
            Filter = (options & 3) == 0 ? new RecordFilter { AllTags = ["even"] } : null, Fold = (options & 4) != 0,
        }).Array[1, 20];
        queries.Sample(
            asked =>
            {
                var together = shard.Search(asked, default);
                for (var i = 0; i < asked.Length; i++)
                {
                    var alone = shard.Search(asked[i], default);
                    Assert.Equal(alone.Hits.Select(static hit => (hit.Key, hit.Score)), together[i].Hits.Select(static hit => (hit.Key, hit.Score)));
                    Assert.Equal((alone.RowsScanned, alone.RowsMatching), (together[i].RowsScanned, together[i].RowsMatching));
                }
            },
            iter: 150);
    }
}
