using System.Globalization;
using System.Text;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;

namespace Sophia.Bench.Vectors;

/// <summary>Records and shards as the benchmarks of the shard need them.</summary>
internal static class ShardText
{
    public static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <param name="dimensions">0: no vectors.</param>
    public static HostShard Shard(int dimensions, bool isCertified = true) => new(
        new NamespaceSettings { VectorSource = dimensions == 0 ? VectorSource.None : VectorSource.Caller, Dimensions = dimensions },
        new VectorStorage { IsCertified = isCertified });

    /// <param name="number">Of the key.</param>
    /// <param name="sequence">Rises from change to change.</param>
    public static MemoryRecord Record(int number, long sequence, string text, float[]? vector, string attributes = "", params string[] tags) => new()
    {
        NamespaceId = 1,
        Key = string.Create(CultureInfo.InvariantCulture, $"note-{number}"),
        Id = new RecordId(new UInt128((ulong)number * 0x9e3779b97f4a7c15, 1)),
        Content = Encoding.ASCII.GetBytes(text),
        ContentType = "text/plain",
        Vector = vector,
        Attributes = Encoding.ASCII.GetBytes(attributes),
        Tags = tags,
        Sequence = Sequence.Of(0, sequence),
        CreatedAt = Now,
        UpdatedAt = Now,
    };
}
