using System.Diagnostics;
using System.Text.Json;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Cortex;
using Sophia.Api.Documentation;
using Sophia.Api.Reading;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;
using Sophia.Memory.Cortex;
using Sophia.Memory.Cortex.Eviction;
using Sophia.Memory.Hierarchy;

namespace Sophia.Api.Gpu;

/// <summary>GET /v1/gpu and /v1/gpu/pools: the devices of this node and what their pools hold, and the nodes of L0 where it is a cluster's.</summary>
internal sealed class GpuEndpoint(GpuNode node, DeviceWatch watch, GpuSensors sensors, CortexMemory cortex, IServiceProvider services)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var endpoint = ActivatorUtilities.CreateInstance<GpuEndpoint>(routes.ServiceProvider);
        routes.MapEdge("GET", "/v1/gpu", Rights.Read, endpoint.GetAsync).Describe("Gpu", "GetGpu", "Shows the devices of this node, the profile by which their memory is divided, and whether their kernels compute").Answers<GpuAnswer>(200);
        routes.MapEdge("GET", "/v1/gpu/pools", Rights.Read, endpoint.GetPoolsAsync).Describe("Gpu", "GetPools", "Shows each pool of device memory: sizes, use, fragmentation, evictions, lifetimes").Answers<PoolsAnswer>(200);
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
            Write(json, device);
        }

        json.WriteEndArray();
        json.WriteStartArray("notOpened");
        foreach (var device in node.Unopened)
        {
            json.WriteStartObject();
            json.WriteString("name", device.Id);
            json.WriteString("model", device.Model);
            json.WriteString("uuid", device.Uuid);
            json.WriteString("reason", device.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("gpus");
        foreach (var reading in sensors.Read())
        {
            JsonSerializer.Serialize(json, reading, JsonSerializerOptions.Web);
        }

        json.WriteEndArray();
        json.WriteString("driverFailure", sensors.Failure);
        if (services.GetService<ShardCluster>() is { } cluster)
        {
            Write(json, cluster);
        }

        json.WriteEndObject();
        await body.SendAsync(context, 200, new Trail(), start);
    }

    public async Task GetPoolsAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        using var body = new JsonBody(4096);
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteStartArray("pools");
        foreach (var pool in node.Devices.SelectMany(d => d.Pools))
        {
            Write(json, pool.Report(), pool.Kind == PoolKind.InferenceCache ? cortex.CacheReport() : null);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        await body.SendAsync(context, 200, new Trail(), start);
    }

    private static void Write(Utf8JsonWriter json, ShardCluster cluster)
    {
        json.WriteStartArray("nodes");
        foreach (var one in cluster.Nodes)
        {
            json.WriteStartObject();
            json.WriteString("name", one.Name);
            json.WriteNumber("shards", one.Shards.Count(static shard => shard.IsServed));
            json.WriteNumber("usedBytes", one.UsedBytes);
            json.WriteNumber("limitBytes", one.UsedBytes + one.RoomBytes);
            json.WriteNumber("freeBytes", one.FreeBytes);
            json.WriteString("leftOut", one.Failure);
            json.WriteBoolean("takesShards", one.TakesShards);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void Write(Utf8JsonWriter json, PooledDevice device)
    {
        var facts = device.Device.Facts;
        var (check, at) = watch[device.Name];
        json.WriteStartObject();
        json.WriteString("name", device.Name);
        json.WriteString("kind", facts.Kind switch { DeviceKind.Cuda => "cuda", DeviceKind.Host => "host", _ => "simulated" });
        json.WriteString("model", facts.Model);
        json.WriteString("uuid", facts.Uuid);
        json.WriteString("computeCapability", facts.ComputeCapability?.ToString());
        json.WriteNumber("totalBytes", facts.TotalBytes);
        json.WriteNumber("freeBytes", device.Device.FreeBytes);
        json.WriteString("profile", device.Profile.Name);
        json.WriteStartArray("pools");
        foreach (var pool in device.Pools)
        {
            json.WriteStringValue(pool.Name);
        }

        json.WriteEndArray();
        json.WriteString("leftOut", device.Gate.Failure);
        json.WriteStartObject("check");
        json.WriteBoolean("healthy", check.IsHealthy);
        json.WriteString("failure", check.Failure);
        json.WriteNumber("tookMs", Math.Round(check.Took.TotalMilliseconds, 3));
        json.WriteTime("at", at);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, PoolReport pool, CacheReport? cache)
    {
        json.WriteStartObject();
        json.WriteString("name", pool.Name);
        json.WriteNumber("profileBytes", pool.ProfileBytes);
        json.WriteNumber("grantedBytes", pool.GrantedBytes);
        json.WriteNumber("pageBytes", pool.PageBytes);
        json.WriteNumber("pages", pool.Pages);
        json.WriteNumber("usedPages", pool.UsedPages);
        json.WriteNumber("usedBytes", pool.UsedBytes);
        json.WriteNumber("pinnedPages", pool.PinnedPages);
        json.WriteNumber("highWaterBytes", pool.HighWaterBytes);
        json.WriteNumber("fragmentation", Math.Round(pool.Fragmentation, 6));
        json.WriteNumber("allocations", pool.Allocations);
        json.WriteNumber("frees", pool.Frees);
        json.WriteNumber("refused", pool.Refused);
        json.WriteStartObject("evictions");
        foreach (var (reason, count) in pool.Evictions)
        {
            json.WriteNumber(reason, count);
        }

        json.WriteEndObject();
        Write(json, "lifetimes", pool.Lifetimes);
        Write(json, "idleBeforeEviction", pool.Idle);
        if (cache is not null)
        {
            json.WriteStartObject("cache");
            CacheEndpoint.Write(json, cache);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    // JSON has no infinity: the last bucket's bound is null.
    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<(double BoundSeconds, long Count)> histogram)
    {
        json.WriteStartArray(name);
        foreach (var (bound, count) in histogram)
        {
            json.WriteStartObject();
            if (double.IsFinite(bound))
            {
                json.WriteNumber("leSeconds", bound);
            }
            else
            {
                json.WriteNull("leSeconds");
            }

            json.WriteNumber("count", count);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
