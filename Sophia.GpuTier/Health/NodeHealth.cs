using System.Text.Json.Serialization;
using Orleans.Runtime;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Gpu.Pools;
using Sophia.Memory.Search.Cluster;

namespace Sophia.GpuTier.Health;

/// <summary>What GET /health answers.</summary>
/// <param name="Status">healthy, or unready with the reason.</param>
/// <param name="NotOpened">GPUs that could not be opened at the start, each with the reason; the node does without them.</param>
/// <param name="UsedBytes">What shards take in memory.</param>
/// <param name="LimitBytes">What they may take.</param>
internal sealed record NodeState(string Status, string? Reason, string Node, string Engine, IReadOnlyList<string> NotOpened, long UsedBytes, long LimitBytes, IReadOnlyList<HeldShard> Shards);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(NodeState))]
internal sealed partial class NodeJson : JsonSerializerContext;

/// <summary>
/// GET /health: 200 when the node may be asked, 503 when it may not: a device that computes wrong (its shards move to other nodes), no GPU
/// that could be opened, or a log that is not read.
/// </summary>
internal sealed class NodeHealth(ShardHost shards, NodeSpace space, GpuNode devices, ILocalSiloDetails silo)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var health = ActivatorUtilities.CreateInstance<NodeHealth>(routes.ServiceProvider);
        routes.MapMethods("/health", ["GET", "HEAD"], (RequestDelegate)health.AnswerAsync);
    }

    private Task AnswerAsync(HttpContext context)
    {
        var reason = space.FailureAt(shards.LogSilence);
        var state = new NodeState(reason is null ? "healthy" : "unready", reason, silo.SiloAddress.ToString(), shards.Engine, [.. devices.Unopened.Select(static device => device.Description)], shards.SizeInMemory, shards.MostBytes, shards.Report());
        context.Response.StatusCode = reason is null ? 200 : 503;
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(state, NodeJson.Default.NodeState, contentType: null, context.RequestAborted);
    }
}
