using Sophia.Memory.Hierarchy;
using Sophia.Memory.Stores;

namespace Sophia.Api.Composition;

/// <summary>
/// Opens the memory before the server listens and closes it after the last request: hosted services start in the order
/// in which they were added and stop in reverse, and the server is added last.
/// </summary>
internal sealed class MemoryLifetime(MemoryHierarchy memory) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await memory.StartAsync(cancellationToken);
        }
        catch (Exception e) when (e is StoreInUseException or StoreUnavailableException or StoreFullException)
        {
            throw new ConfigurationException(e.Message);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken) => await memory.DisposeAsync();
}
