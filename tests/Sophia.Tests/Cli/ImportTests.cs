using System.Text;
using Sophia.Tests.Client;

namespace Sophia.Tests.Cli;

public sealed class ImportTests : ImportRuns
{
    private int Batches => Service.Seen.Count(r => r.Method == "POST");

    [Fact]
    public async Task A_folder_of_documents_becomes_records_with_their_place()
    {
        Cli.Write("d/guide/intro.md", "# Guide\n\nHello.\n\n## Install\n\nRun it.\n");
        Cli.Write("d/COPYING", "Licence text.");
        Cli.Write("d/LGPL-2.1", "More licence.");
        Cli.Write("d/program.exe", "MZ");
        Cli.Write("d/.git/config", "hidden");
        Cli.Write("d/empty.txt", "");
        await File.WriteAllBytesAsync(Path.Combine(Cli.Folder, "d", "data"), [1, 0, 2]);
        await File.WriteAllBytesAsync(Path.Combine(Cli.Folder, "d", "latin.txt"), [0xe4, 0x20]);
        File.CreateSymbolicLink(Path.Combine(Cli.Folder, "d", "loop"), Path.Combine(Cli.Folder, "d"));
        WriteGzip("d/ls.1.gz", Encoding.UTF8.GetBytes(".TH LS 1"));
        WriteGzip("d/tar.gz", [0, 0, 0]);

        var result = await Import(Path.Combine(Cli.Folder, "d"));

        Assert.Equal((0, 5), (result.ExitCode, (int?)result.Json["stored"]));
        Assert.Equal(["COPYING#0000", "LGPL-2.1#0000", "guide/intro.md#0000", "guide/intro.md#0001", "ls.1.gz#0000"], Service.Records.Keys);
        Assert.Equal(
            """{"binary":2,"hidden":1,"link":1,"not UTF-8":1,"other type":1}""",
            new System.Text.Json.Nodes.JsonObject(result.Json["skipped"]!.AsObject().OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => KeyValuePair.Create(s.Key, s.Value?.DeepClone()))).ToJsonString());
        var record = Service.Records["guide/intro.md#0001"].Record;
        Assert.Equal("## Install\n\nRun it.", (string?)record["content"]);
        Assert.Equal("text/markdown", (string?)record["contentType"]);
        Assert.Equal("""{"path":"guide/intro.md","position":1,"heading":"Guide \u003E Install"}""", record["attributes"]!.ToJsonString());
        Assert.Equal("guide/intro.md", (string?)record["provenance"]!["source"]);
    }

    [Fact]
    public async Task Links_are_followed_when_asked_but_never_in_a_circle()
    {
        Cli.Write("d/a/x.txt", "text");
        File.CreateSymbolicLink(Path.Combine(Cli.Folder, "d", "a", "up"), Path.Combine(Cli.Folder, "d"));
        File.CreateSymbolicLink(Path.Combine(Cli.Folder, "d", "self"), Path.Combine(Cli.Folder, "d", "self"));
        File.CreateSymbolicLink(Path.Combine(Cli.Folder, "d", "y.txt"), Path.Combine(Cli.Folder, "d", "a", "x.txt"));
        File.CreateSymbolicLink(Path.Combine(Cli.Folder, "l"), Path.Combine(Cli.Folder, "d"));
        foreach (var root in new[] { "d", "l", "l/" })
        {
            Assert.Equal(0, (await Import(Path.Combine(Cli.Folder, root), "--follow-links")).ExitCode);
            Assert.Equal(["a/x.txt#0000", "y.txt#0000"], Service.Records.Keys);
        }
    }

    [Fact]
    public async Task A_second_run_passes_over_what_is_done_and_fresh_finds_it_unchanged()
    {
        Cli.Write("d/a.txt", "one");
        Cli.Write("d/b.txt", "two");
        var folder = Path.Combine(Cli.Folder, "d");
        await Import(folder);
        var batches = Batches;

        var second = (await Import(folder)).Json;
        Assert.Equal((0, 2, batches), ((int?)second["records"], (int?)second["alreadyDone"], Batches));

        var fresh = (await Import(folder, "--fresh")).Json;
        Assert.Equal((2, 0), ((int?)fresh["unchanged"], (int?)fresh["alreadyDone"]));
    }

    [Theory]
    [InlineData("txt", "one", "two")]
    [InlineData("ndjson", "{\"key\":\"a\",\"content\":\"one\"}\n", "{\"key\":\"b\",\"content\":\"two\"}\n")]
    public async Task A_file_that_is_named_by_a_link_is_imported_again_when_it_has_changed(string type, string before, string after)
    {
        var file = Cli.Write($"target.{type}", before);
        var link = Path.Combine(Cli.Folder, $"link.{type}");
        File.CreateSymbolicLink(link, file);
        await Import(link);
        Assert.Equal(0, (int?)(await Import(link)).Json["records"]);

        await File.WriteAllTextAsync(file, after);
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(1));

        Assert.Equal((0, 1), ((await Import(link)).ExitCode, Service.Records.Values.Count(static r => (string?)r.Record["content"] == "two")));
    }

    [SkippableTheory]
    [InlineData("txt", "one", "two")]
    [InlineData("ndjson", "{\"key\":\"a\",\"content\":\"one\"}\n", "{\"key\":\"b\",\"content\":\"two\"}\n")]
    public async Task What_comes_through_a_pipe_that_is_named_is_imported_each_time(string type, string first, string second)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "named pipes are made by mkfifo");
        var pipe = Path.Combine(Cli.Folder, $"pipe.{type}");
        using var made = System.Diagnostics.Process.Start("mkfifo", [pipe]);
        await made.WaitForExitAsync();

        foreach (var text in new[] { first, second })
        {
            // Either end waits for the other.
            var writing = Task.Run(() => File.WriteAllTextAsync(pipe, text));
            Assert.Equal(1, (int?)(await Import(pipe)).Json["records"]);
            await writing;
        }

        Assert.Contains("two", Service.Records.Values.Select(static r => (string?)r.Record["content"]));
    }

    [Fact]
    public async Task A_namespace_that_was_emptied_or_made_anew_is_imported_again()
    {
        Cli.Write("d/a.txt", "one");
        var folder = Path.Combine(Cli.Folder, "d");
        await Import(folder);
        Service.Records.Clear();
        Assert.Equal(1, (int?)(await Import(folder)).Json["stored"]);
        Service.NamespaceCreatedAt = "2026-02-02T00:00:00.000Z";
        Assert.Equal(1, (int?)(await Import(folder)).Json["unchanged"]);
    }

    [Theory]
    [InlineData("--tenant", "red", "blue")]
    [InlineData("--api-key", "sk_red", "sk_blue")]
    public async Task What_one_tenant_or_key_has_imported_is_imported_by_another_too(string option, string first, string second)
    {
        var file = Cli.Write("a.txt", "one");
        await Import(file, option, first);
        await Import(file, option, first);
        Assert.Equal(1, Batches);

        await Import(file, option, second);
        Assert.Equal(2, Batches);
    }

    [Fact]
    public async Task With_a_key_that_may_not_ask_for_the_namespace_all_is_sent_again()
    {
        Service.IsWriteOnly = true;
        var file = Cli.Write("x.ndjson", "{\"key\":\"a\",\"content\":\"one\"}\n");
        await Import(file);
        Service.Records.Clear();

        Assert.Equal((0, 1), ((await Import(file)).ExitCode, Service.Records.Count));
    }

    [Fact]
    public async Task Chunks_beyond_the_end_of_a_file_that_shrank_are_deleted_and_no_others()
    {
        var file = Cli.Write("d/a.md", "# 1\nx\n# 2\nx\n# 3\nx\n# 4\nx\n");
        Cli.Write("d/a.md#0003", "a file whose name looks like a chunk's key");
        var folder = Path.Combine(Cli.Folder, "d");
        await Import(folder);
        Assert.Contains("a.md#0003", Service.Records.Keys);

        await File.WriteAllTextAsync(file, "# 1\nx\n");
        Assert.Equal(3, (int?)(await Import(folder)).Json["deletedStale"]);
        Assert.Equal(["a.md#0000"], Service.Records.Keys);

        await File.WriteAllTextAsync(file, "");
        Service.Records["other"] = ([], 1);
        Assert.Equal(1, (int?)(await Import(folder)).Json["deletedStale"]);
        Assert.Equal(["other"], Service.Records.Keys);
    }

    [Fact]
    public async Task A_key_that_may_not_look_for_chunks_beyond_the_end_imports_all_files_and_is_told()
    {
        Service.IsWriteOnly = true;
        Cli.Write("d/a.txt", "");
        Cli.Write("d/b.txt", "one");
        var folder = Path.Combine(Cli.Folder, "d");

        var first = await Import(folder);
        var again = await Import(folder);

        Assert.Equal((0, 1, 1), (first.ExitCode, (int?)first.Json["stored"], (int?)first.Json["staleUnknown"]));
        Assert.Equal((0, 1, 2), (again.ExitCode, (int?)again.Json["unchanged"], (int?)again.Json["staleUnknown"]));
    }

    [Fact]
    public async Task An_import_that_broke_off_goes_on_after_the_last_line_with_a_receipt()
    {
        var file = Cli.Write("x.ndjson", string.Concat(Enumerable.Range(0, 2000).Select(i => $"{{\"key\":\"k{i:D4}\",\"content\":\"{i}\"}}\n")));
        var later = 0;
        var allCame = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Service.BeforeBatch = async items =>
        {
            if (string.CompareOrdinal((string?)items[0]!["key"], "k1000") < 0) return null;
            // Each of the four senders comes with a later batch once its earlier ones are marked: with all four here, all before k1000 are.
            if (Interlocked.Increment(ref later) == 4) allCame.SetResult();
            await allCame.Task;
            if ((string?)items[0]!["key"] != "k1000") return null;
            while (Service.Records.Count < 1750) await Task.Delay(10);
            return "forbidden";
        };
        var broken = await Import(file);
        Assert.Equal(3, broken.ExitCode);
        Assert.Contains("goes on from here", broken.Error, StringComparison.Ordinal);
        Service.BeforeBatch = static _ => Task.FromResult<string?>(null);

        // The receipts of later lines are there too, but a mark goes only as far as none is missing.
        var second = await Import(file);
        Assert.Equal((0, 2000), (second.ExitCode, Service.Records.Count));
        Assert.Equal((1000, 250, 750), ((int?)second.Json["records"], (int?)second.Json["stored"], (int?)second.Json["unchanged"]));

        Assert.Equal(0, (int?)(await Import(file)).Json["records"]);
        File.AppendAllText(file, "{\"key\":\"new\",\"content\":\"x\"}\n");
        Assert.Equal((2000, 1), ((int?)(await Import(file)).Json["unchanged"], Service.Records.Keys.Count(k => k == "new")));
    }

    [Fact]
    public async Task Of_two_lines_with_one_key_the_later_one_stays_however_long_the_earlier_takes()
    {
        var lines = Enumerable.Range(0, 1000).Select(i => $"{{\"key\":\"{(i is 0 or 250 ? "twice" : $"k{i}")}\",\"content\":\"{i}\"}}\n");
        var file = Cli.Write("x.ndjson", string.Concat(lines));
        var later = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var order = new System.Collections.Concurrent.ConcurrentQueue<string>();
        Service.BeforeBatch = async items =>
        {
            var first = (string)items[0]!["content"]!;
            if (first == "250") later.TrySetResult();
            // Whoever sends both at once has the later one here while this one waits.
            if (first == "0") await Task.WhenAny(later.Task, Task.Delay(500));
            order.Enqueue(first);
            return null;
        };

        var result = await Import(file);

        Assert.Equal((0, "250"), (result.ExitCode, (string?)Service.Records["twice"].Record["content"]));
        Assert.Equal(["0", "250"], order.Where(static first => first is "0" or "250"));
        Assert.Equal("0", order.First());
    }

    [Fact]
    public async Task Interrupted_it_keeps_what_is_done_and_says_130()
    {
        var file = Cli.Write("x.ndjson", string.Concat(Enumerable.Range(0, 5000).Select(i => $"{{\"key\":\"k{i:D4}\",\"content\":\"{i}\"}}\n")));
        using var stop = new CancellationTokenSource();
        var served = 0;
        Service.BeforeBatch = async _ =>
        {
            if (Interlocked.Increment(ref served) == 6) await stop.CancelAsync();
            return null;
        };
        var broken = await Cli.RunAsync(Service, ["import", file, "-n", "docs"], cancellationToken: stop.Token);
        Assert.Equal(130, broken.ExitCode);
        Service.BeforeBatch = static _ => Task.FromResult<string?>(null);
        Assert.Equal(0, (await Import(file)).ExitCode);
        Assert.Equal(5000, Service.Records.Count);
    }

    [Fact]
    public async Task A_busy_service_is_waited_for_and_a_batch_too_large_is_halved()
    {
        Service.MostItemsABatch = 100;
        for (var i = 0; i < 3; i++) Service.Fault(429, "too-many-writes", retryAfter: "0");
        var file = Cli.Write("x.ndjson", string.Concat(Enumerable.Range(0, 300).Select(i => $"{{\"key\":\"k{i}\",\"content\":\"{i}\"}}\n")));
        var result = await Import(file);
        Assert.Equal((0, 300, 0), (result.ExitCode, Service.Records.Count, (int?)result.Json["rejected"]));
    }

    [Fact]
    public async Task A_journal_that_cannot_be_written_is_said_and_the_import_goes_on()
    {
        Cli.Variables["XDG_STATE_HOME"] = Cli.Write("state", "a file where the folder should be");
        var result = await Import(Cli.Write("a.txt", "text"));
        Assert.Equal((0, 1), (result.ExitCode, (int?)result.Json["stored"]));
        Assert.Contains("cannot write", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Standard_input_is_ndjson_and_a_prefix_goes_before_each_key()
    {
        var result = await Cli.RunAsync(Service, ["import", "-", "-n", "docs", "--key-prefix", "p/"], input: "{\"key\":\"a\",\"content\":\"x\"}\r\n");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.Contains("1 stored", result.Error, StringComparison.Ordinal);
        Assert.Equal(["p/a"], Service.Records.Keys);
    }

    [SkippableFact]
    public async Task Real_licences_are_imported_word_for_word()
    {
        const string Licences = "/usr/share/common-licenses";
        Skip.IfNot(Directory.Exists(Licences), $"{Licences} is not on this machine");
        var result = await Import(Licences);
        Assert.Equal(0, result.ExitCode);
        foreach (var file in new DirectoryInfo(Licences).GetFiles().Where(f => f.LinkTarget is null))
        {
            var chunks = Service.Records.Where(r => r.Key.StartsWith(file.Name + "#", StringComparison.Ordinal)).Select(r => (string)r.Value.Record["content"]!).ToList();
            Assert.Equal(Words(await File.ReadAllTextAsync(file.FullName)), chunks.SelectMany(Words));
            Assert.All(chunks, c => Assert.InRange(c.Length, 1, 1200));
        }
        Assert.True((int)result.Json["stored"]! > 100);
    }

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
