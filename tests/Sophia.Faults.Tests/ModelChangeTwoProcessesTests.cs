using System.Collections.Concurrent;
using System.Net;
using Sophia.Faults.Tests.Harness;

namespace Sophia.Faults.Tests;

/// <summary>A change of model while two processes on one PostgreSQL write and search the namespace.</summary>
[Collection(FaultTests.Name)]
public sealed class ModelChangeTwoProcessesTests(Engines engines)
{
    private const string Notes = "notes";
    private const int Records = 200;

    [SkippableFact]
    public async Task Both_see_the_cut_over_and_the_undo_and_no_search_compares_vectors_of_two_models()
    {
        var database = engines.NewDatabase();
        using var folder = new TestFolder();
        await using var models = await TwoModels.StartAsync();
        await using var a = await SophiaProcess.StartAsync(models.Settings(folder.Path, database));
        await using var b = await SophiaProcess.StartAsync(models.Settings(folder.Path, database));
        await TwoModels.WriteAsync(a.Http, Notes, Records);
        await TwoModels.FindsAsync(a.Http, Notes, TwoModels.Key(0));
        await Eventually.IsTrueAsync(async () => (await TwoModels.FindAsync(b.Http, Notes, TwoModels.Key(0))).Key is not null, "B has the namespace", () => b.Shown);

        string last;
        await using (var searches = new Searches(a, b))
        {
            await searches.MoreAsync(20);
            await TwoModels.StartAsync(b.Http, Notes);
            await WriteAndFindAsync("making", a, b);
            await BothAreAsync("near", a, b);
            await TwoModels.UntilAsync(a, Notes, "cut-over");
            await WriteAndFindAsync("cut", a, b);
            await searches.MoreAsync(20);

            await TwoModels.MoveAsync(a.Http, Notes, "undo");
            await WriteAndFindAsync("undoing", a, b);
            await BothAreAsync("far", a, b);
            await TwoModels.UntilAsync(b, Notes, "undone");
            await WriteAndFindAsync("undone", a, b);
            await searches.MoreAsync(20);

            await TwoModels.StartAsync(a.Http, Notes);
            await BothAreAsync("near", a, b);
            await TwoModels.MoveAsync(b.Http, Notes, "finish");
            await TwoModels.UntilAsync(b, Notes, "finished");
            last = await WriteAndFindAsync("finished", a, b);
            await searches.MoreAsync(20);
            Assert.Empty(searches.Wrong);
        }

        foreach (var process in (SophiaProcess[])[a, b])
        {
            foreach (var key in (string[])[TwoModels.Key(Records - 1), "making-0", "cut-1", "undoing-2", "undone-3", "finished-4"])
            {
                await TwoModels.FindsAsync(process.Http, Notes, key, last);
            }
        }
    }

    /// <summary>Each writes, and the other finds it with the token, in whatever model it searches then.</summary>
    /// <returns>The last change.</returns>
    private static async Task<string> WriteAndFindAsync(string name, SophiaProcess a, SophiaProcess b)
    {
        var last = "";
        for (var i = 0; i < 6; i++)
        {
            var (writer, reader) = i % 2 == 0 ? (a, b) : (b, a);
            var put = (await writer.Http.PutTextAsync(Notes, $"{name}-{i}", Texts.Of($"{name}-{i}"))).Require(HttpStatusCode.Created);
            await TwoModels.FindsAsync(reader.Http, Notes, $"{name}-{i}", put.Sequence);
            last = put.Sequence;
        }

        return last;
    }

    private static async Task BothAreAsync(string model, SophiaProcess a, SophiaProcess b)
    {
        foreach (var process in (SophiaProcess[])[a, b])
        {
            await Eventually.IsTrueAsync(
                async () => await TwoModels.CurrentAsync(process.Http, Notes) == model, $"the process searches with {model}", () => process.Shown);
        }
    }

    /// <summary>Searches both processes without pause; keeps every answer whose cosine says that query and record were of two models.</summary>
    private sealed class Searches : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task[] _running;
        private readonly int[] _done = new int[2];

        public Searches(SophiaProcess a, SophiaProcess b) => _running = [Task.Run(() => RunAsync(a, 0)), Task.Run(() => RunAsync(b, 1))];

        public ConcurrentQueue<string> Wrong { get; } = new();

        /// <summary>Waits for so many more answers of each process.</summary>
        public async Task MoreAsync(int count)
        {
            var goals = _done.Select(done => done + count).ToArray();
            await Eventually.IsTrueAsync(
                () => _running.Any(task => task.IsFaulted) || _done.Zip(goals).All(pair => pair.First >= pair.Second), $"{count} more searches on each process");
            await Task.WhenAll(_running.Where(task => task.IsFaulted));
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Task.WhenAll(_running);
            _stop.Dispose();
        }

        private async Task RunAsync(SophiaProcess process, int place)
        {
            for (var i = 0; !_stop.IsCancellationRequested; i++)
            {
                var key = TwoModels.Key(i * 7 % Records);
                var (found, cosine) = await TwoModels.FindAsync(process.Http, Notes, key);
                if (found != key || cosine is < 0.999 or > 1.001)
                {
                    Wrong.Enqueue($"process {place}: {key} → {found} at {cosine}");
                }

                Interlocked.Increment(ref _done[place]);
            }
        }
    }
}
