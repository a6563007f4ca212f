using System.Data.Common;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Snowflake.Flushing;
using Sophia.Snowflake.Mirror;
using Sophia.Tests.Infrastructure;

namespace Sophia.Snowflake.Tests.Mirror;

public partial class MirrorTests : IAsyncLifetime, IDisposable
{
    private static readonly SnowflakeOptions Options = new() { BatchRows = 50, StatementTimeout = TimeSpan.FromSeconds(20) };
    private FaultySnowflake _lake = null!;
    private RunningMemory _running = null!;
    private LogMirror _mirror = null!;
    private SnowflakeFlush _flush = null!;

    private MemoryHierarchy Memory => _running.Memory;

    /// <summary>The account that is mirrored to; null for the local engine in the process.</summary>
    protected virtual Task<DbDataSource?> AccountAsync() => Task.FromResult<DbDataSource?>(null);

    public virtual async Task InitializeAsync()
    {
        _lake = new(await AccountAsync());
        await new Sophia.Snowflake.Migrations.Migrator(_lake.Inside).ApplyAsync(null, CancellationToken.None);
        _running = await RunningMemory.StartAsync();
        (_mirror, _flush) = Make("node-a");
        Memory.Archive = new MirrorArchive(_mirror, _flush, Options with { EraseTimeout = TimeSpan.FromSeconds(20) }, isShared: false);
        await _mirror.StartAsync(CancellationToken.None);
    }

    public virtual async Task DisposeAsync()
    {
        await _flush.DisposeAsync();
        _mirror.Dispose();
        await _running.DisposeAsync();
        await _lake.Inside.DisposeAsync();
    }

    public void Dispose()
    {
        _lake.Dispose();
        GC.SuppressFinalize(this);
    }

    private (LogMirror, SnowflakeFlush) Make(string node, SnowflakeOptions? options = null)
    {
        var mirror = new LogMirror(Memory, options ?? Options, node, NullLogger.Instance);
        return (mirror, new SnowflakeFlush(_lake, [mirror], options ?? Options, _running.Clock, NullLogger.Instance));
    }

    private Task<long> FlushAsync() => _flush.FlushAsync(CancellationToken.None);

    private async Task<long> CountAsync(string where = "true") => (long)(await _lake.QueryAsync($"select count(*) from sophia_ai_memory.memory_log where {where}"))[0][0]!;

    private Task<WriteAnswer> PutAsync(NamespaceInfo ns, params RecordDraft[] drafts) =>
        Memory.PutAsync(ns, [.. drafts.Select(d => new PutRequest(d))], null, new Trail(), CancellationToken.None);

    private static RecordDraft Draft(string key, string text) => new() { Key = key, Content = Encoding.UTF8.GetBytes(text) };

    [Fact]
    public async Task Every_kind_of_row_is_there_with_all_that_it_has()
    {
        await _running.PutAsync("a", "The cat sleeps.", d => d with
        {
            Tags = ["x", "y"], Attributes = """{"n":1,"s":"ü"}"""u8.ToArray(), Provenance = new Provenance(Source: "book", Agent: "me"), ExpiresAt = _running.Clock.GetUtcNow().AddDays(1),
        });
        await _running.PutAsync("b", "x", d => d with { Kind = ContentKind.Bytes, Content = new byte[] { 0, 255, 7 }, ContentType = "application/octet-stream" });
        await _running.PutAsync("a", "The cat is awake.");
        await Memory.DeleteAsync(_running.Notes, "b", default, null, new Trail(), CancellationToken.None);

        Assert.Equal(4, await FlushAsync());

        var rows = await _lake.QueryAsync(
            "select record_key, change, version, content, tags, attributes:s::string, provenance:source::string, v.embedding, content_bytes, previous is null, tenant, namespace, expires_at from sophia_ai_memory.memory_log l left join sophia_ai_memory.memory_vectors_256 v on v.sequence = l.sequence order by l.sequence");
        Assert.Equal([("a", "put", 1L), ("b", "put", 1L), ("a", "put", 2L), ("b", "delete", 2L)], rows.Select(r => ((string)r[0]!, (string)r[1]!, (long)r[2]!)));
        Assert.Equal(("The cat sleeps.", "[\"x\",\"y\"]", "ü", "book", true, "acme", "notes"), ((string)rows[0][3]!, (string)rows[0][4]!, (string)rows[0][5]!, (string)rows[0][6]!, (bool)rows[0][9]!, (string)rows[0][10]!, (string)rows[0][11]!));
        Assert.Equal(new DateTime(2026, 11, 2, 12, 0, 0), rows[0][12]);
        Assert.Equal([0, 255, 7], (byte[])rows[1][8]!);
        Assert.Equal((await Memory.GetAsync(_running.Notes, "a", default, new Trail(), CancellationToken.None)).Entry!.Record.Vector, System.Text.Json.JsonSerializer.Deserialize<float[]>((string)rows[2][7]!));
        Assert.Equal([["The cat is awake."]], await _lake.QueryAsync("select content from sophia_ai_memory.memory_current"));
        Assert.Equal((0L, TimeSpan.Zero), (_mirror.Report().Rows, _mirror.Report().Lag));
    }

