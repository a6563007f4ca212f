using Microsoft.Extensions.Diagnostics.HealthChecks;
using Sophia.Gpu.Pools;

namespace Sophia.GpuTier.Health;

/// <summary>
/// Of /alive: unhealthy when a device can only be used again by another process, or none of the node's GPUs could be opened at its start, so that
/// whoever watches over the node starts it anew. A GPU that could not be opened beside others that were is not worth their shards.
/// </summary>
internal sealed class DevicesAlive(GpuNode node) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        node.Devices.FirstOrDefault(static device => device.Gate.IsLost) is { } lost ? HealthCheckResult.Unhealthy($"{lost.Name}: {lost.Gate.Failure}")
        : node.IsWithoutItsGpus ? HealthCheckResult.Unhealthy(node.Unopened[0].Description)
        : HealthCheckResult.Healthy());
}
