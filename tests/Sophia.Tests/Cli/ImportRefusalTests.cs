using System.Text;
using Sophia.Cli.Import;
using Sophia.Client;
using Sophia.Tests.Client;

namespace Sophia.Tests.Cli;

/// <summary>What an import cannot take, and what it says of it.</summary>
public sealed class ImportRefusalTests : ImportRuns
{
    [Fact]
    public async Task Lines_that_are_no_records_are_told_by_number_and_the_others_are_stored()
    {
        var file = Cli.Write("x.ndjson", """
            {"key":"a","content":"one"}
            not json
            {"content":"no key"}

            {"key":"b"}
            {"key":"c","content":"x","tags":"not a list"}
            {"key":"d","content":{"any":"json"},"version":7}
            {"key":"e","content":"\ud800"}
            {"key":"f","content":"x","attributes":{"t":"\ud83d"}}
            {"key":"g","content":{"\ud83d":1}}
            {"key":"h","content":["\uD83D"]}
            {"key":"i","content":"x","attributes":{"t":"\ud83d\ude00"}}
            """);
        var result = await Import(file);
        Assert.Equal((3, 3, 8), (result.ExitCode, (int?)result.Json["stored"], (int?)result.Json["invalidLines"]));
        Assert.Equal(["line 2", "line 3", "line 5", "line 6", "line 8", "line 9", "line 10", "line 11"], result.Json["problems"]!.AsArray().Select(p => ((string)p!).Split(':')[0]));
        Assert.Equal(["a", "d", "i"], Service.Records.Keys);
        Service.Records.Clear();

        var strict = await Import(file, "--strict", "--fresh");
        Assert.Equal(3, strict.ExitCode);
        Assert.Contains("line 2", strict.Error, StringComparison.Ordinal);
        Assert.Equal(["a"], Service.Records.Keys);
    }

    [Theory]
    [InlineData("\"content\":NESTED")]
    [InlineData("\"content\":1,\"attributes\":{\"a\":NESTED}")]
    [InlineData("\"content\":1,\"ttlSeconds\":1e400")]
    [InlineData("\"content\":1,\"vector\":[0.5,1e39]")]
    public async Task A_line_that_could_not_be_sent_leaves_the_lines_beside_it_alone(string fields)
    {
        var file = Cli.Write("x.ndjson", $"{{\"key\":\"a\",\"content\":{Nested(61)}}}\n{{\"key\":\"b\",{fields.Replace("NESTED", Nested(62), StringComparison.Ordinal)}}}\n{{\"key\":\"c\",\"content\":1}}\n");

        var result = await Import(file);

        Assert.Equal((3, 2, 1), (result.ExitCode, (int?)result.Json["stored"], (int?)result.Json["invalidLines"]));
        Assert.Equal(["a", "c"], Service.Records.Keys);
    }

    [Theory]
    [InlineData("\"validFrom\":\"2026-01-01T00:00:00\"")]
    [InlineData("\"expiresAt\":\"2026-01-01\"")]
    [InlineData("\"ttlSeconds\":\"60\"")]
    [InlineData("\"key\":\"b\"")]
    [InlineData("\"attributes\":{\"a\":1,\"a\":2}")]
    public async Task A_line_that_the_api_would_not_take_is_no_record(string field)
    {
        var file = Cli.Write("x.ndjson", $"{{\"key\":\"a\",\"content\":1,\"validFrom\":\"2026-01-01T00:00:00+01:00\",\"validTo\":\"2027-01-01T00:00:00.5Z\",\"expiresAt\":null}}\n{{\"key\":\"b\",\"content\":1,{field}}}\n");
        var result = await Import(file);
        Assert.Equal((3, 1, 1), (result.ExitCode, (int?)result.Json["stored"], (int?)result.Json["invalidLines"]));
        Assert.Equal(["a"], Service.Records.Keys);
    }

    [Fact]
    public async Task Bytes_that_are_not_text_are_told_by_the_number_of_their_line()
    {
        var file = Cli.Write("x.ndjson", "{\"key\":\"a\",\"content\":\"x\"}\n");
        await File.AppendAllTextAsync(file, "{\"key\":\"b\",\"content\":\"x\",\"attributes\":{\"t\":\"\u00e4\"}}\n", Encoding.Latin1);
        var result = await Import(file);
        Assert.Equal((3, 1, 1), (result.ExitCode, (int?)result.Json["stored"], (int?)result.Json["invalidLines"]));
        Assert.StartsWith("line 2:", (string?)result.Json["problems"]![0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_file_is_2()
    {
        var file = WriteGzip("x.ndjson.gz", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 1000).Select(i => $"{{\"key\":\"k{i}\",\"content\":\"{i}\"}}\n"))));
        var bytes = await File.ReadAllBytesAsync(file);
        Array.Fill(bytes, (byte)0xff, bytes.Length / 2, bytes.Length / 4);
        await File.WriteAllBytesAsync(file, bytes);

        var result = await Import(file);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("damaged", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x.txt.gz", 3)]
    [InlineData("x.ndjson.gz", 2)]
    public async Task A_compressed_file_that_was_cut_off_is_not_taken_for_whole(string name, int expected)
    {
        var file = WriteGzip(name, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 100).Select(i => $"{{\"key\":\"k{i}\",\"content\":\"{i * 7919}\"}}\n"))));
        var whole = await File.ReadAllBytesAsync(file);
        await File.WriteAllBytesAsync(file, whole[..^40]);

