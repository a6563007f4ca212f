using System.Text.Json;
using CsCheck;
using Sophia.Gpu.Shards;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Tests.Gpu;

namespace Sophia.GpuTier.Tests.Together;

/// <summary>What a shard finds for several searches at once is what it finds for each.</summary>
public sealed class MadeTogetherTests
{
    private const int Dimensions = 6;
    private static readonly string[] Words = ["harbour", "lantern", "copper", "meadow", "violin"];

    private static readonly Gen<ShardQuery[]> Queries = Gen.Select(
        Gen.Int[0, 4], Gen.Enum<SearchMode>(), Gen.Int[1, 20], Gen.Int[0, 7], Gen.Int[0, 1 << 20], static (word, mode, k, options, seed) => new ShardQuery
        {
            Text = $"{Words[word]} lantern", Mode = mode, K = k, Vector = ShardRecords.Vector(new Random(seed), Dimensions), Now = ShardRecords.Now,
            Filter = (options & 3) == 0 ? new RecordFilter { AllTags = ["even"] } : null, Fold = (options & 4) != 0,
        }).Array[1, 20];

    [Fact]
    public void Searches_made_together_find_what_each_finds_alone()
    {
        using var shard = Filled();
        Queries.Sample(
            asked =>
            {
                var together = shard.Search(asked, default);
                for (var i = 0; i < asked.Length; i++)
                {
                    var alone = shard.Search(asked[i], default);
                    Assert.Equal(alone.Hits.Select(static hit => (hit.Key, hit.Score)), together[i].Hits.Select(static hit => (hit.Key, hit.Score)));
                    Assert.Equal((alone.RowsScanned, alone.RowsMatching), (together[i].RowsScanned, together[i].RowsMatching));
                }
            },
            iter: 150);
    }

    [Fact]
    public void Parts_of_searches_asked_together_say_what_each_says_alone()
    {
        using var shard = Filled();
        Gen.Select(Queries, Gen.Int[0, 1000]).Sample(
            (asked, seed) =>
            {
                var random = new Random(seed);
                PartCall[] calls = [.. asked.Select(query => CallOf(shard, query, random))];

                var together = shard.Ask(calls, default);

                for (var i = 0; i < calls.Length; i++)
                {
                    var alone = shard.Ask(calls[i], default);
                    Assert.Equal(JsonSerializer.Serialize(Ordered(alone)), JsonSerializer.Serialize(Ordered(together[i])));
                }
            },
            iter: 150);
    }

    private static PartAnswer Ordered(PartAnswer answer) => answer with { Rows = [.. answer.Rows.OrderBy(static row => row.Key, StringComparer.Ordinal)] };

    private static PartCall CallOf(HostShard shard, ShardQuery query, Random random)
    {
        var said = shard.Ask(new PartCall(PartKind.Words, query), default).Words!;
        return new PartCall(random.Next(5) == 0 ? PartKind.Words : PartKind.Candidates, query)
        {
            Words = query.Mode == SearchMode.Vector ? null : new QueryWords(said.Documents, said.Words, said.DocumentsWith, []),
            Wanted = random.Next(1, 120), Widening = random.Next(3) == 0 ? 4 : 1,
        };
    }

    private static HostShard Filled()
    {
        var random = new Random(3);
        var shard = ShardRecords.Shard(Dimensions);
        for (var i = 0; i < 3_000; i++)
        {
            shard.Put(ShardRecords.Record(
                $"k{i}", i + 1, $"{Words[i % 5]} {Words[i * 7 % 3]} {i}", i % 11 == 0 ? null : ShardRecords.Vector(random, Dimensions),
                i % 4 == 0 ? $$"""{"conversation":"c{{i / 40}}","position":{{i}}}""" : "", i % 2 == 0 ? ["even"] : []));
        }

        return shard;
    }
}
