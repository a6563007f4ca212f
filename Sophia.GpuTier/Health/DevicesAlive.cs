using Microsoft.Extensions.Diagnostics.HealthChecks;
using Sophia.Gpu.Pools;

namespace Sophia.GpuTier.Health;

/// <summary>Of /alive: unhealthy when a device can only be used again by another process, so that whoever watches over the node starts it anew.</summary>
internal sealed class DevicesAlive(GpuNode node) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        node.Devices.FirstOrDefault(static device => device.Gate.IsLost) is { } lost ? HealthCheckResult.Unhealthy($"{lost.Name}: {lost.Gate.Failure}") : HealthCheckResult.Healthy());
}
