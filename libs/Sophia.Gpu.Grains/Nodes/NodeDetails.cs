using System.Buffers;
using System.Text;
using System.Text.Json;
using Orleans.Concurrency;
using Sophia.Gpu.Health;
using Sophia.Gpu.Pools;

namespace Sophia.Gpu.Grains.Nodes;

/// <summary>
/// What a node says of its devices when somebody asks: too much for each second's look. Lists are arrays of JSON, as <see cref="DeviceJson"/> writes
/// them. Members that a version to come adds have higher ids: the version before leaves them out.
/// </summary>
/// <param name="Address">Of the node among the others.</param>
/// <param name="Name">As it is configured; null where nothing was heard of it yet, and of a version that does not say.</param>
[GenerateSerializer, Immutable]
[Alias("sophia.details")]
public sealed record NodeDetails([property: Id(0)] string Address, [property: Id(1)] string? Name)
{
    private const string None = "[]";

    /// <summary>Why it says nothing, for people; null where it does.</summary>
    [Id(2)]
    public string? Unanswered { get; init; }

    [Id(3)]
    public string Devices { get; init; } = None;

    /// <summary>Readings of the driver.</summary>
    [Id(4)]
    public string Gpus { get; init; } = None;

    [Id(5)]
    public string? DriverFailure { get; init; }

    [Id(6)]
    public string Pools { get; init; } = None;

    /// <summary>Of the process: a service that is a node too finds its own pools among those of the nodes.</summary>
    [Id(7)]
    public Guid Process { get; init; }

    [Id(8)]
    public string NotOpened { get; init; } = None;

    public static Guid ThisProcess { get; } = Guid.NewGuid();

    internal static NodeDetails Of(string address, GpuNode node, DeviceWatch watch, GpuSensors sensors) => new(address, node.Name)
    {
        Process = ThisProcess,
        DriverFailure = sensors.Failure,
        NotOpened = Written(json => DeviceJson.Write(json, node.Unopened)),
        Gpus = Written(json => DeviceJson.Write(json, sensors.Read())),
        Devices = WrittenArray(json =>
        {
            foreach (var device in node.Devices)
            {
                DeviceJson.Write(json, device, watch[device.Name]);
            }
        }),
        Pools = WrittenArray(json =>
        {
            foreach (var pool in node.Devices.SelectMany(static device => device.Pools))
            {
                DeviceJson.Write(json, pool.Report(), address);
            }
        }),
    };

    private static string WrittenArray(Action<Utf8JsonWriter> write) => Written(json =>
    {
        json.WriteStartArray();
        write(json);
        json.WriteEndArray();
    });

    private static string Written(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
