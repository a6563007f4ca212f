using System.Text.Json;
using System.Text.Json.Serialization;
using Orleans.Serialization;

namespace Sophia.Gpu.Grains.Hosting;

/// <summary>
/// How the types of the core travel between processes: they know no Orleans, so they go as JSON, and vectors in it as base64 of
/// their bytes. Within a process nothing is copied: what is handed over is not changed by anybody.
/// </summary>
internal static class WireFormat
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        IgnoreReadOnlyProperties = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new VectorBytes(), new RowFactsBytes() },
    };

    public static void Use(ISerializerBuilder serializer) => serializer.AddJsonSerializer(
        type => type.Namespace is { } name && name.StartsWith("Sophia.Memory", StringComparison.Ordinal), Options);

    private sealed class VectorBytes : JsonConverter<float[]>
    {
        public override float[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var bytes = reader.GetBytesFromBase64();
            var vector = new float[bytes.Length / sizeof(float)];
            Buffer.BlockCopy(bytes, 0, vector, 0, vector.Length * sizeof(float));
            return vector;
        }

        public override void Write(Utf8JsonWriter writer, float[] value, JsonSerializerOptions options) =>
            writer.WriteBase64StringValue(System.Runtime.InteropServices.MemoryMarshal.AsBytes(value.AsSpan()));
    }
}
