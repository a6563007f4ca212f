using System.Globalization;
using System.Text.Json;
using Sophia.Gpu.Devices;

namespace Sophia.Bench.Gpu;

/// <summary>One measure.</summary>
/// <param name="Bytes">Read from the device's memory (of copies: read and written).</param>
/// <param name="Median">Of the repeats.</param>
/// <param name="Fraction">Of the read bandwidth measured in this run; null for that itself.</param>
/// <param name="Target">What issue and mission ask the fraction to be; null where they ask nothing.</param>
/// <param name="Failure">Null when the result agreed with the reference in double precision.</param>
internal sealed record Line(
    string Name, long Rows, int Dimensions, long Bytes, TimeSpan Median, TimeSpan P99, double? Fraction, double? Target, string? Failure)
{
    public double BytesPerSecond => Median == TimeSpan.Zero ? 0 : Bytes / Median.TotalSeconds;
}

/// <summary>The table and the JSON of a run.</summary>
internal sealed class Report(DeviceFacts device, Arguments arguments)
{
    private readonly List<Line> _lines = [];
    private readonly List<string> _notes = [];

    public bool IsRight => _lines.TrueForAll(line => line.Failure is null);

    public void Add(Line line)
    {
        _lines.Add(line);
        Console.Error.WriteLine(Row(line));
        Save();
    }

    public void Note(string note)
    {
        _notes.Add(note);
        Console.Error.WriteLine(note);
        Save();
    }

    /// <summary>Makes a measure; where that fails, this is what the run says of it, and the next is made.</summary>
    public void Try(string name, Action measure)
    {
        try
        {
            measure();
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e);
            Add(new Line(name, 0, 0, 0, TimeSpan.Zero, TimeSpan.Zero, null, null, $"failed: {e.Message}"));
        }
    }

    public void Print()
    {
        var culture = CultureInfo.InvariantCulture;
        Console.WriteLine(string.Create(culture, $"{device.Model}, {device.TotalBytes / 1e9:F1} GB{(device.ComputeCapability is { } capability ? $", compute capability {capability}" : "")}, {DateTime.UtcNow:yyyy-MM-dd}"));
        if (device.Kind == DeviceKind.Simulated)
        {
            Console.WriteLine("ILGPU's CPU accelerator is a debugger: the times below say nothing about any GPU, nor about this processor.");
        }

        Console.WriteLine($"| measure | rows × components | bytes | median | p99 | GB/s | of read-sum | target | result |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|---|");
        foreach (var line in _lines)
        {
            Console.WriteLine(Row(line));
        }

        foreach (var note in _notes)
        {
            Console.WriteLine(note);
        }
    }

    private static string Row(Line line)
    {
        var culture = CultureInfo.InvariantCulture;
        var target = line.Target is { } least ? string.Create(culture, $"≥ {least:F2}") : "";
        return string.Create(
            culture,
            $"| {line.Name} | {(line.Rows > 0 ? $"{line.Rows:N0} × {line.Dimensions}" : "")} | {line.Bytes:N0} | {line.Median.TotalMilliseconds:F3} ms | {line.P99.TotalMilliseconds:F3} ms | {line.BytesPerSecond / 1e9:F1} | {(line.Fraction is { } f ? f.ToString("F3", culture) : "")} | {target} | {line.Failure ?? "right"} |");
    }

    // After each measure: a run that is killed leaves what it had.
    private void Save()
    {
        if (arguments.Json is { } path)
        {
            File.WriteAllBytes(path, Json());
        }
    }

    private byte[] Json()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("device", device.Model);
            json.WriteString("kind", device.Kind.ToString());
            json.WriteNumber("totalBytes", device.TotalBytes);
            json.WriteString("computeCapability", device.ComputeCapability?.ToString());
            json.WriteString("at", DateTime.UtcNow);
            json.WriteStartArray("measures");
            foreach (var line in _lines)
            {
                json.WriteStartObject();
                json.WriteString("name", line.Name);
                json.WriteNumber("rows", line.Rows);
                json.WriteNumber("dimensions", line.Dimensions);
                json.WriteNumber("bytes", line.Bytes);
                json.WriteNumber("medianMs", line.Median.TotalMilliseconds);
                json.WriteNumber("p99Ms", line.P99.TotalMilliseconds);
                json.WriteNumber("bytesPerSecond", line.BytesPerSecond);
                Write(json, "fractionOfReadSum", line.Fraction);
                Write(json, "target", line.Target);
                json.WriteBoolean("right", line.Failure is null);
                json.WriteString("failure", line.Failure);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("notes");
            foreach (var note in _notes)
            {
                json.WriteStringValue(note);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void Write(Utf8JsonWriter json, string name, double? value)
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
}
