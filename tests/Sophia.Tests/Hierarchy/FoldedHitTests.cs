using System.Text;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

public sealed class FoldedHitTests
{
    [Fact]
    public async Task What_was_folded_under_a_hit_that_is_gone_takes_its_place()
    {
        var engine = new Interrupted();
        await using var running = await RunningMemory.StartAsync(engine: engine);
        var memory = running.Memory;
        var ns = await memory.ConfigureNamespaceAsync("acme", "plain", new NamespaceSettings { VectorSource = VectorSource.None }, default);
        var written = await memory.PutAsync(
            ns, [.. new[] { "a", "b", "c" }.Select(key => new PutRequest(new RecordDraft { Key = key, Content = Encoding.UTF8.GetBytes("the walrus in the harbour") }))], null, new Trail(), default);
        engine.Searched = found => memory.DeleteAsync(ns, found.Hits[0].Key, default, null, new Trail(), default).GetAwaiter().GetResult();

        var answer = await memory.SearchAsync(
            ns, new SearchRequest { Query = "walrus", Mode = SearchMode.Lexical, MinSequence = written.Last, Timeout = TimeSpan.FromSeconds(30) }, new Trail(), default);

        var hit = Assert.Single(answer.Hits);
        Assert.Equal("b", hit.Record.Key);
        Assert.Equal(["c"], hit.Found.Folded.Select(static one => one.Key));
    }

    [Fact]
    public async Task What_takes_the_place_of_hits_that_are_gone_counts_to_the_size_of_the_answer()
    {
        var engine = new Interrupted();
        var options = new MemoryOptions { Limits = new() { ContentBytes = 40 << 20 } };
        await using var running = await RunningMemory.StartAsync(options, engine: engine);
        var memory = running.Memory;
        var ns = await memory.ConfigureNamespaceAsync("acme", "plain", new NamespaceSettings { VectorSource = VectorSource.None }, default);
        var written = default(WriteAnswer);
        foreach (var place in new[] { "harbour", "bay" })
        {
            var content = Encoding.UTF8.GetBytes($"the walrus in the {place}" + new string('!', 35 << 20));
            foreach (var copy in new[] { "a", "b" })
            {
                written = await memory.PutAsync(ns, [new PutRequest(new RecordDraft { Key = place + copy, Content = content })], null, new Trail(), default);
            }
        }

        engine.Searched = found =>
        {
            foreach (var hit in found.Hits)
            {
                memory.DeleteAsync(ns, hit.Key, default, null, new Trail(), default).GetAwaiter().GetResult();
            }
        };

        var error = await Assert.ThrowsAsync<RefusedException>(() => memory.SearchAsync(
            ns, new SearchRequest { Query = "walrus", Mode = SearchMode.Lexical, MinSequence = written!.Last, Timeout = TimeSpan.FromSeconds(30) }, new Trail(), default));

        Assert.Equal("too-large", error.Code);
    }

    /// <summary>Tells the test once what a search has found, before its caller has it.</summary>
    private sealed class Interrupted : IShardEngine
    {
        public Action<ShardAnswer>? Searched { get; set; }

        public string Engine => "interrupted";

        public IShard Create(NamespaceInfo ns) => new Shard(new HostShardEngine().Create(ns), this);

        public IReadOnlyList<Highlight> Highlight(string language, MemoryRecord record, IReadOnlyList<string> terms) => [];

        private sealed class Shard(IShard inner, Interrupted engine) : DelegatingShard(inner)
        {
            public override ShardAnswer Search(ShardQuery query, CancellationToken cancellationToken)
            {
                var found = base.Search(query, cancellationToken);
                var searched = engine.Searched;
                engine.Searched = null;
                searched?.Invoke(found);
                return found;
            }
        }
    }
}