    [Fact]
    public async Task A_service_in_which_nothing_happens_does_not_even_log_in()
    {
        _flush.Start();
        for (var i = 0; i < 50; i++)
        {
            _running.Clock.Advance(TimeSpan.FromMinutes(10));
            await Task.Yield();
        }

        Assert.Equal(0, _lake.Logins);
        await _running.PutAsync("a", "one");
        await UntilAsync(() => _lake.Logins > 0 && _mirror.Report().Rows == 0, TimeSpan.FromMinutes(1));
        var (logins, statements) = (_lake.Logins, _lake.Wire.Count);
        for (var i = 0; i < 200; i++)
        {
            _running.Clock.Advance(TimeSpan.FromMinutes(10));
            await Task.Yield();
        }

        Assert.Equal((logins, statements), (_lake.Logins, _lake.Wire.Count));
        Assert.Equal(1, _flush.Report().FlushesLastDay + (_flush.Report().CreditsLastDay == 0 ? 1 : 0));
    }

    [Fact]
    public async Task Rows_go_after_the_interval_or_when_they_are_many()
    {
        var (mirror, flush) = Make("node-b", Options with { FlushRows = 20 });
        await mirror.StartAsync(CancellationToken.None);
        flush.Start();
        await _running.PutAsync("a", "one");
        for (var i = 0; i < 100; i++)
        {
            _running.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(0, _lake.Logins);
        await PutAsync(_running.Notes, [.. Enumerable.Range(0, 20).Select(i => Draft($"k{i}", $"text {i}"))]);
        await UntilAsync(() => mirror.Report().Rows == 0, TimeSpan.FromSeconds(1));
        Assert.Equal(21, await CountAsync());
        await flush.DisposeAsync();
        mirror.Dispose();
    }

    private async Task AssertSameAsync()
    {
        List<(long, string, string?)> log = [];
        for (var after = 0L; ;)
        {
            var page = await Memory.ReadLogAsync(_running.Notes.Partition, after, 1000, CancellationToken.None);
            if (page.Count == 0)
            {
                break;
            }

            after = page[^1].Sequence.Number;
            log.AddRange(page.Where(e => e.NamespaceId == _running.Notes.Id).Select(e => (e.Sequence.Value, MirrorRows.NameOf(e.Kind), e.Record is { } r ? Encoding.UTF8.GetString(r.Content.Span) : null)));
        }

        var mirrored = (await _lake.QueryAsync("select sequence, change, content from sophia_ai_memory.memory_log order by sequence")).Select(r => (Convert.ToInt64(r[0]), (string)r[1]!, r[2] as string)).ToList();
        Assert.Equal(log.Where(e => e.Item2 != "put" || e.Item3 is not null).Order(), mirrored.Where(e => e.Item2 != "put" || e.Item3 is not null).Order());
        Assert.Equal(mirrored.Count, mirrored.Select(e => e.Item1).Distinct().Count());
    }

    [Fact]
    public async Task A_forget_waits_for_snowflake_and_its_proof_counts_what_went_there()
    {
        await _running.PutAsync("a", "one secret");
        await _running.PutAsync("a", "two secret");
        await _running.PutAsync("b", "stays");
        await FlushAsync();

        var proof = await Memory.ForgetAsync(_running.Notes, new ForgetRequest { Keys = ["a"] }, new Trail(), CancellationToken.None);

        Assert.Equal(2, proof.Archived);
        Assert.Equal(0, await CountAsync("content like '%secret%'"));
        Assert.Equal([[1L]], await _lake.QueryAsync("select count(*) from sophia_ai_memory.memory_vectors_256"));
        await FlushAsync();
        Assert.Equal(1, await CountAsync("change = 'forget' and record_key is null"));
        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task A_pause_holds_over_a_restart_and_what_came_meanwhile_follows()
    {
        await _mirror.PauseAsync(true, CancellationToken.None);
        await _running.PutAsync("a", "one");
        Assert.Equal(0, await FlushAsync());
        Assert.Equal(0, _lake.Logins);

        var (mirror, flush) = Make("node-b");
        await mirror.StartAsync(CancellationToken.None);
        Assert.True(mirror.Report().Paused);
        Assert.Equal((0L, true), (mirror.Waiting, mirror.Report().Rows > 0));
        await mirror.PauseAsync(false, CancellationToken.None);
        Assert.Equal(1, await flush.FlushAsync(CancellationToken.None));
        await flush.DisposeAsync();
        mirror.Dispose();
    }

    [Fact]
    public async Task Of_two_processes_one_mirrors_and_the_other_takes_over_when_it_is_gone()
    {
        _running.Store.PretendShared = true;
        var (other, otherFlush) = Make("node-b");
        await _running.PutAsync("a", "one");
        Assert.Equal(1, await FlushAsync());
        await _running.PutAsync("b", "two");

        Assert.Equal(0, await otherFlush.FlushAsync(CancellationToken.None));
        _running.Clock.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(1, await otherFlush.FlushAsync(CancellationToken.None));
        await _running.PutAsync("c", "three");
        Assert.Equal(0, await FlushAsync());

        Assert.Equal((false, true), (_mirror.Report().IsMine, other.Report().IsMine));
        Assert.Equal(2, await CountAsync());
        await otherFlush.DisposeAsync();
        other.Dispose();
    }

    [Fact]
    public async Task Rows_of_another_store_give_way_to_those_that_have_their_numbers()
    {
        await _running.PutAsync("a", "old with a vector");
        await _running.PutAsync("b", "old");
        await FlushAsync();
        await using var memory = await RunningMemory.StartAsync();
        var mirror = new LogMirror(memory.Memory, Options, "node", NullLogger.Instance);
        await using var flush = new SnowflakeFlush(_lake, [mirror], Options, memory.Clock, NullLogger.Instance);
        await memory.PutAsync("a", "", d => d with { Kind = ContentKind.Bytes, Content = new byte[] { 7 }, ContentType = "application/octet-stream" });
        await memory.PutAsync("b", "new");

        await flush.FlushAsync(CancellationToken.None);

        Assert.Equal([["a", "bytes"], ["b", "new"]], await _lake.QueryAsync("select record_key, coalesce(content, content_kind) from sophia_ai_memory.memory_log order by sequence"));
        Assert.Equal(
            [["b"]], await _lake.QueryAsync("select l.record_key from sophia_ai_memory.memory_vectors_256 v join sophia_ai_memory.memory_log l on l.sequence = v.sequence and l.record_id = v.record_id"));
        Assert.Equal([[1L]], await _lake.QueryAsync("select count(*) from sophia_ai_memory.memory_vectors_256"));
        mirror.Dispose();
    }

    [Fact]
    public async Task History_is_trimmed_only_once_snowflake_has_it()
    {
        await using var memory = await RunningMemory.StartAsync(new Sophia.Memory.MemoryOptions { LogRetention = TimeSpan.FromHours(1), SweepInterval = TimeSpan.FromSeconds(30) });
        var mirror = new LogMirror(memory.Memory, Options, "node", NullLogger.Instance);
        await using var flush = new SnowflakeFlush(_lake, [mirror], Options, memory.Clock, NullLogger.Instance);
        memory.Memory.Archive = new MirrorArchive(mirror, flush, Options, isShared: false);
        await memory.PutAsync("a", "one");
        await memory.PutAsync("a", "two");
        async Task<int> Versions() => (await memory.Memory.HistoryAsync(memory.Notes, "a", default, 10, new Trail(), CancellationToken.None))!.Items.Count;
        async Task PassAsync()
        {
            for (var i = 0; i < 10; i++)
            {
                memory.Clock.Advance(TimeSpan.FromSeconds(40));
                await Task.Delay(20);
            }
        }

        memory.Clock.Advance(TimeSpan.FromHours(2));
        await PassAsync();
        Assert.Equal(2, await Versions());

        await flush.FlushAsync(CancellationToken.None);
        // Between two rounds of trimming is a hundred times what one took by this clock, which goes on while a round waits for a thread.
        for (var i = 0; i < 2_000 && await Versions() == 2; i++)
        {
            await PassAsync();
        }

        Assert.Equal(1, await Versions());
        Assert.Equal(2, await CountAsync());
        var whole = await memory.Memory.WholeHistoryAsync(memory.Notes, "a", default, 10, new Trail(), CancellationToken.None);
        Assert.Equal(["two", "one"], whole!.Items.Select(item => Encoding.UTF8.GetString(item.Record!.Content.Span)));
        Assert.Equal([2, 1], whole.Items.Select(item => item.Version));
        var logins = _lake.Logins;
        Assert.Single((await memory.Memory.WholeHistoryAsync(memory.Notes, "a", default, 1, new Trail(), CancellationToken.None))!.Items);
        Assert.Equal(logins, _lake.Logins);
        _lake.OnLogin = () => throw new DriverException("HTTP 503");
        await Assert.ThrowsAsync<Sophia.Memory.Archiving.ArchiveUnavailableException>(() => memory.Memory.WholeHistoryAsync(memory.Notes, "a", default, 10, new Trail(), CancellationToken.None));
        _lake.OnLogin = null;
        await memory.Memory.ForgetAsync(memory.Notes, new ForgetRequest { Keys = ["a"] }, new Trail(), CancellationToken.None);
        await memory.PutAsync("a", "anew");
        await flush.FlushAsync(CancellationToken.None);
        Assert.Single((await memory.Memory.WholeHistoryAsync(memory.Notes, "a", default, 10, new Trail(), CancellationToken.None))!.Items);
        mirror.Dispose();
    }

    [Fact]
    public async Task Large_versions_come_from_snowflake_in_pages_that_go_on_where_the_one_before_ended()
    {
        await using var memory = await RunningMemory.StartAsync(new Sophia.Memory.MemoryOptions { LogRetention = TimeSpan.FromHours(1), SweepInterval = TimeSpan.FromSeconds(30) });
        var mirror = new LogMirror(memory.Memory, Options, "node", NullLogger.Instance);
        await using var flush = new SnowflakeFlush(_lake, [mirror], Options, memory.Clock, NullLogger.Instance);
        for (var version = 1; version <= 12; version++)
        {
            await memory.PutAsync("a", $"{version} ".PadRight(1 << 20));
        }

        await flush.FlushAsync(CancellationToken.None);
        memory.Memory.Archive = new MirrorArchive(mirror, flush, Options, isShared: false);
        memory.Clock.Advance(TimeSpan.FromHours(2));
        for (var i = 0; i < 1_000 && await memory.Store.ReadTrimmedAsync(memory.Notes, CancellationToken.None) < 11; i++)
        {
            memory.Clock.Advance(TimeSpan.FromSeconds(40));
            await Task.Delay(20);
        }

        var sizes = new List<int>();
        var versions = new List<int>();
        var before = Sequence.None;
        do
        {
            var page = (await memory.Memory.WholeHistoryAsync(memory.Notes, "a", before, 1_000, new Trail(), CancellationToken.None))!;
            sizes.Add(page.Items.Count);
            versions.AddRange(page.Items.Select(item => item.Version));
            before = page.Next;
        }
        while (!before.IsNone);

        Assert.Equal(Enumerable.Range(1, 12).Reverse(), versions);
        Assert.Equal([9, 3], sizes);
        mirror.Dispose();
    }

    private async Task UntilAsync(Func<bool> holds, TimeSpan step)
    {
        for (var i = 0; i < 4_000 && !holds(); i++)
        {
            _running.Clock.Advance(step);
            await Task.Delay(2);
        }

        Assert.True(holds());
    }
}
