using System.Text.Json;
using Sophia.Faults.Tests.Harness;

namespace Sophia.Faults.Tests;

/// <summary>kill -9 while a namespace changes its model and is written.</summary>
[Collection(FaultTests.Name)]
public sealed class ModelChangeKilledTests(Engines engines)
{
    private const string Notes = "notes";
    private const int Records = 500;

    /// <summary>Calls to the new model that are answered before the kill; the next one is held.</summary>
    private const int Answered = 4;

    [Fact]
    public Task After_a_kill_in_the_making_SQLite_goes_on_where_it_was_and_has_every_acknowledged_record() => SurvivesAsync(null);

    [SkippableFact]
    public Task After_a_kill_in_the_making_PostgreSQL_goes_on_where_it_was_and_has_every_acknowledged_record() => SurvivesAsync(engines.NewDatabase());

    private static async Task SurvivesAsync(string? postgres)
    {
        using var folder = new TestFolder();
        await using var models = await TwoModels.StartAsync();
        var settings = models.Settings(folder.Path, postgres);
        var loads = new List<WriteLoad>();
        HashSet<string> kept;
        int seen;
        await using (var process = await SophiaProcess.StartAsync(settings))
        {
            await TwoModels.WriteAsync(process.Http, Notes, Records);
            var (calls, held, release) = (0, new TaskCompletionSource(), new TaskCompletionSource());
            models.Near.Gate = () =>
            {
                if (Interlocked.Increment(ref calls) <= Answered)
                {
                    return Task.CompletedTask;
                }

                held.TrySetResult();
                return release.Task;
            };
            await using var load = new WriteLoad(process.Http, Notes, "during", singles: 2);
            loads.Add(load);
            await TwoModels.StartAsync(process.Http, Notes);
            await held.Task.WaitAsync(TimeSpan.FromSeconds(60));
            await load.WritesAsync(100, process);
            Assert.Equal("making", (string?)(await TwoModels.StatusAsync(process.Http, Notes))["state"]);
            process.Kill();
            await load.StopAsync();
            Assert.Empty(load.Refusals);
            // A call is made when the vectors of those before it are durable; the last of them may be parts of one batch.
            kept = [.. models.Near.Requests.Take(Answered / 2).SelectMany(TextsOf)];
            release.SetResult();
        }

        models.Near.Gate = null;
        seen = models.Near.Requests.Count;
        Assert.NotEmpty(kept);
        await using (var process = await SophiaProcess.StartAsync(settings))
        {
            await TwoModels.UntilAsync(process, Notes, "cut-over");
            await Ledger.HoldsAsync(process.Http, Notes, loads);
            Assert.DoesNotContain(models.Near.Requests.Skip(seen).SelectMany(TextsOf), kept.Contains);
            await FindsAllAsync(process, loads);
            // In the settling: asked for, and dead before it can be done.
            await TwoModels.MoveAsync(process.Http, Notes, "finish");
            process.Kill();
        }

        await using var last = await SophiaProcess.StartAsync(settings);
        await TwoModels.UntilAsync(last, Notes, "finished");
        Assert.Equal("near", await TwoModels.CurrentAsync(last.Http, Notes));
        await Ledger.HoldsAsync(last.Http, Notes, loads);
        await FindsAllAsync(last, loads);
    }

    private static async Task FindsAllAsync(SophiaProcess process, List<WriteLoad> loads)
    {
        foreach (var key in loads.SelectMany(load => load.Acknowledged).Where((_, i) => i % 10 == 0).Append(TwoModels.Key(0)).Append(TwoModels.Key(Records - 1)))
        {
            await TwoModels.FindsAsync(process.Http, Notes, key);
        }
    }

    private static IEnumerable<string> TextsOf(JsonElement request) => request.GetProperty("input").EnumerateArray().Select(text => text.GetString()!);
}
