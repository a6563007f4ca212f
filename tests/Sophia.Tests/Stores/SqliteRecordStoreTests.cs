using System.Text;
using Microsoft.Data.Sqlite;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;

namespace Sophia.Tests.Stores;

public sealed class SqliteRecordStoreTests : RecordStoreContract, IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("sophia-sqlite-").FullName;

    internal override async Task<StoreUnderTest> OpenAsync()
    {
        var clock = StoreUnderTest.NewClock();
        var store = SqliteRecordStore.Create(_directory, clock);
        await store.OpenAsync(default);
        return new StoreUnderTest(store, clock);
    }

    [Fact]
    public async Task A_second_opener_of_the_data_directory_is_told_who_has_it()
    {
        await using var first = await OpenAsync();
        await using var second = SqliteRecordStore.Create(_directory, TimeProvider.System);
        var refused = await Assert.ThrowsAsync<StoreInUseException>(() => second.OpenAsync(default));
        Assert.Contains($"process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Sophia__DataDirectory", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_opened_again_has_everything_and_the_same_secret()
    {
        byte[] secret;
        await using (var s = await OpenAsync())
        {
            secret = s.Store.Secret.ToArray();
            await s.PutAsync(await s.NamespaceAsync(), "k", "v");
        }

        await using var again = await OpenAsync();
        Assert.Equal(secret, again.Store.Secret.ToArray());
        Assert.Equal("v", await again.TextAsync(await again.NamespaceAsync(), "k"));
    }

    [Fact]
    public async Task A_scan_of_a_part_of_the_log_walks_the_log_and_not_all_records_for_each_page()
    {
        await (await OpenAsync()).DisposeAsync();
        await using var engine = new SqliteEngine(_directory, TimeProvider.System, null);
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(_directory, SqliteEngine.FileName)};Pooling=false");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"EXPLAIN QUERY PLAN {engine.SelectCurrentOfLog}";
        foreach (var parameter in (string[])["@from", "@end", "@ns", "@limit"])
        {
            command.Parameters.AddWithValue(parameter, 1L);
        }

        var steps = new List<string>();
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            steps.Add(rows.GetString(3));
        }

        Assert.StartsWith("SEARCH l ", steps[0], StringComparison.Ordinal);
        Assert.DoesNotContain(steps, step => step.Contains("TEMP B-TREE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_schema_of_a_later_version_is_refused_in_words()
    {
        await (await OpenAsync()).DisposeAsync();
        await using (var connection = new SqliteConnection($"Data Source={Path.Combine(_directory, "sophia.db")};Pooling=false"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "INSERT INTO schema_migrations VALUES (999, 'from the future', 'x', 0)";
            await command.ExecuteNonQueryAsync();
        }

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(OpenAsync);
        Assert.Contains("999", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_forget_no_byte_of_the_record_is_in_any_file()
    {
        const string Key = "canary-key-7f3a", Content = "canary-content-91bd", Tag = "canary-tag-55e0", Attribute = "canary-attribute-c04d", Source = "canary-source-2aa1";
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.CommitAsync([.. Enumerable.Range(0, 500).Select(i => s.PutOf(ns, StoreUnderTest.Draft($"canary-{i}", new string('x', i * 7))))]);
        for (var version = 0; version < 5; version++)
        {
            await s.PutAsync(ns, StoreUnderTest.Draft(Key, string.Concat(Enumerable.Repeat($"{Content} {version} ", 1 + (version * 700)))) with
            {
                Tags = [Tag],
                Attributes = Encoding.UTF8.GetBytes($$"""{"a":"{{Attribute}}"}"""),
                Provenance = new Provenance(Source),
            });
            await s.CommitAsync([.. Enumerable.Range(0, 100).Select(i => s.PutOf(ns, StoreUnderTest.Draft($"canary-{version}-{i}", $"{i}")))]);
        }

        await s.Store.CommitAsync([new WriteGroup(
            [s.PutOf(ns, StoreUnderTest.Draft(Key, Content + " last"))],
            new IdempotencyMark("t", new byte[32], new byte[32], s.Clock.GetUtcNow().AddDays(1)))], default);
        Assert.NotEmpty(FilesWith(Key));
        Assert.NotEmpty(FilesWith(Content));

        var outcome = await s.CommitAsync(new ForgetOperation(ns, Key, s.IdOf(ns, Key)));
        await s.Store.SettleErasureAsync(default);

        Assert.Equal(6, outcome.VersionsErased);
        Assert.All(new[] { Key, Content, Tag, Attribute, Source }, canary => Assert.Empty(FilesWith(canary)));
    }

    [Fact]
    public async Task The_write_ahead_log_is_cut_where_something_was_erased_and_no_reader_is_waited_for_otherwise()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        Assert.Single(await s.Store.SettleErasureAsync(default));
        await s.PutAsync(ns, "k", "v");
        await s.PutAsync(ns, "history", "old");
        await s.PutAsync(ns, "history", "new");
        await using var reader = new SqliteConnection($"Data Source={Path.Combine(_directory, SqliteEngine.FileName)};Pooling=false");
        await reader.OpenAsync();

        var begun = await ReadingAsync();
        Assert.Single(await s.Store.SettleErasureAsync(default));
        await s.CommitAsync(new ForgetOperation(ns, "k", s.IdOf(ns, "k")));
        Assert.Equal(2, (await s.Store.SettleErasureAsync(default)).Count);
        await begun.DisposeAsync();
        Assert.Single(await s.Store.SettleErasureAsync(default));
        Assert.Empty(await File.ReadAllBytesAsync(Path.Combine(_directory, SqliteEngine.FileName + "-wal")));

        await s.PutAsync(ns, "other", "v");
        begun = await ReadingAsync();
        Assert.Single(await s.Store.SettleErasureAsync(default));
        Assert.Equal(1, await s.Store.EraseHistoryAsync(ns, "history", null, default));
        Assert.Equal(2, (await s.Store.SettleErasureAsync(default)).Count);
        await begun.DisposeAsync();

        async Task<System.Data.Common.DbTransaction> ReadingAsync()
        {
            var reading = reader.BeginTransaction(deferred: true);
            await using var command = reader.CreateCommand();
            command.CommandText = "SELECT count(*) FROM records";
            await command.ExecuteScalarAsync();
            return reading;
        }
    }

    [Fact]
    public async Task Readers_do_not_wait_for_a_writer()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.PutAsync(ns, "k", "v");
        var writes = Task.WhenAll(Enumerable.Range(0, 40).Select(i => s.CommitAsync(
            [.. Enumerable.Range(0, 50).Select(j => s.PutOf(ns, StoreUnderTest.Draft($"w{i}-{j}", "x")))])));
        var reads = 0;
        while (!writes.IsCompleted || reads < 10)
        {
            Assert.Equal("v", await s.TextAsync(ns, "k"));
            reads++;
        }

        await writes;
        Assert.Equal(2001, await s.Store.CountAsync(ns.Id, s.Clock.GetUtcNow(), default));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private List<string> FilesWith(string canary)
    {
        var needle = Encoding.UTF8.GetBytes(canary);
        var found = new List<string>();
        foreach (var path in Directory.EnumerateFiles(_directory, "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(path) == "sophia.lock")
            {
                Assert.Equal(0, new FileInfo(path).Length); // held without sharing, so not to be read
                continue;
            }

            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var bytes = new MemoryStream();
            file.CopyTo(bytes);
            if (bytes.ToArray().AsSpan().IndexOf(needle) >= 0)
            {
                found.Add(Path.GetFileName(path));
            }
        }

        return found;
    }
}
