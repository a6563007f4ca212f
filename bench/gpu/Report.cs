using System.Globalization;
using System.Text.Json;
using Sophia.Gpu.Devices;

namespace Sophia.Bench.Gpu;

/// <summary>One measure.</summary>
/// <param name="Bytes">Read from the device's memory (of copies: read and written).</param>
/// <param name="Times">Zero of what is only looked at, or failed.</param>
/// <param name="Fraction">Of the read bandwidth measured in this run; null for that itself.</param>
/// <param name="Target">What issue and mission ask the fraction to be; null where they ask nothing.</param>
/// <param name="Failure">Null when the result agreed with the reference in double precision.</param>
internal sealed record Line(
    string Name, long Rows, int Dimensions, long Bytes, Times Times, double? Fraction, double? Target, string? Failure)
{
    public double BytesPerSecond => IsTimed ? Bytes / Times.Median.TotalSeconds : 0;

    public bool IsTimed => Times.Median > TimeSpan.Zero;
}

/// <summary>The table and the JSON of a run.</summary>
internal sealed class Report(DeviceFacts device, Arguments arguments, Sensors? sensors)
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
            Add(new Line(name, 0, 0, 0, default, null, null, $"failed: {e.Message}"));
        }
    }

    public Times Time(Action run) => Timing.Of(arguments.Repeats, arguments.OnCpu ? TimeSpan.Zero : Timing.WarmUp, run, sensors);

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

        if (sensors is null)
        {
            return;
        }

        Console.WriteLine("| measure | SM clock, MHz | memory clock, MHz | power, W | temperature, °C | clocks held back by |");
        Console.WriteLine("|---|---:|---:|---:|---:|---|");
        foreach (var (name, times) in _lines.Where(static line => line.Times.Before is not null).Select(static line => (line.Name, line.Times)))
        {
            var (before, after) = (times.Before!, times.After!);
            Console.WriteLine(string.Create(
                culture,
                $"| {name} | {before.SmClockMhz} → {after.SmClockMhz} | {before.MemoryClockMhz} → {after.MemoryClockMhz} | {before.PowerWatts:F0} → {after.PowerWatts:F0} | {before.TemperatureCelsius} → {after.TemperatureCelsius} | {before.HeldBackBy} → {after.HeldBackBy} |"));
        }
    }

    private static string Row(Line line)
    {
        var culture = CultureInfo.InvariantCulture;
        var target = line.Target is { } least ? string.Create(culture, $"≥ {least:F2}") : "";
        return string.Create(
            culture,
            $"| {line.Name} | {(line.Rows > 0 ? $"{line.Rows:N0} × {line.Dimensions}" : "")} | {line.Bytes:N0} | {(line.IsTimed ? string.Create(culture, $"{line.Times.Median.TotalMilliseconds:F3} ms | {line.Times.P99.TotalMilliseconds:F3} ms | {line.BytesPerSecond / 1e9:F1}") : " | | ")} | {(line.Fraction is { } f ? f.ToString("F3", culture) : "")} | {target} | {line.Failure ?? "right"} |");
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
                Write(json, "medianMs", line.IsTimed ? line.Times.Median.TotalMilliseconds : null);
                Write(json, "p99Ms", line.IsTimed ? line.Times.P99.TotalMilliseconds : null);
                Write(json, "bytesPerSecond", line.IsTimed ? line.BytesPerSecond : null);
                Write(json, "fractionOfReadSum", line.Fraction);
                Write(json, "target", line.Target);
                json.WriteBoolean("right", line.Failure is null);
                json.WriteString("failure", line.Failure);
                Write(json, "sensorsBefore", line.Times.Before);
                Write(json, "sensorsAfter", line.Times.After);
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

    private static void Write(Utf8JsonWriter json, string name, SensorReading? reading)
    {
        if (reading is not null)
        {
            json.WriteStartObject(name);
            Write(json, "smClockMhz", reading.SmClockMhz);
            Write(json, "memoryClockMhz", reading.MemoryClockMhz);
            Write(json, "powerWatts", reading.PowerWatts);
            Write(json, "temperatureCelsius", reading.TemperatureCelsius);
            json.WriteString("clocksHeldBackBy", reading.HeldBackBy?.ToString());
            json.WriteEndObject();
        }
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
