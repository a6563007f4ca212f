using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Sophia.Cli.Keys;
using Sophia.Cli.Memories;

namespace Sophia.Tests.Cli;

public sealed class CommandTests : CommandRuns
{
    [Fact]
    public async Task Put_then_get_gives_the_content_to_the_byte_and_says_the_tier_on_stderr()
    {
        var put = await Run("put", "k", "line one\n", "-n", "notes", "--tag", "a", "--tag", "b", "-a", "n=3", "-a", "lang=de", "--ttl", "60");
        var get = await Run("get", "k", "-n", "notes");

        Assert.Equal((0, 0), (put.ExitCode, get.ExitCode));
        Assert.StartsWith("stored version 1", put.Output, StringComparison.Ordinal);
        Assert.Equal("line one\n", get.Output);
        Assert.Contains("L3 · 1.75 ms (near 0.02, l3 1.5)", get.Error, StringComparison.Ordinal);
        Assert.Equal("""{"content":"line one\n","tags":["a","b"],"attributes":{"n":3,"lang":"de"},"ttlSeconds":60}""", Service.Seen.First().Body);
    }

    [Fact]
    public async Task Content_comes_from_a_pipe_or_a_file_and_bytes_stay_bytes()
    {
        await Cli.RunAsync(Service, ["put", "piped", "-n", "n"], input: "from the pipe");
        var file = Path.Combine(Cli.Folder, "b.bin");
        await File.WriteAllBytesAsync(file, [0xff, 0x00]);
        await Run("put", "bytes", "-n", "n", "--file", file);

        Assert.Equal("from the pipe", (await Run("get", "piped", "-n", "n")).Output);
        Assert.Equal("/wA=", (string?)(await Run("get", "bytes", "-n", "n", "--json")).Json["contentBase64"]);
    }

    [Theory]
    [InlineData("put", "k", "x", "-a", "t=\"\\ud83d\"")]
    [InlineData("put", "k", "x", "-a", "t={\"\\ud83d\":1}")]
    [InlineData("put", "k", "{\"t\":[\"\\ud83d\"]}", "--content-type", "application/json")]
    [InlineData("put", "k", "\"\\ud83d\"", "--content-type", "application/json")]
    [InlineData("put", "k", "x", "--api-key", "sk\n_x")]
    [InlineData("put", "k", "x", "--tenant", "ä")]
    public async Task What_cannot_be_sent_is_a_mistake_of_the_command_line(params string[] args)
    {
        var put = await Run([.. args, "-n", "n", "--json"]);

        Assert.Equal((2, ""), (put.ExitCode, put.Output));
        Assert.Equal("usage", (string?)JsonNode.Parse(put.Error)!["error"]!["code"]);
        Assert.Empty(Service.Seen);
    }

    [Fact]
    public async Task A_line_end_in_a_variable_does_not_belong_to_the_key()
    {
        Cli.Variables["SOPHIA_API_KEY"] = "sk_x\r\n";
        Cli.Variables["SOPHIA_TENANT"] = "acme\r";

        Assert.Equal(0, (await Run("put", "k", "x", "-n", "n")).ExitCode);
        Assert.Equal(("Bearer sk_x", "acme"), (Service.Seen.Single().Headers.Authorization.ToString(), Service.Seen.Single().Headers["Sophia-Tenant"].ToString()));
    }

