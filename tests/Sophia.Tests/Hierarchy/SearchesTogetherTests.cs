using System.Text;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

public sealed class SearchesTogetherTests
{
    [Fact]
    public async Task Searches_that_come_while_a_shard_of_the_process_is_busy_are_made_together()
    {
        const int Records = 32;
        var engine = new Slow();
        await using var running = await RunningMemory.StartAsync(engine: engine);
        var memory = running.Memory;
        var ns = await memory.ConfigureNamespaceAsync("acme", "vectors", new NamespaceSettings { VectorSource = VectorSource.Caller, Dimensions = Records }, default);
        await memory.PutAsync(
            ns, [.. Enumerable.Range(0, Records).Select(i => new PutRequest(new RecordDraft { Key = $"k{i}", Content = Encoding.UTF8.GetBytes($"walrus {i}"), Vector = Towards(i) }))], null,
            new Trail(), default);

        for (var round = 0; engine.Largest < 2; round++)
        {
            var found = await Task.WhenAll(Enumerable.Range(0, Records).Select(i => Task.Run(async () => (await memory.SearchAsync(
                ns, new SearchRequest { Vector = Towards(i), Mode = SearchMode.Vector, K = 1, Timeout = TimeSpan.FromSeconds(30) }, new Trail(), default)).Hits[0].Record.Key)));

            Assert.Equal(Enumerable.Range(0, Records).Select(static i => $"k{i}"), found);
            Assert.True(round < 100, "None were made together.");
        }

        static float[] Towards(int i) => [.. Enumerable.Range(0, Records).Select(at => at == i ? 1f : 0f)];
    }

    /// <summary>Takes its time for each search, and keeps how many it made together at most.</summary>
    private sealed class Slow : IShardEngine
    {
        public int Largest { get; private set; }

        public string Engine => "slow";

        public IShard Create(NamespaceInfo ns) => new Shard(new HostShardEngine().Create(ns), this);

        public IReadOnlyList<Highlight> Highlight(string language, MemoryRecord record, IReadOnlyList<string> terms) => [];

        private sealed class Shard(IShard inner, Slow engine) : DelegatingShard(inner)
        {
            public override ShardAnswer Search(ShardQuery query, CancellationToken cancellationToken)
            {
                Thread.Sleep(20);
                return base.Search(query, cancellationToken);
            }

            public override IReadOnlyList<ShardAnswer> Search(IReadOnlyList<ShardQuery> queries, CancellationToken cancellationToken)
            {
                engine.Largest = Math.Max(engine.Largest, queries.Count);
                return base.Search(queries, cancellationToken);
            }
        }
    }
}
