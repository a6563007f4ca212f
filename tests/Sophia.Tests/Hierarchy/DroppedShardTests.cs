using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

public sealed class DroppedShardTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_search_whose_shard_is_replaced_under_it_is_answered_by_the_new_one()
    {
        var directory = Directory.CreateTempSubdirectory("sophia-test");
        var engine = new FirstDamaged();
        var store = SqliteRecordStore.Create(directory.FullName, TimeProvider.System);
        await using (var host = new ShardHost(store, new OneShard(), 1_000, engine, new ModelCatalog([], null), new MemoryOptions(), TimeProvider.System, NullLoggerFactory.Instance))
        {
            await host.StartAsync(default);
            var ns = await store.EnsureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
            var shard = await host.OpenAsync(ShardAddress.Of(ns, 0), default);
            var call = new ShardCall(new ShardQuery { Text = "walrus", Mode = SearchMode.Lexical }, 0, 0, Patience);
            var under = Task.Run(() => shard.SearchAsync(call, default).AsTask());
            await engine.Searching.Task.WaitAsync(Patience);

            var finder = await shard.SearchAsync(call with { Part = new PartCall(PartKind.Words, call.Query!) }, default).AsTask().WaitAsync(Patience);
            var found = await under.WaitAsync(Patience);

            Assert.Equal((ShardOutcome.Found, ShardOutcome.Found), (finder.Outcome, found.Outcome));
            Assert.NotNull(finder.Part);
            Assert.NotNull(found.Answer);
            Assert.Equal(2, engine.Created);
        }

        directory.Delete(recursive: true);
    }

    /// <summary>Makes one shard that searches until it is stopped and is found to be damaged, and good ones after it.</summary>
    private sealed class FirstDamaged : IShardEngine
    {
        public int Created;

        public TaskCompletionSource Searching { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Engine => "first damaged";

        public IShard Create(NamespaceInfo ns)
        {
            var shard = new HostShardEngine().Create(ns);
            return Interlocked.Increment(ref Created) == 1 ? new Damaged(shard, Searching) : shard;
        }

        public IReadOnlyList<Highlight> Highlight(string language, MemoryRecord record, IReadOnlyList<string> terms) => [];
    }

    private sealed class Damaged(IShard inner, TaskCompletionSource searching) : DelegatingShard(inner)
    {
        public override IReadOnlyList<ShardAnswer> Search(IReadOnlyList<ShardQuery> queries, CancellationToken cancellationToken)
        {
            searching.TrySetResult();
            cancellationToken.WaitHandle.WaitOne();
            throw new OperationCanceledException(cancellationToken);
        }

        public override ShardAnswer Search(ShardQuery query, CancellationToken cancellationToken) => Search([query], cancellationToken)[0];

        public override PartAnswer Ask(PartCall call, CancellationToken cancellationToken) => throw new ShardDamagedException("It is not what was written.");
    }
}
