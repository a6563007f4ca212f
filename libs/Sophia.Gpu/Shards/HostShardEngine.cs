using Sophia.Gpu.Devices;
using Sophia.Gpu.DeviceVectors;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Text;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>
/// The engine of L0: shards in host memory, searched with the processor's vector instructions, or by GPUs that hold their
/// vectors too. The prompts of answers that a model gave are vectors of the inference cache's pool, all others of the vector cache's.
/// </summary>
public sealed class HostShardEngine : IShardEngine
{
    private readonly VectorStorage _records;
    private readonly VectorStorage _prompts;

    /// <param name="folder">
    /// Where large shards keep the float32 originals of their vectors, as files of this process; what an earlier process left
    /// there is deleted. Null: in memory.
    /// </param>
    /// <param name="pool">Where vectors are kept; null, or without room: the process's own memory.</param>
    /// <param name="devices">Whose kernels scan the vectors of large shards, a share each; null: the processor scans all.</param>
    public HostShardEngine(string? folder = null, PagePool? pool = null, IReadOnlyList<DeviceScans>? devices = null)
        : this(new VectorStorage(folder) { Pool = pool, Devices = devices ?? [] }, new VectorStorage(folder) { Pool = pool, Devices = devices ?? [] })
    {
    }

    internal HostShardEngine(VectorStorage records, VectorStorage prompts)
    {
        (_records, _prompts) = (records, prompts);
        var host = $"host memory, {HostProcessor.Vectors}";
        Engine = records.Devices.Count switch
        {
            0 => host,
            1 => $"{records.Devices[0].Device.Device.Facts.Model}, and {host}",
            var count => $"{count} × {records.Devices[0].Device.Device.Facts.Model}, and {host}",
        };
        _records.DeleteLeftOvers();
    }

    public string Engine { get; }

    public async Task<IReadOnlyList<string>> OverwriteAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var reasons = await Task.WhenAll(_records.Devices.Concat(_prompts.Devices).Select(device => device.OverwriteAsync(timeout, cancellationToken))).ConfigureAwait(false);
        return [.. reasons.OfType<string>().Distinct()];
    }

    /// <summary>On the devices of a node: vectors in the pools that are theirs, scanned by all of its GPUs where there are any.</summary>
    /// <param name="folder">As of the constructor.</param>
    public static HostShardEngine On(GpuNode node, PoolOptions options, string folder, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(node);
        var host = node.Devices.FirstOrDefault(static d => d.Device.Facts.Kind == DeviceKind.Host);
        VectorStorage In(PoolKind pool) => new(folder) { Pool = host?[pool], Devices = DeviceScans.On(node, options, clock, pool) };
        return new HostShardEngine(In(PoolKind.VectorCache), In(PoolKind.InferenceCache));
    }

    public IShard Create(NamespaceInfo ns)
    {
        ArgumentNullException.ThrowIfNull(ns);
        return new HostShard(ns.Settings, ns.Name.StartsWith(NamespaceRules.Cortex, StringComparison.Ordinal) ? _prompts : _records);
    }

    public IReadOnlyList<Highlight> Highlight(string language, MemoryRecord record, IReadOnlyList<string> terms) =>
        Highlighter.Highlight(record, TextAnalyzer.For(language), terms);
}
