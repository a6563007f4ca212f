using System.Text;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Tiers;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

public sealed class SearchTests
{
    [Fact]
    public async Task A_search_that_carries_the_token_of_a_write_finds_it()
    {
        await using var running = await RunningMemory.StartAsync();
        for (var i = 0; i < 50; i++)
        {
            var receipt = await running.PutAsync($"k{i}", $"unique{i} words");
            var answer = await running.SearchAsync($"unique{i}", receipt.Sequence);
            Assert.Equal($"k{i}", answer.Hits[0].Record.Key);
        }
    }

    [Fact]
    public async Task A_search_for_a_change_that_never_comes_says_so_in_its_time()
    {
        await using var running = await RunningMemory.StartAsync();
        var receipt = await running.PutAsync("a", "alpha");
        var request = new SearchRequest
        {
            Query = "alpha", Timeout = TimeSpan.FromMilliseconds(50), MinSequence = Sequence.Of(receipt.Sequence.Partition, receipt.Sequence.Number + 1),
        };

        var error = await Assert.ThrowsAsync<SequenceNotReachedException>(() => running.Memory.SearchAsync(running.Notes, request, new Trail(), default));
        Assert.Equal("sequence-not-reached", error.Code);
    }

    [Fact]
    public async Task The_past_is_searched_as_it_was_recorded_then()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("a", "the meeting is in berlin");
        await running.PutAsync("b", "the lunch is in rome");
        running.Clock.Advance(TimeSpan.FromMinutes(1));
        var then = running.Clock.GetUtcNow();
        running.Clock.Advance(TimeSpan.FromMinutes(1));
        await running.PutAsync("a", "the meeting is in paris");
        var last = await running.Memory.DeleteAsync(running.Notes, "b", default, null, new Trail(), default);

        var now = await running.SearchAsync("berlin rome", last.Last);
        var past = await running.SearchAsync("berlin rome", asOf: then);

