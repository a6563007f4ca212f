using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>What a node has for shards beside its memory.</summary>
/// <param name="FreeBytes">Of the vector pools of its devices, not allocated.</param>
public sealed record NodeSpace(Func<long> FreeBytes)
{
    private static readonly TimeSpan MostSilence = TimeSpan.FromSeconds(10);

    /// <summary>Shards go to the node with the most room in the pools that vectors stand in, and away from one whose device is left out.</summary>
    public static NodeSpace Of(GpuNode node, DeviceWatch watch, GpuSensors sensors, ClusterSettings settings) => new(() => node.Devices.Sum(static device =>
    {
        var report = device[PoolKind.VectorCache].Report();
        return report.GrantedBytes - report.UsedBytes;
    }))
    {
        Name = node.Name,
        Details = address => NodeDetails.Of(address, node, watch, sensors),
        Settling = settings.DeviceSettling,
        Failure = () => node.Failure,
    };

    /// <summary>As the node is configured.</summary>
    public string? Name { get; init; }

    /// <summary>What the node says of its devices, by its address.</summary>
    public Func<string, NodeDetails> Details { get; init; } = static address => new NodeDetails(address, null);

    /// <summary>What is wrong with a device of the node; null while all compute.</summary>
    public Func<string?> Failure { get; init; } = static () => null;

    /// <summary>What is wrong with the node; null while it is well. One that does not read the log answers what was there before.</summary>
    /// <param name="logSilence">Since the log was last read, be it a page of what is behind.</param>
    public string? FailureAt(TimeSpan logSilence) => Failure() ?? (logSilence > MostSilence ? $"The log was last read {logSilence.TotalSeconds:N0} s ago." : null);

    /// <summary>How long a device that failed must compute until the node gets shards again.</summary>
    public TimeSpan Settling { get; init; } = new ClusterSettings().DeviceSettling;
}

/// <summary>
/// Whether a node gets shards. While a device of it fails the host engine answers for it, and its shards move away, as they do from one that
/// cannot read the log; it gets none until it has been well for <see cref="NodeSpace.Settling"/>, so that one that fails again and again does
/// not draw shards to and fro.
/// </summary>
internal sealed class NodeFitness(NodeSpace space, Func<TimeSpan> logSilence, TimeProvider clock)
{
    private long? _failedAt;

    /// <summary>Looked at again and again: a failure between two looks is not seen.</summary>
    public (string? Failure, bool TakesShards) Look()
    {
        var failure = space.FailureAt(logSilence());
        if (failure is not null)
        {
            _failedAt = clock.GetTimestamp();
        }

        return (failure, _failedAt is not { } at || clock.GetElapsedTime(at) >= space.Settling);
    }
}
