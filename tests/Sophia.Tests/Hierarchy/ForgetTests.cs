using System.Text;
using Sophia.Memory.Archiving;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Hierarchy;

public sealed class ForgetTests
{
    private const string Canary = "xqcanaryzw";

    [Fact]
    public async Task A_forgotten_canary_is_in_no_file_of_the_data_directory()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.PutAsync("plain", "nothing special");
        await running.PutAsync($"{Canary}/1", $"first {Canary}");
        await running.PutAsync($"{Canary}/1", $"second {Canary}", draft => draft with
        {
            Tags = [Canary], Attributes = Encoding.UTF8.GetBytes($$"""{"{{Canary}}":"{{Canary}}"}"""), Provenance = new Provenance(Source: Canary, Uri: $"http://{Canary}"),
        });
        await running.PutAsync($"{Canary}/deleted", $"third {Canary}");
        var last = await running.Memory.DeleteAsync(running.Notes, $"{Canary}/deleted", default, null, new Trail(), default);
        Assert.NotEmpty((await running.SearchAsync(Canary, last.Last)).Hits);
        Assert.NotEmpty(FilesWith(running.Directory, Canary));

        var answer = await running.Memory.ForgetAsync(running.Notes, new ForgetRequest { Prefix = Canary }, new Trail(), default);

