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
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

public sealed class NamespaceRemovalTests
{
    private static Task<ForgetAnswer> RemoveAsync(MemoryHierarchy memory, NamespaceInfo ns, bool dryRun = false) =>
        memory.RemoveNamespaceAsync(ns, dryRun, new Trail(), default);

    private static async Task<Receipt> PutAsync(MemoryHierarchy memory, NamespaceInfo ns, string key, string text, float[]? vector = null) =>
        (await memory.PutAsync(ns, [new PutRequest(new RecordDraft { Key = key, Content = Encoding.UTF8.GetBytes(text), Vector = vector })], null, new Trail(), default)).Receipts[0];

    [Fact]
    public async Task A_dry_run_counts_what_goes_and_leaves_all_and_then_the_namespace_goes_with_its_settings()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.Memory.ConfigureNamespaceAsync("acme", "notes", static settings => settings! with { Language = "de", Resident = true, LogRetention = TimeSpan.FromDays(1) }, default);
        await running.PutAsync("a", "words of one");
        await running.PutAsync("a", "words of two");
        await running.PutAsync("deleted", "words");
        var last = await running.Memory.DeleteAsync(running.Notes, "deleted", default, null, new Trail(), default);
        Assert.Single((await running.SearchAsync("words of two", last.Last)).Hits);

        var dry = await RemoveAsync(running.Memory, running.Notes, dryRun: true);
        Assert.Equal("words of two", (await running.GetAsync("a")).Text);
        var proof = await RemoveAsync(running.Memory, running.Notes);