    [Fact]
    public async Task A_search_that_is_less_than_was_asked_for_says_so()
    {
        await Run("put", "k", "a cat", "-n", "n");
        Service.SearchFields["mode"] = "lexical";
        Service.SearchFields["degraded"] = "embedder-unavailable: the model is away";
        Service.SearchFields["withoutVector"] = 12;
        Service.SearchFields["partial"] = JsonNode.Parse("""{"missing":[{"shard":1,"reason":"still loading"}]}""");

        var text = await Run("search", "cat", "-n", "n");
        var json = (await Run("search", "cat", "-n", "n", "--json")).Json;

        Assert.Contains("degraded, mode lexical: embedder-unavailable: the model is away", text.Error, StringComparison.Ordinal);
        Assert.Contains("not looked at: shard 1: still loading", text.Error, StringComparison.Ordinal);
        Assert.Equal(("lexical", "embedder-unavailable: the model is away", 12), ((string?)json["mode"], (string?)json["degraded"], (int?)json["withoutVector"]));
        Assert.DoesNotContain("has \"", text.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_as_deep_as_theService_takes_is_shown_as_json()
    {
        var deep = new string('[', 63) + new string(']', 63);
        await Run("put", "k", deep, "-n", "n", "--content-type", "application/json");

        var got = await Run("get", "k", "-n", "n", "--json");

        Assert.Equal((0, deep), (got.ExitCode, JsonNode.Parse(got.Output, null, new() { MaxDepth = 128 })!["content"]!.ToJsonString()));
    }

    [Fact]
    public async Task A_phrase_that_no_record_has_is_named()
    {
        Service.SearchFields["understood"] = JsonNode.Parse("""{"phrases":["green dog"]}""");
        await Run("put", "k", "a cat", "-n", "n");

        var found = await Run("search", "\"green dog\"", "-n", "n");

        Assert.Contains("no record that passes the filters has \"green dog\"", found.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("no record", (await Run("search", "cat", "-n", "n")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_holds_nothing_is_1_and_the_error_says_what_to_do()
    {
        var got = await Run("get", "nothing", "-n", "n");
        Assert.Equal((1, ""), (got.ExitCode, got.Output));
        Assert.Contains("→ What to do about not-found.", got.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Errors_are_json_with_json()
    {
        var got = await Run("get", "nothing", "-n", "n", "--json");
        var error = JsonNode.Parse(got.Error)!["error"]!;
        Assert.Equal(("not-found", 404, "trace-1", ""), ((string?)error["code"], (int?)error["status"], (string?)error["traceId"], got.Output));
        Assert.Equal("usage", (string?)JsonNode.Parse((await Run("get", "--json")).Error)!["error"]!["code"]);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(2, "get", "k")]
    [InlineData(2, "no-such-command")]
    [InlineData(2, "search", "x", "-n", "n", "-k", "0")]
    [InlineData(2, "forget", "-n", "n")]
    [InlineData(2, "forget", "k", "--all", "-n", "n")]
    [InlineData(2, "put", "k", "x", "-n", "n", "-a", "novalue")]
    [InlineData(2, "tiers", "--url", "ftp://x")]
    [InlineData(2, "key", "new", "--scope", "everything")]
    [InlineData(2, "key", "new", "--tenant", "Not A Name")]
    [InlineData(2, "import", "/no/such/file", "-n", "n")]
    [InlineData(4, "tiers", "--url", "http://127.0.0.1:1")]
    [InlineData(0, "--help")]
    [InlineData(0, "import", "--help")]
    public async Task Exit_codes_say_whose_fault_it_was(int expected, params string[] args)
    {
        var result = await Run(args);
        Assert.Equal(expected, result.ExitCode);
        if (expected == 0) Assert.Empty(result.Error);
        else Assert.Empty(result.Output);
    }

    [Theory]
    [InlineData(403, "forbidden", 3)]
    [InlineData(422, "invalid-record", 3)]
    [InlineData(500, "internal", 4)]
    public async Task What_theService_says_decides_the_exit_code(int status, string code, int expected)
    {
        Service.Fault(status, code);
        Assert.Equal(expected, (await Run("tiers")).ExitCode);
    }

    [Theory]
    [InlineData(200, "{}", "put", "k", "x", "-n", "n")]
    [InlineData(404, "{\"title\":\"Not Found\"}", "get", "k", "-n", "n")]
    [InlineData(404, "<h1>Not Found</h1>", "get", "k", "-n", "n")]
    public async Task What_answers_as_another_service_does_is_not_believed(int status, string body, params string[] args)
    {
        Service.Faults.Enqueue(context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = body[0] == '{' ? "application/json" : "text/html";
            return context.Response.WriteAsync(body);
        });

        var result = await Run(args);

        Assert.Equal((4, ""), (result.ExitCode, result.Output));
        Assert.Contains("--url", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupted_is_130()
    {
        using var stop = new CancellationTokenSource();
        Service.Faults.Enqueue(async context =>
        {
            await stop.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        });
        Assert.Equal(130, (await Cli.RunAsync(Service, ["tiers"], cancellationToken: stop.Token)).ExitCode);
    }

    [Fact]
    public async Task Search_prints_hits_and_no_hit_is_no_error()
    {
        await Run("put", "cat", "the \u001b[31mcat\u001b[0m sat", "-n", "n");
        var found = await Run("search", "cat", "-n", "n");
        var none = await Run("search", "dog", "-n", "n");
        var json = (await Run("search", "cat", "-n", "n", "--json")).Json;

        Assert.Equal((0, 0, ""), (found.ExitCode, none.ExitCode, none.Output));
        Assert.Equal(" 1  0.0164  cat\n    the [31mcat [0m sat\n", found.Output);
        Assert.Contains("1 hits of 1 matching · L3", found.Error, StringComparison.Ordinal);
        Assert.Equal("L3", (string?)json["served"]!["tier"]);
        Assert.Equal("cat", (string?)json["hits"]![0]!["key"]);
    }

    [Fact]
    public async Task A_hit_in_a_pipe_is_two_lines_however_long()
    {
        var key = new string('k', 300);
        await Run("put", key, string.Join(' ', Enumerable.Repeat("a cat", 100)), "-n", "n");

        var lines = (await Run("search", "cat", "-n", "n")).Output.TrimEnd('\n').Split('\n');

        Assert.Equal(2, lines.Length);
        Assert.EndsWith(key, lines[0], StringComparison.Ordinal);
        Assert.InRange(lines[1].Length, 220, 230);
    }

    [Fact]
    public void A_snippet_is_cut_around_the_first_matched_term()
    {
        var content = string.Join(' ', Enumerable.Range(0, 300)) + " needle and more";
        Assert.Contains("needle", SearchCommand.Snippet(content, ["needle"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tiers_show_state_and_reason()
    {
        var text = (await Run("tiers")).Output;
        Assert.Contains("degraded: redis is away", text, StringComparison.Ordinal);
        Assert.Contains("2 KiB", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', text);
        Assert.Equal(0.75, (double?)(await Run("tiers", "--json")).Json["tiers"]![0]!["hitRatio"]);
    }

    [Fact]
    public async Task A_new_key_is_random_and_its_hash_is_what_theService_is_told()
    {
        var lines = (await Run("key", "new")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var again = (await Run("key", "new", "--json")).Json;

        Assert.Matches("^sk_[A-Za-z0-9_-]{43}$", lines[0]);
        Assert.Equal(
            [$"Sophia__ApiKeys__0__Hash={ApiKey.Of(lines[0]).Hash}", "Sophia__ApiKeys__0__Tenant=local", "Sophia__ApiKeys__0__Scopes__0=read", "Sophia__ApiKeys__0__Scopes__1=write"],
            lines[1..]);
        Assert.Contains("Sophia__ApiKeys__1__Scopes__0=admin", (await Run("key", "new", "--index", "1", "--scope", "admin")).Output, StringComparison.Ordinal);
        Assert.NotEqual(lines[0], (string?)again["key"]);
        Cli.Variables["SOPHIA_TENANT"] = "acme";
        Assert.Contains("Sophia__ApiKeys__0__Tenant=acme", (await Run("key", "new")).Output, StringComparison.Ordinal);
        // FIPS 180-2, appendix B.1: the hash of "abc".
        Assert.Equal("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", ApiKey.Of("abc").Hash);
        Assert.Empty(Service.Seen);
    }

    [Fact]
    public async Task The_key_and_the_tenant_come_from_the_environment()
    {
        Cli.Variables["SOPHIA_API_KEY"] = "sk_env";
        Cli.Variables["SOPHIA_TENANT"] = "acme";
        await Run("tiers");
        var request = Assert.Single(Service.Seen);
        Assert.Equal(("Bearer sk_env", "acme"), (request.Headers.Authorization.ToString(), request.Headers["Sophia-Tenant"].ToString()));
    }

    [Fact]
    public async Task A_namespace_is_shown_and_its_language_is_changed_alone()
    {
        var changed = await Run("namespace", "notes", "--language", "de");
        await Run("put", "k", "x", "-n", "notes");
        var shown = await Run("namespace", "notes", "--json");

        Assert.Equal("""{"language":"de"}""", Service.Seen.First().Body);
        Assert.Contains("language  de", changed.Output, StringComparison.Ordinal);
        Assert.Equal((0, "notes"), (shown.ExitCode, (string?)shown.Json["name"]));
    }
}
