using Sophia.Bench.Nodes;
using Sophia.Bench.Reporting;

if (BenchSettings.Read(args) is not { } settings)
{
    Console.Error.WriteLine("dotnet run -c Release --project bench/nodes [--only grain|several|death|recovery|recovery-1m] [--json FILE] [--data DIRECTORY] [--quick]");
    return 2;
}

Directory.CreateDirectory(settings.DataDirectory);
var report = new Report();
try
{
    Machine.Describe(report);
    await NodesBench.RunAsync(settings, report);
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