        for (var run = 0; run < 2; run++)
        {
            var cut = await Import(file);
            Assert.Equal(expected, cut.ExitCode);
            Assert.Contains("damaged", cut.Output + cut.Error, StringComparison.Ordinal);
        }
        // Of text the end says whether it is whole; a line says so itself.
        Assert.Equal(expected == 2, Service.Records.Count > 0);

        await File.WriteAllBytesAsync(file, whole);
        Assert.Equal(0, (await Import(file)).ExitCode);
        Assert.NotEmpty(Service.Records);
    }

    [Fact]
    public async Task A_compressed_file_may_have_several_members_and_zeros_behind_them()
    {
        var file = WriteGzip("x.txt.gz", "one "u8.ToArray());
        var member = await File.ReadAllBytesAsync(file);
        await File.WriteAllBytesAsync(file, [.. member, .. member, .. new byte[100]]);

        Assert.Equal(0, (await Import(file)).ExitCode);
        Assert.Equal("one one", (string?)Service.Records["x.txt.gz#0000"].Record["content"]);
    }

    [Fact]
    public async Task What_is_named_gz_and_is_no_gzip_is_passed_over()
    {
        Cli.Write("d/a.gz", "text");
        var result = await Import(Path.Combine(Cli.Folder, "d"));
        Assert.Equal((0, 1), (result.ExitCode, (int?)result.Json["skipped"]!["not gzip"]));
    }

    [Fact]
    public async Task What_the_service_rejects_is_told_by_its_line()
    {
        Service.Refuse = draft => (string?)draft["key"] == "bad" ? "no good" : null;
        var result = await Import(Cli.Write("x.jsonl", "{\"key\":\"ok\",\"content\":1}\n{\"key\":\"bad\",\"content\":2}"));
        Assert.Equal((3, 1, 1), (result.ExitCode, (int?)result.Json["stored"], (int?)result.Json["rejected"]));
        Assert.Equal("line 2: rejected (invalid): no good", (string?)result.Json["problems"]![0]);
    }

    [Fact]
    public async Task What_was_not_taken_is_not_forgotten_by_the_next_run()
    {
        Service.Refuse = draft => (string?)draft["key"] is "k7" or "k500" ? "no good" : null;
        var file = Cli.Write("x.ndjson", "not json\n" + string.Concat(Enumerable.Range(0, 1000).Select(i => $"{{\"key\":\"k{i}\",\"content\":\"{i}\"}}\n")));
        Assert.Equal(3, (await Import(file)).ExitCode);

        var second = await Import(file);
        var third = await Import(file);
        Assert.Equal((3, 0, 3), (second.ExitCode, (int?)second.Json["records"], (int?)second.Json["refusedBefore"]));
        Assert.Equal((3, 3), (third.ExitCode, (int?)third.Json["refusedBefore"]));

        Service.Refuse = static _ => null;
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("not json", "", StringComparison.Ordinal));
        Assert.Equal((0, 1000), ((await Import(file)).ExitCode, Service.Records.Count));
        Assert.Equal(0, (await Import(file)).ExitCode);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_service_that_does_not_answer_in_time_is_told_as_such_whichever_sender_it_leaves_waiting(int nth)
    {
        var file = Cli.Write("x.ndjson", string.Concat(Enumerable.Range(0, 2000).Select(i => $"{{\"key\":\"k{i}\",\"content\":\"{i}\"}}\n")));
        using var http = new HttpClient(new LateAnswer(nth));
        var importer = new Importer(new SophiaClient(http, new SophiaClientOptions { BaseAddress = Service.Address }), "docs", new ImportTally());
        using var stream = File.OpenRead(file);

        var late = await Assert.ThrowsAsync<TaskCanceledException>(() => importer.RunAsync(new NdjsonSource(stream, "", false, default, null, new ImportTally(), TimeProvider.System), default));

        Assert.IsType<TimeoutException>(late.InnerException);
    }

    [SkippableFact]
    public async Task A_file_whose_name_is_not_text_is_told_and_the_others_are_imported()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "names of files are bytes on Linux alone");
        Cli.Write("d/a.txt", "one");
        await ShellAsync($"printf x > \"{Cli.Folder}/d/$(printf 'b\\377').txt\"");

        var result = await Import(Path.Combine(Cli.Folder, "d"));
        // .NET cannot delete by such a name either.
        await ShellAsync($"rm -r \"{Cli.Folder}/d\"");

        Assert.Equal(3, result.ExitCode);
        Assert.Equal(["a.txt#0000"], Service.Records.Keys);
        Assert.Single(result.Json["problems"]!.AsArray());
    }

    private static string Nested(int levels) => new string('[', levels) + new string(']', levels);

    private static async Task ShellAsync(string line)
    {
        using var shell = System.Diagnostics.Process.Start("/bin/sh", ["-c", line]);
        await shell.WaitForExitAsync();
        Assert.Equal(0, shell.ExitCode);
    }

    /// <summary>One of the four senders hears of a time-out, as the HTTP client tells it, once all have sent; the others wait.</summary>
    private sealed class LateAnswer(int nth) : HttpMessageHandler
    {
        private readonly TaskCompletionSource _allSent = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _sent;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var place = Interlocked.Increment(ref _sent);
            if (place == 4) _allSent.SetResult();
            await _allSent.Task.WaitAsync(cancellationToken);
            if (place == nth) throw new TaskCanceledException("It took too long.", new TimeoutException());
            await Task.Delay(Timeout.Infinite, cancellationToken);
            throw new InvalidOperationException("It waits for ever.");
        }
    }
}