        Assert.Equal(2, answer.Matched);
        Assert.Equal(3, answer.Versions);
        Assert.Equal(2, answer.Tombstones);
        Assert.Empty(FilesWith(running.Directory, Canary));
        Assert.DoesNotContain((await running.SearchAsync(Canary)).Hits, hit => hit.Record.Key != "plain" || hit.Found.MatchedTerms.Count > 0);
        Assert.Null((await running.GetAsync($"{Canary}/1")).Text);
        Assert.Null(await running.Memory.HistoryAsync(running.Notes, $"{Canary}/1", default, 10, new Trail(), default));
        Assert.Equal("nothing special", (await running.GetAsync("plain")).Text);
    }

    [Fact]
    public async Task A_dry_run_counts_what_the_forget_then_erases_and_erases_nothing()
    {
        await using var running = await RunningMemory.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            await running.PutAsync($"note/{i}", $"words {i}", draft => draft with { Tags = [i < 3 ? "old" : "new"] });
        }

        await running.PutAsync("note/0", "other words", draft => draft with { Tags = ["old"] });
        var request = new ForgetRequest { Filter = new() { AllTags = ["old"] }, DryRun = true };

        var dry = await running.Memory.ForgetAsync(running.Notes, request, new Trail(), default);
        Assert.Equal("other words", (await running.GetAsync("note/0")).Text);
        var real = await running.Memory.ForgetAsync(running.Notes, request with { DryRun = false }, new Trail(), default);
        var again = await running.Memory.ForgetAsync(running.Notes, request with { DryRun = false }, new Trail(), default);

        Assert.Equal((3, 4), (dry.Matched, dry.Versions));
        Assert.Equal((dry.Matched, dry.Versions, dry.Vectors, dry.Near, dry.Shard, dry.Tombstones), (real.Matched, real.Versions, real.Vectors, real.Near, real.Shard, real.Tombstones));
        Assert.Equal(0, again.Matched);
        Assert.Equal(2, await running.Memory.CountAsync(running.Notes, default));
    }

    [Fact]
    public async Task A_forget_that_finds_nothing_says_how_far_copies_have_come()
    {
        await using var running = await RunningMemory.StartAsync();
        await running.SearchAsync("words", (await running.PutAsync("k", "words")).Sequence);
        var proof = await running.Memory.ForgetAsync(running.Notes, new ForgetRequest { Keys = ["k"] }, new Trail(), default);
        await running.PutAsync("other", "words");

        var again = await running.Memory.ForgetAsync(running.Notes, new ForgetRequest { Keys = ["k"] }, new Trail(), default);

        Assert.Equal((1, 0), (proof.Matched, again.Matched));
        Assert.Equal((await running.Memory.NowAsync(running.Notes, default), 0), (again.Last, again.NotConfirmed.Count));
    }

    [Fact]
    public async Task A_forget_that_names_nothing_or_two_things_is_refused()
    {
        await using var running = await RunningMemory.StartAsync();

        foreach (var request in new[] { new ForgetRequest(), new ForgetRequest { All = true, Prefix = "a" } })
        {
            var refused = await Assert.ThrowsAsync<RefusedException>(() => running.Memory.ForgetAsync(running.Notes, request, new Trail(), default));
            Assert.Equal("invalid-request", refused.Code);
        }
    }

    [Fact]
    public async Task Histories_of_any_length_go_in_commits_of_bounded_size_and_are_counted_as_ever()
    {
        await using var running = await RunningMemory.StartAsync();
        foreach (var (key, versions) in new[] { ("a", 3_000), ("b", 3_000), ("c", 1), ("long", 6_000) })
        {
            var puts = Enumerable.Range(0, versions).Select(i => new PutRequest(new RecordDraft { Key = key, Content = Encoding.UTF8.GetBytes($"{Canary} {i}") }));
            await running.Memory.PutAsync(running.Notes, [.. puts], null, new Trail(), default);
        }

        var request = new ForgetRequest { All = true, DryRun = true };
        var dry = await running.Memory.ForgetAsync(running.Notes, request, new Trail(), default);
        var commits = new List<int>();
        var attic = new Attic(isAway: false);
        running.Memory.Archive = attic;
        running.Store.BeforeCommit = groups => commits.Add(groups.Sum(group => group.Operations.OfType<ForgetOperation>().Count()));

        var real = await running.Memory.ForgetAsync(running.Notes, request with { DryRun = false }, new Trail(), default);

        Assert.Equal((4, 12_001, 12_001, 4, 4), (real.Matched, real.Versions, real.Vectors, real.Near, real.Tombstones));
        Assert.Equal((dry.Matched, dry.Versions, dry.Vectors, dry.Near, dry.Shard, dry.Tombstones), (real.Matched, real.Versions, real.Vectors, real.Near, real.Shard, real.Tombstones));
        Assert.Equal([1, 2, 1], commits);

        // For each commit by itself: what is written again between two of them stays.
        Assert.Equal(commits, attic.Asked);
        Assert.Equal(1, running.Store.HistoriesErased);
        Assert.Empty(FilesWith(running.Directory, Canary));
    }

    [Fact]
    public async Task A_forget_asks_the_shared_cache_for_a_page_of_records_together()
    {
        var cache = new ScriptedCache();
        await using var running = await RunningMemory.StartAsync(shared: cache);
        for (var i = 0; i < 20; i++)
        {
            await running.PutAsync($"note/{i:00}", "words");
        }

        await cache.RemoveIfOlderAsync([(running.Memory.IdOf(running.Notes, "note/00"), (await running.PutAsync("last", "words")).Sequence)], default);
        var request = new ForgetRequest { Prefix = "note/", DryRun = true };
        var dry = await running.Memory.ForgetAsync(running.Notes, request, new Trail(), default);
        var real = await running.Memory.ForgetAsync(running.Notes, request with { DryRun = false }, new Trail(), default);

        Assert.Equal((19, 19), (dry.Shared, real.Shared));
        Assert.Equal((2, 0), (cache.Counts, cache.Gets));
    }

    [Fact]
    public async Task An_archive_that_cannot_be_asked_is_waited_for_once_and_named_in_the_proof()
    {
        await using var running = await RunningMemory.StartAsync();
        var puts = Enumerable.Range(0, 800).Select(i => new PutRequest(new RecordDraft { Key = $"note/{i}", Content = "words"u8.ToArray() }));
        await running.Memory.PutAsync(running.Notes, [.. puts], null, new Trail(), default);
        var archive = new Attic(isAway: true);
        running.Memory.Archive = archive;

        var answer = await running.Memory.ForgetAsync(running.Notes, new ForgetRequest { All = true }, new Trail(), default);

        Assert.Equal(800, answer.Tombstones);
        Assert.Single(archive.Asked);
        Assert.Equal("away", Assert.Single(answer.NotConfirmed).Reason);
        Assert.Contains(answer.StillHeldBy, holder => holder.StartsWith("Attic could not be asked", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_archive_that_cannot_be_asked_is_asked_once_for_records_that_get_no_tombstone_and_the_forget_is_to_be_sent_again()
    {
        await using var running = await RunningMemory.StartAsync();
        var archive = new Attic(isAway: true);
        running.Memory.Archive = archive;

        var answer = await running.Memory.ForgetAsync(running.Notes, new ForgetRequest { Keys = [.. Enumerable.Range(0, 300).Select(i => $"gone/{i}")] }, new Trail(), default);

        Assert.Equal([250], archive.Asked);
        Assert.Contains(answer.StillHeldBy, holder => holder.Contains("send the forget again", StringComparison.Ordinal));
    }

    private sealed class Attic(bool isAway) : IArchive
    {
        /// <summary>How many records it was asked to erase, by call.</summary>
        public List<int> Asked { get; } = [];

        public string Name => "Attic";

        public DateTimeOffset HasUpTo(NamespaceInfo ns) => default;

        public Task<RowPage<LogEntry>> HistoryAsync(NamespaceInfo ns, string key, RecordId id, Sequence before, int limit, CancellationToken cancellationToken) =>
            throw new ArchiveUnavailableException("away");

        public void Recall(NamespaceInfo ns)
        {
        }

        public bool MayHold(NamespaceInfo ns) => true;

        public Task<ArchiveErasure> EraseAsync(NamespaceInfo ns, IReadOnlyList<RecordId> records, Sequence before, DateTimeOffset asked, CancellationToken cancellationToken)
        {
            Asked.Add(records.Count);
            return isAway ? throw new ArchiveUnavailableException("away") : Task.FromResult(new ArchiveErasure(records.Count, null));
        }
    }

    private static string[] FilesWith(string directory, string text)
    {
        var wanted = Encoding.UTF8.GetBytes(text);
        // The lock file is held for this process alone and can be read by nobody; it is empty.
        return [.. Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith("sophia.lock", StringComparison.Ordinal)).Where(file =>
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes.AsSpan().IndexOf(wanted) >= 0;
        })];
    }
}