        Assert.DoesNotContain(now.Hits, h => h.Found.MatchedTerms.Count > 0);
        Assert.Equal(["a", "b"], past.Hits.Select(h => h.Record.Key).Order());
        Assert.Empty((await running.SearchAsync("berlin", asOf: then.AddHours(-1))).Hits);
    }

    [Fact]
    public async Task A_search_in_the_past_that_its_time_does_not_suffice_for_says_so()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("a", "alpha");
        running.Clock.Advance(TimeSpan.FromMinutes(1));
        var request = new SearchRequest { Query = "alpha", AsOf = running.Clock.GetUtcNow(), Timeout = TimeSpan.FromTicks(1) };

        var error = await Assert.ThrowsAsync<RefusedException>(() => running.Memory.SearchAsync(running.Notes, request, new Trail(), default));
        Assert.Equal("shard-loading", error.Code);
        Assert.Single((await running.Memory.SearchAsync(running.Notes, request with { Timeout = TimeSpan.FromSeconds(30) }, new Trail(), default)).Hits);
    }

    [Fact]
    public async Task Two_searches_in_the_past_run_at_a_time_and_others_wait_as_long_as_they_may()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("a", "alpha");
        running.Clock.Advance(TimeSpan.FromMinutes(1));
        var request = new SearchRequest { Query = "alpha", AsOf = running.Clock.GetUtcNow(), Timeout = TimeSpan.FromSeconds(30) };
        var (scans, gate, both) = (0, Gate(), Gate());
        running.Store.AfterScanned = () =>
        {
            if (Interlocked.Increment(ref scans) == 2)
            {
                both.SetResult();
            }

            return gate.Task;
        };

        var first = Search(request);
        var second = Search(request);
        await both.Task.WaitAsync(TimeSpan.FromSeconds(30));
        var waiting = Search(request);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => Search(request with { Timeout = TimeSpan.FromMilliseconds(20) }).WaitAsync(TimeSpan.FromSeconds(30)));
        var scansBefore = scans;
        gate.SetResult();

        Assert.Equal(("shard-loading", 2), (refused.Code, scansBefore));
        Assert.All(await Task.WhenAll(first, second, waiting), static answer => Assert.Single(answer.Hits));
        Assert.Equal(3, scans);

        static TaskCompletionSource Gate() => new(TaskCreationOptions.RunContinuationsAsynchronously);

        Task<SearchAnswer> Search(SearchRequest asked) => running.Memory.SearchAsync(running.Notes, asked, new Trail(), default);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_whose_neighbours_would_take_the_memory_of_all_is_refused_before_it_is_made(bool past)
    {
        await using var running = await RunningMemory.StartAsync();
        var text = "walrus " + new string('!', 1 << 16);
        Receipt last = default!;
        for (var i = 0; i < 64; i++)
        {
            var attributes = Encoding.UTF8.GetBytes($$"""{"conversation":"c","position":{{i}}}""");
            last = await running.PutAsync($"turn{i}", text + i, draft => draft with { Attributes = attributes });
        }

        running.Clock.Advance(TimeSpan.FromMinutes(1));
        var request = new SearchRequest
        {
            Query = "walrus", K = 64, Fold = false, MinSequence = last.Sequence, AsOf = past ? running.Clock.GetUtcNow() : null, Timeout = TimeSpan.FromSeconds(30),
        };

        var error = await Assert.ThrowsAsync<RefusedException>(() => running.Memory.SearchAsync(running.Notes, request with { Context = 20 }, new Trail(), default));
        var fewer = await running.Memory.SearchAsync(running.Notes, request with { Context = 1 }, new Trail(), default);

        Assert.Equal("too-large", error.Code);
        Assert.Equal(64, fewer.Hits.Count);
        Assert.Contains(fewer.Hits, hit => hit.Before.Count == 1 && hit.After.Count == 1);
    }

    [Fact]
    public async Task Of_an_answer_that_is_too_large_the_first_pages_are_read_and_no_more()
    {
        await using var running = await RunningMemory.StartAsync(new MemoryOptions { NearLimitBytes = 1 << 20 });
        Receipt last = default!;
        for (var i = 0; i < 100; i++)
        {
            last = await running.PutAsync($"k{i}", "walrus " + new string('!', 1_000_000));
        }

        var pages = 0;
        running.Store.AfterGetMany = () => pages++;
        var request = new SearchRequest { Query = "walrus", Mode = SearchMode.Lexical, K = 100, Fold = false, MinSequence = last.Sequence, Timeout = TimeSpan.FromSeconds(30) };

        await Assert.ThrowsAsync<RefusedException>(() => running.Memory.SearchAsync(running.Notes, request, new Trail(), default));

        // Nine have 8 MiB, of which eight go into one page after that: the 68th is the first too many.
        Assert.Equal(9, pages);
        Assert.InRange(running.Store.LargestPage, 8_000_000, 10_000_000);
    }

    [Fact]
    public async Task Short_records_before_long_ones_do_not_let_an_answer_that_is_too_large_be_read_at_once()
    {
        await using var running = await RunningMemory.StartAsync(new MemoryOptions { NearLimitBytes = 1 << 20 });
        Receipt last = default!;
        for (var i = 0; i < 140; i++)
        {
            last = await running.PutAsync($"k{i}", i < 64 ? "walrus walrus walrus" : "walrus " + new string('!', 1_000_000));
        }

        await running.Memory.EvictAsync(Tier.L1, null, null);
        var pages = 0;
        running.Store.AfterGetMany = () => pages++;
        var request = new SearchRequest { Query = "walrus", Mode = SearchMode.Lexical, K = 140, Fold = false, MinSequence = last.Sequence, Timeout = TimeSpan.FromSeconds(30) };

        await Assert.ThrowsAsync<RefusedException>(() => running.Memory.SearchAsync(running.Notes, request, new Trail(), default));

        // The short ones, then the long ones, and no more of those than a page may have.
        Assert.Equal(10, pages);
        Assert.InRange(running.Store.LargestPage, 8_000_000, 10_000_000);
    }

    [Fact]
    public async Task A_shard_that_was_dropped_is_loaded_again_and_finds_the_same()
    {
        await using var running = await RunningMemory.StartAsync();
        for (var i = 0; i < 200; i++)
        {
            await running.PutAsync($"k{i:D3}", $"word{i % 10} common text number{i}");
        }

        var receipt = await running.PutAsync("last", "word3 common");
        var before = await running.SearchAsync("word3 common", receipt.Sequence);
        await running.Memory.EvictAsync(Tier.L0, null, null);
        var after = await running.SearchAsync("word3 common", receipt.Sequence);

        Assert.Equal(before.Hits.Select(h => (h.Record.Key, h.Found.Score)), after.Hits.Select(h => (h.Record.Key, h.Found.Score)));
        Assert.Equal(201, after.RowsMatching);
    }

    [Fact]
    public async Task Vectors_of_callers_are_searched_and_foreign_ones_refused()
    {
        await using var running = await RunningMemory.StartAsync();
        var ns = await running.Memory.NamespaceForWriteAsync("acme", "points", 2, default);
        var puts = new[] { ("east", new float[] { 1, 0 }), ("north", [0, 1]), ("northeast", [1, 1]) }
            .Select(p => new PutRequest(new() { Key = p.Item1, Content = "x"u8.ToArray(), Vector = p.Item2 })).ToArray();
        var written = await running.Memory.PutAsync(ns, puts, null, new Trail(), default);

        var answer = await running.Memory.SearchAsync(ns, new SearchRequest { Vector = [2, 0.1f], K = 2, MinSequence = written.Last }, new Trail(), default);

        Assert.Equal(["east", "northeast"], answer.Hits.Select(h => h.Record.Key));
        Assert.Equal(SearchMode.Vector, answer.Mode);
        Assert.Equal("vector-dimension-mismatch", MemoryHierarchy.CheckForNamespace(puts[0].Draft with { Vector = [1, 2, 3] }, ns)!.Code);
        Assert.Equal("vector-not-accepted", MemoryHierarchy.CheckForNamespace(puts[0].Draft, running.Notes)!.Code);
    }

    [Fact]
    public async Task What_is_fixed_of_a_namespace_cannot_be_changed_and_the_rest_can()
    {
        await using var running = await RunningMemory.StartAsync();
        var settings = running.Notes.Settings;

        var changed = await running.Memory.ConfigureNamespaceAsync("acme", "notes", settings with { Resident = true }, default);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => running.Memory.ConfigureNamespaceAsync(
            "acme", "notes", settings with { VectorSource = VectorSource.Caller, VectorModel = null, Dimensions = 8 }, default));

        Assert.True(changed.Settings.Resident);
        Assert.Equal("namespace-settings-fixed", refused.Code);
    }
}
