using Sophia.Tests.Client;

namespace Sophia.Tests.Cli;

/// <summary>Commands at a scripted service.</summary>
public abstract class CommandRuns : IAsyncLifetime, IDisposable
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

    private protected Task<CliResult> Run(params string[] args) => Cli.RunAsync(Service, args);
}
