using System.Globalization;
using System.Text.Json;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>
/// Devices and pools as /v1/gpu and /v1/gpu/pools show them. A service writes its own, and a node writes its own for the services that ask it:
/// what they show of a node of another version is what that one says.
/// </summary>
public static class DeviceJson
{
    /// <param name="state">Its last check.</param>
    public static void Write(Utf8JsonWriter json, PooledDevice device, DeviceState state)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(state);
        var facts = device.Device.Facts;
        json.WriteStartObject();
        json.WriteString("name", device.Name);
        json.WriteString("kind", facts.Kind switch { DeviceKind.Cuda => "cuda", DeviceKind.Host => "host", _ => "simulated" });
        json.WriteString("model", facts.Model);
        json.WriteString("uuid", facts.Uuid);
        json.WriteString("computeCapability", facts.ComputeCapability?.ToString());
        json.WriteNumber("totalBytes", facts.TotalBytes);
        json.WriteNumber("freeBytes", state.FreeBytes);
        json.WriteString("profile", device.Profile.Name);
        json.WriteStartArray("pools");
        foreach (var pool in device.Pools)
        {
            json.WriteStringValue(pool.Name);
        }

        json.WriteEndArray();
        json.WriteString("leftOut", device.Gate.Failure);
        json.WriteStartObject("check");
        json.WriteBoolean("healthy", state.Check.IsHealthy);
        json.WriteString("failure", state.Check.Failure);
        json.WriteNumber("tookMs", Math.Round(state.Check.Took.TotalMilliseconds, 3));
        json.WriteString("at", state.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, IReadOnlyList<UnopenedDevice> unopened)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(unopened);
        json.WriteStartArray();
        foreach (var device in unopened)
        {
            json.WriteStartObject();
            json.WriteString("name", device.Id);
            json.WriteString("model", device.Model);
            json.WriteString("uuid", device.Uuid);
            json.WriteString("reason", device.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void Write(Utf8JsonWriter json, IReadOnlyList<GpuReading> readings)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(readings);
        json.WriteStartArray();
        foreach (var reading in readings)
        {
            JsonSerializer.Serialize(json, reading, JsonSerializerOptions.Web);
        }

        json.WriteEndArray();
    }

    /// <param name="address">Of the node among the others; null for the process that answers.</param>
    /// <param name="more">Writes what else the pool's object has.</param>
    public static void Write(Utf8JsonWriter json, PoolReport pool, string? address, Action<Utf8JsonWriter>? more = null)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(pool);
        json.WriteStartObject();
        json.WriteString("name", pool.Name);
        json.WriteString("address", address);
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
        more?.Invoke(json);
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
