using System.Diagnostics;
using System.Text.Json;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Cortex;
using Sophia.Api.Documentation;
using Sophia.Api.Reading;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;
using Sophia.Memory.Cortex;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Api.Gpu;

/// <summary>GET /v1/gpu and /v1/gpu/pools: the devices of this process and what their pools hold, and those of the nodes of L0 where it is a cluster's.</summary>
internal sealed class GpuEndpoint(GpuNode node, DeviceWatch watch, GpuSensors sensors, CortexMemory cortex, IServiceProvider services)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var endpoint = ActivatorUtilities.CreateInstance<GpuEndpoint>(routes.ServiceProvider);
        routes.MapEdge("GET", "/v1/gpu", Rights.Read, endpoint.GetAsync).Describe("Gpu", "GetGpu", "Shows the devices of the process that answers, the profile by which their memory is divided, and whether their kernels compute; and the same of each node of L0").Answers<GpuAnswer>(200);
        routes.MapEdge("GET", "/v1/gpu/pools", Rights.Read, endpoint.GetPoolsAsync).Describe("Gpu", "GetPools", "Shows each pool of device memory, of the process that answers and of the nodes of L0: sizes, use, fragmentation, evictions, lifetimes").Answers<PoolsAnswer>(200);
    }

    public async Task GetAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        using var body = new JsonBody();
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteString("node", node.Name);
        json.WriteStartArray("devices");
        foreach (var device in node.Devices)
        {
            DeviceJson.Write(json, device, watch[device.Name]);
        }

        json.WriteEndArray();
        json.WritePropertyName("notOpened");
        DeviceJson.Write(json, node.Unopened);
        json.WritePropertyName("gpus");
        DeviceJson.Write(json, sensors.Read());
        json.WriteString("driverFailure", sensors.Failure);
        if (services.GetService<ShardCluster>() is { } cluster)
        {
            Write(json, cluster.Nodes, await cluster.DetailsAsync(context.RequestAborted));
        }

        json.WriteEndObject();
        await body.SendAsync(context, 200, new Trail(), start);
    }

    public async Task GetPoolsAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        IReadOnlyList<NodeDetails> nodes = services.GetService<ShardCluster>() is { } cluster ? await cluster.DetailsAsync(context.RequestAborted) : [];
        using var body = new JsonBody(4096);
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteStartArray("pools");
        foreach (var pool in node.Devices.SelectMany(d => d.Pools))
        {
            DeviceJson.Write(json, pool.Report(), null, pool.Kind == PoolKind.InferenceCache ? WriteCache : null);
        }

        // A service that is a node too has its own once.
        foreach (var one in nodes.Where(static one => one.Process != NodeDetails.ThisProcess))
        {
            WriteItems(json, one.Pools);
        }

        json.WriteEndArray();
        json.WriteStartArray("unanswered");
        foreach (var one in nodes.Where(static one => one.Unanswered is not null))
        {
            json.WriteStartObject();
            json.WriteString("name", one.Name);
            json.WriteString("address", one.Address);
            json.WriteString("reason", one.Unanswered);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        await body.SendAsync(context, 200, new Trail(), start);
    }

    /// <param name="heard">What each held about a second ago; one of which nothing was heard then has no figures.</param>
    private static void Write(Utf8JsonWriter json, IReadOnlyList<ClusterNode> heard, IReadOnlyList<NodeDetails> details)
    {
        json.WriteStartArray("nodes");
        foreach (var one in details)
        {
            var held = heard.FirstOrDefault(node => (node.Address ?? node.Name) == one.Address);
            json.WriteStartObject();
            json.WriteString("name", one.Name ?? held?.Name ?? one.Address);
            json.WriteString("address", one.Address);
            json.WriteString("unanswered", one.Unanswered);
            WriteOrNull(json, "shards", held?.Shards.Count(static shard => shard.IsServed));
            WriteOrNull(json, "usedBytes", held?.UsedBytes);
            WriteOrNull(json, "limitBytes", held?.UsedBytes + held?.RoomBytes);
            WriteOrNull(json, "freeBytes", held?.FreeBytes);
            json.WriteString("leftOut", held?.Failure);
            json.WriteBoolean("takesShards", held is { TakesShards: true });
            json.WriteStartArray("devices");
            WriteItems(json, one.Devices);
            json.WriteEndArray();
            json.WriteStartArray("notOpened");
            WriteItems(json, one.NotOpened);
            json.WriteEndArray();
            json.WriteStartArray("gpus");
            WriteItems(json, one.Gpus);
            json.WriteEndArray();
            json.WriteString("driverFailure", one.DriverFailure);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The items of an array, within another.</summary>
    private static void WriteItems(Utf8JsonWriter json, string array)
    {
        using var items = JsonDocument.Parse(array);
        foreach (var item in items.RootElement.EnumerateArray())
        {
            item.WriteTo(json);
        }
    }

    private static void WriteOrNull(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private void WriteCache(Utf8JsonWriter json)
    {
        json.WriteStartObject("cache");
        CacheEndpoint.Write(json, cortex.CacheReport());
        json.WriteEndObject();
    }
}
