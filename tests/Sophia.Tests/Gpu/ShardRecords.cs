using System.Text;
using CsCheck;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Text;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;

namespace Sophia.Tests.Gpu;

/// <summary>Records and shards as the tests of this folder need them.</summary>
internal static class ShardRecords
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static Gen<T> AnyOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    public static RecordId IdOf(string key) => new(new UInt128(TermHash.Of(key), 7));

    public static NamespaceInfo Namespace(int dimensions, string language = "en") => new(
        1, "t", "n", 0,
        new NamespaceSettings
        {
            VectorSource = dimensions == 0 ? VectorSource.None : VectorSource.Caller, Dimensions = dimensions, Language = language,
        },
        Now);

    public static HostShard Shard(int dimensions, string language = "en") => (HostShard)new HostShardEngine().Create(Namespace(dimensions, language));

    public static MemoryRecord Record(
        string key, long number, string text = "", float[]? vector = null, string attributes = "", params string[] tags) => new()
    {
        NamespaceId = 1,
        Key = key,
        Id = IdOf(key),
        Content = Encoding.UTF8.GetBytes(text),
        ContentType = "text/plain",
        Vector = vector,
        Attributes = Encoding.UTF8.GetBytes(attributes),
        Tags = tags,
        Sequence = Sequence.Of(0, number),
        CreatedAt = Now,
        UpdatedAt = Now,
    };

    public static ShardAnswer Find(this IShard shard, string text, int k = 10, RecordFilter? filter = null) =>
        shard.Search(new ShardQuery { Text = text, Mode = SearchMode.Lexical, K = k, Filter = filter, Now = Now }, default);

    public static ShardAnswer Near(this IShard shard, float[] vector, int k = 10, RecordFilter? filter = null) =>
        shard.Search(new ShardQuery { Vector = vector, Mode = SearchMode.Vector, K = k, Filter = filter, Now = Now }, default);

    public static string[] Keys(this ShardAnswer answer) => [.. answer.Hits.Select(hit => hit.Key)];

    public static float[] Vector(Random random, int dimensions)
    {
        var vector = new float[dimensions];
        for (var i = 0; i < dimensions; i++)
        {
            vector[i] = (float)((random.NextDouble() * 2) - 1);
        }

        return vector;
    }

    /// <summary>The cosine in double precision, straight from its definition.</summary>
    public static double Cosine(float[] a, float[] b)
    {
        double dot = 0, aa = 0, bb = 0;
        for (var i = 0; i < a.Length; i++)
        {
            dot += (double)a[i] * b[i];
            aa += (double)a[i] * a[i];
            bb += (double)b[i] * b[i];
        }

        return aa == 0 || bb == 0 ? 0 : dot / Math.Sqrt(aa) / Math.Sqrt(bb);
    }
}
