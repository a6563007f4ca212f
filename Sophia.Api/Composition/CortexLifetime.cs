using Sophia.Memory.Cortex;

namespace Sophia.Api.Composition;

/// <summary>Starts L2 after the memory and ends it before: the ledger is written down while the store is open.</summary>
internal sealed class CortexLifetime(CortexMemory cortex) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        cortex.Start();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken) => await cortex.DisposeAsync();
}
