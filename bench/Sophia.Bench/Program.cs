using Sophia.Bench.Cortex;
using Sophia.Bench.ExternalFunctions;
using Sophia.Bench.HotGet;
using Sophia.Bench.HotHit;
using Sophia.Bench.Lexical;
using Sophia.Bench.Mirroring;
using Sophia.Bench.Quality;
using Sophia.Bench.Reporting;
using Sophia.Bench.Searching;
using Sophia.Bench.Starting;
using Sophia.Bench.Text;
using Sophia.Bench.Vectors;
using Sophia.Bench.Writes;

if (args is ["bare-endpoint", "--port", var port, "--body", var body])
{
    await BareEndpoint.RunAsync(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture), body);
    return 0;
}

if (args is ["quality", .. var sets])
{
    return await QualityBench.RunAsync(sets);
}

var benches = new Dictionary<string, Func<BenchSettings, Report, Task>>
{
    ["hot-hit"] = HotHitBench.RunAsync,
    ["hot-get"] = HotGetBench.RunAsync,
    ["writes-sqlite"] = WritesBench.OnSqliteAsync,
    ["writes-postgres"] = WritesBench.OnPostgresAsync,
    ["start"] = StartBench.RunAsync,
    ["composed"] = ComposedBench.RunAsync,
    ["text"] = TextBench.RunAsync,
    ["lexical"] = LexicalBench.RunAsync,
    ["search"] = SearchBench.RunAsync,
    ["vectors"] = VectorsBench.RunAsync,
    ["cortex"] = CortexBench.RunAsync,
    ["functions"] = FunctionsBench.RunAsync,
    ["mirror"] = MirrorBench.RunAsync,
};
if (args.Length == 0 || (args[0] != "all" && !benches.ContainsKey(args[0])) || BenchSettings.Read(args.AsSpan(1)) is not { } settings)
{
    Console.Error.WriteLine($"bench/run.sh {string.Join('|', benches.Keys)}|all [--only LOAD] [--json FILE] [--data DIRECTORY] [--quick]");
    return 2;
}

// Ctrl-C ends through the ordinary exit, so that every process started here is stopped.
Console.CancelKeyPress += (_, _) => Environment.Exit(130);
Directory.CreateDirectory(settings.DataDirectory);
var report = new Report();
try
{
    Machine.Describe(report);
    Calibration.Run(report, settings.DataDirectory);
    foreach (var (name, run) in benches)
    {
        if (args[0] == "all" || args[0] == name)
        {
            report.Begin(name);
            await run(settings, report);
        }
    }
}
finally
{
    if (settings.JsonFile is { } file)
    {
        await report.SaveAsync(file);
    }

    if (settings.OwnsDataDirectory)
    {
        Directory.Delete(settings.DataDirectory, recursive: true);
    }
}

return 0;