        Assert.Equal((true, 2, 3), (dry.DryRun, dry.Matched, dry.Versions));
        Assert.Equal((false, dry.Matched, dry.Versions, dry.Vectors, dry.Tombstones), (proof.DryRun, proof.Matched, proof.Versions, proof.Vectors, proof.Tombstones));
        Assert.Empty(proof.NotConfirmed);
        Assert.Null(await running.Memory.FindNamespaceAsync("acme", "notes", default));
        Assert.Empty(await running.Memory.ListNamespacesAsync("acme", null, 10, default));
        var anew = await running.Memory.NamespaceForWriteAsync("acme", "notes", 0, default);
        Assert.Equal(running.Memory.DefaultSettings, anew.Settings);
        Assert.Equal(0, await running.Memory.CountAsync(anew, default));
    }

    [Fact]
    public async Task A_store_that_fails_before_the_settings_go_leaves_a_namespace_that_the_same_request_removes()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("a", "words");
        running.Store.BeforeRemoveNamespace = () =>
        {
            running.Store.BeforeRemoveNamespace = null;
            throw new StoreUnavailableException("The test has taken the store away.");
        };

        await Assert.ThrowsAsync<StoreUnavailableException>(() => RemoveAsync(running.Memory, running.Notes));
        var left = await running.Memory.FindNamespaceAsync("acme", "notes", default);
        var listed = await running.Memory.ListNamespacesAsync("acme", null, 10, default);
        var count = await running.Memory.CountAsync(running.Notes, default);
        var proof = await RemoveAsync(running.Memory, running.Notes);

        Assert.Equal((running.Notes, 0), (left, count));
        Assert.Equal([running.Notes], listed);
        Assert.Equal((0, await running.Memory.NowAsync(running.Notes, default)), (proof.Matched, proof.Last));
        Assert.Null(await running.Memory.FindNamespaceAsync("acme", "notes", default));
    }

    [Fact]
    public async Task What_is_written_between_the_erasure_and_the_removal_is_erased_too()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("a", "words");
        running.Store.BeforeRemoveNamespace = async () =>
        {
            running.Store.BeforeRemoveNamespace = null;
            await running.PutAsync("meanwhile", "words");
        };

        var proof = await RemoveAsync(running.Memory, running.Notes);

        Assert.Equal(["a", "meanwhile"], proof.Keys);
        Assert.Null(await running.Memory.FindNamespaceAsync("acme", "notes", default));
    }

    [Fact]
    public async Task A_namespace_that_is_written_to_all_the_time_is_not_removed_and_says_what_was_erased()
    {
        await using var running = await RunningMemory.StartAsync();
        var writes = 0;
        running.Store.BeforeRemoveNamespace = () => running.PutAsync($"k{writes++}", "words");

        var refused = await Assert.ThrowsAsync<RefusedException>(() => RemoveAsync(running.Memory, running.Notes));

        Assert.Equal("namespace-in-use", refused.Code);
        Assert.Contains($"{writes - 1} records were erased", refused.Message, StringComparison.Ordinal);
        Assert.Equal("words", (await running.GetAsync($"k{writes - 1}")).Text);
    }

    [Fact]
    public async Task A_namespace_that_is_made_anew_takes_vectors_of_another_length_and_finds_them()
    {
        await using var running = await RunningMemory.StartAsync();
        var ns = await running.Memory.NamespaceForWriteAsync("acme", "own", 2, default);
        var first = await PutAsync(running.Memory, ns, "k", "old", [1, 0]);
        Assert.Equal("k", await FindAsync(ns, [1, 0]));
        await RemoveAsync(running.Memory, ns);

        var anew = await running.Memory.NamespaceForWriteAsync("acme", "own", 3, default);
        var second = await PutAsync(running.Memory, anew, "l", "new", [0, 1, 0]);
        // By who knew it from before: it is found by its words, and does not stand in the way of the others.
        await PutAsync(running.Memory, ns, "m", "straggler", [0, 1]);

        Assert.Equal("l", await FindAsync(anew, [0, 1, 0]));
        var found = await running.Memory.SearchAsync(anew, new SearchRequest { Query = "straggler", MinSequence = await running.Memory.NowAsync(anew, default) }, new Trail(), default);
        Assert.Equal("m", Assert.Single(found.Hits).Record.Key);
        await running.Memory.EvictAsync(Tier.L0, null, null);
        Assert.Equal("l", await FindAsync(anew, [0, 1, 0]));
        var asOf = await running.Memory.SearchAsync(anew, new SearchRequest { Vector = [0, 1, 0], Query = "straggler", AsOf = running.Clock.GetUtcNow() }, new Trail(), default);
        Assert.Equal(["l", "m"], asOf.Hits.Select(static hit => hit.Record.Key).Order());
        Assert.True(second.Sequence.Number > first.Sequence.Number);

        async Task<string> FindAsync(NamespaceInfo where, float[] vector) => (await running.Memory.SearchAsync(
            where, new SearchRequest { Vector = vector, Mode = SearchMode.Vector, MinSequence = await running.Memory.NowAsync(where, default) }, new Trail(), default)).Hits[0].Record.Key;
    }

    [Fact]
    public async Task A_cursor_from_before_goes_on_in_the_namespace_that_is_made_anew()
    {
        await using var running = await RunningMemory.StartAsync();
        var before = (await running.PutAsync("a", "words")).Sequence;
        await RemoveAsync(running.Memory, running.Notes);
        var anew = await running.Memory.NamespaceForWriteAsync("acme", "notes", 0, default);
        await PutAsync(running.Memory, anew, "a", "again");

        var changes = new List<LogEntry>();
        await foreach (var change in running.Memory.ChangesAsync(anew, before, default))
        {
            changes.Add(change);
            if (changes.Count == 2)
            {
                break;
            }
        }

        Assert.Equal([ChangeKind.Forget, ChangeKind.Put], changes.Select(static change => change.Kind));
        Assert.Equal("again", Encoding.UTF8.GetString(changes[1].Record!.Content.Span));
    }

    [Fact]
    public async Task Another_node_learns_of_the_removal_within_two_seconds()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var put = await nodes.A.PutAsync("a", "words");
        Assert.Equal("words", await nodes.B.GetAsync("a", put.Sequence));

        var proof = await RemoveAsync(nodes.A.Memory, nodes.A.Notes);
        Assert.Null(await nodes.B.GetAsync("a", proof.Last));
        await nodes.B.SeeAsync(proof.Last);
        nodes.Clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Null(await nodes.B.Memory.FindNamespaceAsync("acme", "notes", default));
        Assert.Null(await nodes.A.Memory.FindNamespaceAsync("acme", "notes", default));
        var refused = await Assert.ThrowsAsync<RefusedException>(() => RemoveAsync(nodes.B.Memory, nodes.B.Notes));
        Assert.Equal("namespace-not-found", refused.Code);
    }

    [Fact]
    public async Task Another_node_that_has_its_shard_searches_the_namespace_that_is_made_anew_with_vectors_of_another_length()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var (a, b) = (nodes.A.Memory, nodes.B.Memory);
        var ns = await a.NamespaceForWriteAsync("acme", "own", 2, default);
        await PutAsync(a, ns, "old", "old", [1, 0]);
        Assert.Equal("old", await FindAsync([1, 0]));

        await RemoveAsync(a, ns);
        var anew = await a.NamespaceForWriteAsync("acme", "own", 3, default);
        await PutAsync(a, anew, "new", "new", [0, 1, 0]);
        nodes.Clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal("new", await FindAsync([0, 1, 0]));

        async Task<string> FindAsync(float[] vector) => (await b.SearchAsync(
            (await b.FindNamespaceAsync("acme", "own", default))!,
            new SearchRequest { Vector = vector, Mode = SearchMode.Vector, MinSequence = await a.NowAsync(ns, default) }, new Trail(), default)).Hits[0].Record.Key;
    }

    [Fact]
    public async Task A_node_of_L0_that_serves_its_shard_since_before_searches_the_namespace_that_is_made_anew_with_vectors_of_another_length()
    {
        await using var running = await RunningMemory.StartAsync();
        var ns = await running.Memory.NamespaceForWriteAsync("acme", "own", 2, default);
        await PutAsync(running.Memory, ns, "old", "old", [1, 0]);
        var store = new DelegatingStore(running.Store) { PretendShared = true, OwnsInner = false };
        await using var node = new ShardHost(
            store, new OneShard(), 1_000, new HostShardEngine(), new ModelCatalog([], null), new MemoryOptions(), TimeProvider.System, NullLoggerFactory.Instance);
        await node.StartAsync(default);
        var shard = await node.OpenAsync(ShardAddress.Of(ns, 0), default);
        Assert.Equal("old", (await AskAsync([1, 0])).Answer!.Hits[0].Key);

        await RemoveAsync(running.Memory, ns);
        var anew = await running.Memory.NamespaceForWriteAsync("acme", "own", 3, default);
        await PutAsync(running.Memory, anew, "new", "new", [0, 1, 0]);

        Assert.Equal("new", (await AskAsync([0, 1, 0])).Answer!.Hits[0].Key);
        Assert.Equal("new", Assert.Single((await AskAsync([0, 1, 0], PartKind.Candidates)).Part!.Rows).Key);
        var old = await AskAsync([1, 0]);
        Assert.Equal((ShardOutcome.Failed, true), (old.Outcome, old.IsFinal));

        async Task<ShardReply> AskAsync(float[] vector, PartKind? part = null)
        {
            var query = new ShardQuery { Vector = vector, Mode = SearchMode.Vector, Now = DateTimeOffset.UtcNow };
            var last = (await running.Memory.NowAsync(ns, default)).Number;
            return await shard.SearchAsync(
                new ShardCall(part is null ? query : null, last, 0, TimeSpan.FromSeconds(30)) { Part = part is { } kind ? new PartCall(kind, query) { Wanted = 1, Widening = 1 } : null }, default);
        }
    }

    [Fact]
    public async Task A_write_of_a_node_that_has_not_heard_of_the_removal_is_found_everywhere_and_a_resident_namespace_stays_resident()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await nodes.A.Memory.ConfigureNamespaceAsync("acme", "notes", static settings => settings! with { Resident = true }, default);
        nodes.Clock.Advance(TimeSpan.FromSeconds(2));
        await nodes.B.Memory.FindNamespaceAsync("acme", "notes", default);
        await RemoveAsync(nodes.A.Memory, nodes.A.Notes);

        var late = await nodes.B.PutAsync("late", "words");

        var found = await nodes.A.Memory.FindNamespaceAsync("acme", "notes", default);
        Assert.Equal(nodes.A.Memory.DefaultSettings with { Resident = true }, found!.Settings);
        Assert.Equal("words", await nodes.A.GetAsync("late", late.Sequence));
        Assert.Equal([found], await nodes.B.Memory.ListNamespacesAsync("acme", null, 10, default));
        Assert.Equal(1, (await RemoveAsync(nodes.A.Memory, found)).Matched);
    }

    [Fact]
    public async Task A_late_write_with_a_vector_of_its_own_makes_a_namespace_be_there_again_that_takes_such_vectors()
    {
        await using var running = await RunningMemory.StartAsync();
        var ns = await running.Memory.NamespaceForWriteAsync("acme", "own", 3, default);
        await PutAsync(running.Memory, ns, "k", "old", [1, 0, 0]);
        await RemoveAsync(running.Memory, ns);

        await PutAsync(running.Memory, ns, "late", "straggler", [0, 1, 0]);
        var there = (await running.Memory.FindNamespaceAsync("acme", "own", default))!;
        await PutAsync(running.Memory, there, "next", "another", [0, 0, 1]);

        Assert.Equal((VectorSource.Caller, 3), (there.Settings.VectorSource, there.Settings.Dimensions));
        var found = await running.Memory.SearchAsync(
            there, new SearchRequest { Vector = [0, 1, 0], Mode = SearchMode.Vector, MinSequence = await running.Memory.NowAsync(there, default) }, new Trail(), default);
        Assert.Equal("late", found.Hits[0].Record.Key);
    }

    [Fact]
    public async Task A_late_record_without_text_whose_vector_the_namespace_does_not_take_any_more_stands_in_no_searchs_way()
    {
        await using var running = await RunningMemory.StartAsync();
        var ns = await running.Memory.NamespaceForWriteAsync("acme", "own", 2, default);
        await RemoveAsync(running.Memory, ns);
        var anew = await running.Memory.NamespaceForWriteAsync("acme", "own", 0, default);
        Assert.Equal(VectorSource.Embedder, anew.Settings.VectorSource);
        await PutAsync(running.Memory, anew, "k", "words");

        await PutAsync(running.Memory, ns, "late", "", [0, 1]);

        var request = new SearchRequest { Query = "words", MinSequence = await running.Memory.NowAsync(anew, default) };
        Assert.Equal("k", Assert.Single((await running.Memory.SearchAsync(anew, request, new Trail(), default)).Hits).Record.Key);
        var asOf = await running.Memory.SearchAsync(anew, new SearchRequest { Query = "words", AsOf = running.Clock.GetUtcNow() }, new Trail(), default);
        Assert.Equal("k", Assert.Single(asOf.Hits).Record.Key);
    }

    [Fact]
    public async Task A_removal_that_was_overtaken_by_another_leaves_what_was_made_anew_alone()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("a", "words of before");
        running.Store.BeforeRemoveNamespace = async () =>
        {
            running.Store.BeforeRemoveNamespace = null;
            running.Clock.Advance(TimeSpan.FromMilliseconds(5));
            await RemoveAsync(running.Memory, running.Notes);
            running.Clock.Advance(TimeSpan.FromMilliseconds(5));
            await PutAsync(running.Memory, await running.Memory.NamespaceForWriteAsync("acme", "notes", 0, default), "a", "words of now");
        };

        var refused = await Assert.ThrowsAsync<RefusedException>(() => RemoveAsync(running.Memory, running.Notes));

        Assert.Equal("namespace-not-found", refused.Code);
        Assert.Equal("words of now", (await running.GetAsync("a")).Text);
    }

    [Fact]
    public async Task The_namespace_of_another_tenant_with_the_same_name_is_not_touched()
    {
        await using var running = await RunningMemory.StartAsync();
        var theirs = await running.Memory.NamespaceForWriteAsync("other", "notes", 0, default);
        var put = await PutAsync(running.Memory, theirs, "a", "theirs");
        await running.PutAsync("a", "mine");

        await RemoveAsync(running.Memory, running.Notes);

        Assert.Equal(theirs, await running.Memory.FindNamespaceAsync("other", "notes", default));
        var found = await running.Memory.SearchAsync(theirs, new SearchRequest { Query = "theirs", MinSequence = put.Sequence }, new Trail(), default);
        Assert.Equal("a", Assert.Single(found.Hits).Record.Key);
    }
}
