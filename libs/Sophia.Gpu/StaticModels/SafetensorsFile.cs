using System.Buffers.Binary;
using System.Text.Json;

namespace Sophia.Gpu.StaticModels;

/// <summary>One tensor of a file.</summary>
/// <param name="Offset">Of its first byte in the file.</param>
/// <param name="Bytes">As many as its shape and type take.</param>
public sealed record SafetensorsEntry(string Name, TensorType Type, IReadOnlyList<long> Shape, long Offset, long Bytes);

/// <summary>
/// The table of contents of a safetensors file, checked whole before anything is read by it.
/// <list type="number">
/// <item>Eight bytes, little-endian: the length of the header, at most 100 MB and no more than the file has.</item>
/// <item>The header: a JSON object, name to {dtype, shape, data_offsets: [begin, end]}; __metadata__ holds texts.</item>
/// <item>The data: tensors one after the other in the order of their offsets, without holes, overlaps or anything behind.</item>
/// </list>
/// Source: github.com/huggingface/safetensors, README, "Format".
/// </summary>
public sealed class SafetensorsFile
{
    private const int LengthBytes = 8;
    private const long MaxHeaderBytes = 100_000_000;
    private const string Metadata = "__metadata__";

    private SafetensorsFile(string path, IReadOnlyDictionary<string, SafetensorsEntry> tensors) => (Path, Tensors) = (path, tensors);

    public string Path { get; }

    public IReadOnlyDictionary<string, SafetensorsEntry> Tensors { get; }

    /// <exception cref="SafetensorsException">The file does not keep the format.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SafetensorsFile Open(string path)
    {
        using var file = File.OpenRead(path);
        var length = file.Length;
        Span<byte> prefix = stackalloc byte[LengthBytes];
        if (length < LengthBytes + 2 || file.ReadAtLeast(prefix, LengthBytes, throwOnEndOfStream: false) < LengthBytes)
        {
            throw Wrong(path, $"it has {length:N0} bytes, too few for a header");
        }

        var headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerBytes is 0 or > MaxHeaderBytes || headerBytes > (ulong)(length - LengthBytes))
        {
            throw Wrong(path, $"its header is said to have {headerBytes:N0} bytes; the file has {length:N0}, and a header at most {MaxHeaderBytes:N0}");
        }

