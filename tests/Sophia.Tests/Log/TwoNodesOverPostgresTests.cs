using System.Text;
using CsCheck;
using Npgsql;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Stores.Postgres;
using Sophia.Tests.Stores;

namespace Sophia.Tests.Log;

/// <summary>Two whole hierarchies over one PostgreSQL, on the system's clock, as two API processes are.</summary>
public sealed class TwoNodesOverPostgresTests(PostgresFixture fixture) : IClassFixture<PostgresFixture>
{
    private enum Act
    {
        Put, Delete, Forget, Get,
    }

    private readonly record struct Step(int Node, Act Act, int Key);

    private static readonly Gen<Step[]> Steps =
        Gen.Select(Gen.Int[0, 1], Gen.Int[0, 5], Gen.Int[0, 7])
            .Select((node, act, key) => new Step(node, act switch { 0 or 1 => Act.Put, 2 => Act.Delete, 3 => Act.Forget, _ => Act.Get }, key))
            .Array[20, 60];

    [SkippableFact]
    public async Task Any_interleaving_is_seen_by_both_without_gaps_in_one_order_and_never_stale_to_who_carries_the_token()
    {
        await using var source = await fixture.NewDatabaseAsync();
        var nodes = new[] { await StartAsync(source), await StartAsync(source) };
        var round = 0;
        await Steps.SampleAsync(async steps =>
        {
            var name = $"n{Interlocked.Increment(ref round)}";
            var spaces = new[] { await SpaceAsync(nodes[0], name), await SpaceAsync(nodes[1], name) };
            using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            var feeds = nodes.Select((node, i) => FollowAsync(node, spaces[i], stop.Token)).ToArray();

            // Each node's steps in order, the two nodes at once; the keys are shared, so that they change each other's records.
            var last = await Task.WhenAll(Enumerable.Range(0, 2).Select(async node =>
            {
                var token = Sequence.None;
                foreach (var step in steps.Where(s => s.Node == node))
                {
                    token = await DoAsync(nodes[node], spaces[node], step) is { IsNone: false } done ? done : token;
                }

                return token;
            }));

            var end = await nodes[0].NowAsync(spaces[0], default);
            foreach (var (node, i) in nodes.Select((n, i) => (n, i)))
            {
                for (var key = 0; key < 8; key++)
                {
                    // Twice: the first fills the near copy, the second is answered from it.
                    var truth = await node.Store.GetAsync(spaces[i], $"k{key}", default);
                    for (var again = 0; again < 2; again++)
                    {
                        var read = await node.GetAsync(spaces[i], $"k{key}", end, new Trail(), default);
                        Assert.Equal(truth?.Sequence, read.Entry?.Record.Sequence);
                    }
                }

                await node.SearchAsync(spaces[i], new SearchRequest { Query = "word", MinSequence = last.MaxBy(s => s.Number) }, new Trail(), default);
                for (var key = 0; key < 8; key++)
                {
                    var truth = await node.Store.GetAsync(spaces[i], $"k{key}", default);
                    var read = await node.GetAsync(spaces[i], $"k{key}", default, new Trail(), default);
                    Assert.Equal(truth?.Sequence, read.Entry?.Record.Sequence);
                }
            }

            var log = await nodes[0].Store.ReadLogAsync(spaces[0].Partition, 0, 100_000, spaces[0].Id, default);
            foreach (var feed in feeds)
            {
                Assert.Equal(log.Select(e => e.Sequence), await feed.UntilAsync(log.Count));
            }

            await stop.CancelAsync();
        }, iter: 25, threads: 1);

        await nodes[1].DisposeAsync();
        await nodes[0].DisposeAsync();
    }

    private static async Task<MemoryHierarchy> StartAsync(NpgsqlDataSource source)
    {
        var memory = new MemoryHierarchy(
            PostgresRecordStore.Create(source, TimeProvider.System), null, new HostShardEngine(), null,
            new MemoryOptions { TailInterval = TimeSpan.FromMilliseconds(5) }, TimeProvider.System);
        await memory.StartAsync(default);
        return memory;
    }

    private static async Task<NamespaceInfo> SpaceAsync(MemoryHierarchy memory, string name) =>
        await memory.NamespaceForWriteAsync("acme", name, 0, default);

    private static async Task<Sequence> DoAsync(MemoryHierarchy memory, NamespaceInfo ns, Step step)
    {
        var key = $"k{step.Key}";
        var trail = new Trail();
        switch (step.Act)
        {
            case Act.Put:
                var draft = new RecordDraft { Key = key, Content = Encoding.UTF8.GetBytes($"word {Guid.NewGuid()}") };
                var written = (await memory.PutAsync(ns, [new PutRequest(draft)], null, trail, default)).Last;
                var own = await memory.GetAsync(ns, key, written, trail, default);
                Assert.True(own.Entry is null || own.Entry.Record.Sequence.Number >= written.Number, "A stale read after an acknowledged write.");
                return written;
            case Act.Delete:
                return (await memory.DeleteAsync(ns, key, default, null, trail, default)).Last;
            case Act.Forget:
                return (await memory.ForgetAsync(ns, new ForgetRequest { Keys = [key] }, trail, default)).Last;
            default:
                await memory.GetAsync(ns, key, default, trail, default);
                return Sequence.None;
        }
    }

    private static Feed FollowAsync(MemoryHierarchy memory, NamespaceInfo ns, CancellationToken cancellationToken) => new(memory, ns, cancellationToken);

    private sealed class Feed
    {
        private readonly List<Sequence> _seen = [];
        private readonly Task _reading;

        public Feed(MemoryHierarchy memory, NamespaceInfo ns, CancellationToken cancellationToken) => _reading = Task.Run(
            async () =>
            {
                await foreach (var entry in memory.ChangesAsync(ns, Sequence.Of(ns.Partition, 0), cancellationToken))
                {
                    lock (_seen)
                    {
                        _seen.Add(entry.Sequence);
                    }
                }
            },
            CancellationToken.None);

        public async Task<Sequence[]> UntilAsync(int count)
        {
            for (var i = 0; i < 2_000 && !_reading.IsCompleted; i++)
            {
                lock (_seen)
                {
                    if (_seen.Count >= count)
                    {
                        break;
                    }
                }

                await Task.Delay(5);
            }

            lock (_seen)
            {
                return [.. _seen];
            }
        }
    }
}
