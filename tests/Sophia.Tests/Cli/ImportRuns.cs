using System.IO.Compression;
using Sophia.Tests.Client;

namespace Sophia.Tests.Cli;

/// <summary>Imports by the command line into a scripted service, from files of a folder of their own.</summary>
public abstract class ImportRuns : IAsyncLifetime, IDisposable
{
    private protected CliRun Cli { get; } = new();

    private protected ScriptedService Service { get; private set; } = null!;

    public async Task InitializeAsync() => Service = await ScriptedService.StartAsync();

    public async Task DisposeAsync() => await Service.DisposeAsync();

    public void Dispose()
    {
        Cli.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected Task<CliResult> Import(string source, params string[] options) => Cli.RunAsync(Service, ["import", source, "-n", "docs", "--json", .. options]);

    private protected string WriteGzip(string path, byte[] content)
    {
        var full = Cli.Write(path, "");
        using var gzip = new GZipStream(File.Create(full), CompressionLevel.Fastest);
        gzip.Write(content);
        return full;
    }
}
