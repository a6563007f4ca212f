using Sophia.Gpu.Devices;
using Sophia.Gpu.DeviceVectors;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Text;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>The engine of L0: shards in host memory, searched with the processor's vector instructions, or by a GPU that holds their vectors too.</summary>
public sealed class HostShardEngine : IShardEngine
{
    private readonly VectorStorage _storage;

    /// <param name="folder">
    /// Where large shards keep the float32 originals of their vectors, as files of this process; what an earlier process left
    /// there is deleted. Null: in memory.
    /// </param>
    /// <param name="pool">Where vectors are kept; null, or without room: the process's own memory.</param>
    /// <param name="device">Whose kernels scan the vectors of large shards; null: the processor scans all.</param>
    public HostShardEngine(string? folder = null, PagePool? pool = null, DeviceScans? device = null)
    {
        _storage = new VectorStorage(folder) { Pool = pool, Device = device };
        Engine = device is null ? $"host memory, {HostProcessor.Vectors}" : $"{device.Device.Device.Facts.Model}, and host memory, {HostProcessor.Vectors}";
        _storage.DeleteLeftOvers();
    }

    public string Engine { get; }

    public IShard Create(NamespaceInfo ns)
    {
        ArgumentNullException.ThrowIfNull(ns);
        return new HostShard(ns.Settings, _storage);
    }

    public IReadOnlyList<Highlight> Highlight(string language, MemoryRecord record, IReadOnlyList<string> terms) =>
        Highlighter.Highlight(record, TextAnalyzer.For(language), terms);
}
