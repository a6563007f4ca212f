using Sophia.Faults.Tests.Harness;

namespace Sophia.Faults.Tests;

[Collection(FaultTests.Name)]
public sealed class KilledWhileWritingTests(Engines engines)
{
    private const int Rounds = 3;
    private const int WritesPerRound = 300;

    [Fact]
    public Task After_a_kill_under_writes_SQLite_has_every_acknowledged_record_whole() => SurvivesKillsAsync(null);

    [SkippableFact]
    public Task After_a_kill_under_writes_PostgreSQL_has_every_acknowledged_record_whole() => SurvivesKillsAsync(engines.NewDatabase());

    private static async Task SurvivesKillsAsync(string? postgres)
    {
        using var folder = new TestFolder();
        var settings = new SophiaSettings { DataDirectory = folder.Path, Postgres = postgres };
        var loads = new List<WriteLoad>();
        for (var round = 0; round < Rounds; round++)
        {
            await using var process = await SophiaProcess.StartAsync(settings);
            await HoldAsync(process, loads);
            await using var load = new WriteLoad(process.Http, "notes", $"r{round}");
            loads.Add(load);
            await load.WritesAsync(WritesPerRound, process);
            process.Kill();
            await load.StopAsync();
            Assert.Empty(load.Refusals);
        }

        await using var last = await SophiaProcess.StartAsync(settings);
        await HoldAsync(last, loads);
        var found = await last.Http.SearchAsync("notes", loads[^1].Acknowledged.First());
        Assert.NotEmpty(found);
    }

    private static async Task HoldAsync(SophiaProcess process, List<WriteLoad> loads)
    {
        if (loads.Count > 0)
        {
            await Ledger.HoldsAsync(process.Http, "notes", loads);
        }
    }
}