        var header = new byte[headerBytes];
        file.ReadExactly(header);
        return new SafetensorsFile(path, Read(path, header, LengthBytes + (long)headerBytes, length));
    }

    /// <summary>The values of rows of a tensor of two axes, as float32.</summary>
    /// <param name="file">This file, open.</param>
    /// <param name="target">Whole rows.</param>
    /// <exception cref="EndOfStreamException">The file is shorter than it was.</exception>
    public static void ReadRows(FileStream file, SafetensorsEntry tensor, long firstRow, Span<float> target)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(tensor);
        var width = tensor.Type.BytesOfOne();
        var bytes = new byte[target.Length * width];
        file.Position = tensor.Offset + (firstRow * tensor.Shape[1] * width);
        file.ReadExactly(bytes);
        tensor.Type.ToSingles(bytes, target);
    }

    private static Dictionary<string, SafetensorsEntry> Read(string path, byte[] header, long dataStart, long fileLength)
    {
        if (header[0] != (byte)'{')
        {
            throw Wrong(path, "its header is no JSON object");
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(header, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
        }
        catch (JsonException error)
        {
            throw Wrong(path, $"its header is no JSON: {error.Message}", error);
        }
        catch (InvalidOperationException error)
        {
            // Thrown while names are compared with each other.
            throw NoUnicode(path, error);
        }

        using (document)
        {
            var tensors = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
            try
            {
                foreach (var property in document.RootElement.EnumerateObject())
                {
                    if (property.Name == Metadata)
                    {
                        RequireTexts(path, property.Value);
                    }
                    else
                    {
                        tensors.Add(property.Name, EntryOf(path, property, dataStart, fileLength));
                    }
                }
            }
            catch (InvalidOperationException error)
            {
                throw NoUnicode(path, error);
            }

            RequireNoHoles(path, tensors.Values, dataStart, fileLength);
            return tensors;
        }
    }

    // Nothing here reads them; a file that does not keep the format in one place is not believed in another.
    private static void RequireTexts(string path, JsonElement metadata)
    {
        if (metadata.ValueKind != JsonValueKind.Object)
        {
            throw Wrong(path, $"{Metadata} is no object");
        }

        foreach (var entry in metadata.EnumerateObject())
        {
            _ = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() : throw Wrong(path, $"'{entry.Name}' of {Metadata} is no text");
        }
    }

    private static SafetensorsEntry EntryOf(string path, JsonProperty property, long dataStart, long fileLength)
    {
        var name = property.Name;
        if (property.Value.ValueKind != JsonValueKind.Object ||
            !property.Value.TryGetProperty("dtype", out var dtype) || dtype.ValueKind != JsonValueKind.String ||
            !property.Value.TryGetProperty("shape", out var shape) || shape.ValueKind != JsonValueKind.Array ||
            !property.Value.TryGetProperty("data_offsets", out var offsets) || offsets.ValueKind != JsonValueKind.Array || offsets.GetArrayLength() != 2)
        {
            throw Wrong(path, $"tensor '{name}' has no dtype, shape or data_offsets");
        }

        var type = TensorTypes.Parse(dtype.GetString()!) ?? throw Wrong(path, $"tensor '{name}' is of the unknown type '{dtype.GetString()}'");
        // One after the other: an index into an array with an object in it is looked for from its beginning.
        var (axes, values) = (new List<long>(shape.GetArrayLength()), 1L);
        foreach (var element in shape.EnumerateArray())
        {
            axes.Add(element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var axis) && axis >= 0
                ? axis
                : throw Wrong(path, $"axis {axes.Count} of tensor '{name}' is no whole number from 0"));
            values = axis == 0 || values <= long.MaxValue / 16 / axis ? values * axis : throw Wrong(path, $"tensor '{name}' is larger than a file can be");
        }

        if (offsets[0].ValueKind != JsonValueKind.Number || offsets[1].ValueKind != JsonValueKind.Number ||
            !offsets[0].TryGetInt64(out var begin) || !offsets[1].TryGetInt64(out var end) || begin < 0 || end < begin || end > fileLength - dataStart)
        {
            throw Wrong(path, $"the data_offsets of tensor '{name}' are not within the file's {fileLength - dataStart:N0} bytes of data");
        }

        return end - begin == values * type.BytesOfOne()
            ? new SafetensorsEntry(name, type, axes, dataStart + begin, end - begin)
            : throw Wrong(path, $"tensor '{name}' has {end - begin:N0} bytes; its shape and type take {values * type.BytesOfOne():N0}");
    }

    private static void RequireNoHoles(string path, IEnumerable<SafetensorsEntry> tensors, long dataStart, long fileLength)
    {
        var at = dataStart;
        foreach (var tensor in tensors.OrderBy(t => t.Offset).ThenBy(t => t.Bytes))
        {
            at = tensor.Offset == at ? at + tensor.Bytes : throw Wrong(path, $"before tensor '{tensor.Name}' there is a hole or an overlap");
        }

        if (at != fileLength)
        {
            throw Wrong(path, $"{fileLength - at:N0} bytes belong to no tensor");
        }
    }

    // A name, a type or a value of the metadata: broken UTF-8, or half of a surrogate pair, escaped.
    private static SafetensorsException NoUnicode(string path, InvalidOperationException error) => Wrong(path, "a text in its header is no Unicode", error);

    private static SafetensorsException Wrong(string path, string what, Exception? inner = null) =>
        new($"'{path}' is no whole safetensors file: {what}.", inner);
}
