using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Tiers;
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

    [Fact]
    public async Task A_search_whose_shard_is_evicted_under_it_is_answered_and_does_not_bring_it_back_and_the_shard_follows_a_forget_until_then()
    {
        var directory = Directory.CreateTempSubdirectory("sophia-test");
        var engine = new HeldEngine();
        await using (var memory = new MemoryHierarchy(SqliteRecordStore.Create(directory.FullName, TimeProvider.System), null, engine, null, new MemoryOptions(), TimeProvider.System))
        {
            await memory.StartAsync(default);
            var ns = await memory.ConfigureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
            var written = await memory.PutAsync(
                ns, [.. new[] { "a", "b" }.Select(static key => new PutRequest(new RecordDraft { Key = key, Content = Encoding.UTF8.GetBytes($"the walrus {key}") }))], null, new Trail(), default);
            var request = new SearchRequest { Query = "walrus", Mode = SearchMode.Lexical, MinSequence = written.Last, Timeout = Patience };
            var under = Task.Run(() => memory.SearchAsync(ns, request, new Trail(), default));
            await engine.Searching.Task.WaitAsync(Patience);

            var evicting = memory.EvictAsync(Tier.L0, null, null);
            ForgetAnswer forgotten;
            bool isEvicted;
            try
            {
                forgotten = await memory.ForgetAsync(ns, new ForgetRequest { Keys = ["a"] }, new Trail(), default).WaitAsync(Patience);
                isEvicted = evicting.IsCompleted;
            }
            finally
            {
                engine.Go.SetResult();
            }

            var found = await under.WaitAsync(Patience);
            await evicting.WaitAsync(Patience);

            Assert.False(isEvicted);
            Assert.Empty(forgotten.NotConfirmed);
            Assert.Equal((1, "b"), (found.RowsMatching, Assert.Single(found.Hits).Record.Key));
            Assert.Equal((1, 1), (engine.Created, engine.Disposed));
        }

        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_forget_names_a_search_in_the_past_that_has_read_what_it_erases_and_takes_its_time()
    {
        var directory = Directory.CreateTempSubdirectory("sophia-test");
        var engine = new HeldEngine();
        await using (var memory = new MemoryHierarchy(SqliteRecordStore.Create(directory.FullName, TimeProvider.System), null, engine, null, new MemoryOptions(), TimeProvider.System))
        {
            var (ns, under) = await SearchPastAsync(memory, engine);

            ForgetAnswer during;
            int? gone;
            try
            {
                during = await memory.ForgetAsync(ns, new ForgetRequest { Keys = ["a"] }, new Trail(), default).WaitAsync(Patience);
                gone = engine.GoneWhenOverwritten;
            }
            finally
            {
                engine.Go.SetResult();
            }

            Assert.Equal(0, gone);
            Assert.Equal("a", Assert.Single((await under.WaitAsync(Patience)).Hits).Record.Key);
            var after = await memory.ForgetAsync(ns, new ForgetRequest { Keys = ["a"] }, new Trail(), default).WaitAsync(Patience);

            Assert.Equal(new UnconfirmedCopy(Tier.L0, null, null, "A search in the past holds what it read."), Assert.Single(during.NotConfirmed));
            Assert.Contains(during.StillHeldBy, static holder => holder.StartsWith("A search in the past", StringComparison.Ordinal));
            Assert.Empty(after.NotConfirmed);
        }

        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Devices_are_asked_to_overwrite_what_a_forget_erases_when_the_searches_in_the_past_have_given_it_back()
    {
        var directory = Directory.CreateTempSubdirectory("sophia-test");
        var engine = new HeldEngine();
        await using (var memory = new MemoryHierarchy(SqliteRecordStore.Create(directory.FullName, TimeProvider.System), null, engine, null, new MemoryOptions(), TimeProvider.System))
        {
            var (ns, under) = await SearchPastAsync(memory, engine);

            var forgetting = memory.ForgetAsync(ns, new ForgetRequest { Keys = ["a"] }, new Trail(), default);
            await Task.Delay(200);
            engine.Go.SetResult();

            await under.WaitAsync(Patience);
            Assert.Empty((await forgetting.WaitAsync(Patience)).NotConfirmed);
            Assert.Equal((1, 1), (engine.Created, engine.GoneWhenOverwritten));
        }

        directory.Delete(recursive: true);
    }

    /// <summary>A namespace with one record, and a search in its past that is held.</summary>
    private static async Task<(NamespaceInfo Notes, Task<SearchAnswer> Search)> SearchPastAsync(MemoryHierarchy memory, HeldEngine engine)
    {
        await memory.StartAsync(default);
        var ns = await memory.ConfigureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
        await memory.PutAsync(ns, [new PutRequest(new RecordDraft { Key = "a", Content = "the walrus"u8.ToArray() })], null, new Trail(), default);
        var request = new SearchRequest { Query = "walrus", Mode = SearchMode.Lexical, AsOf = DateTimeOffset.UtcNow, Timeout = Patience };
        var search = Task.Run(() => memory.SearchAsync(ns, request, new Trail(), default));
        await engine.Searching.Task.WaitAsync(Patience);
        return (ns, search);
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
