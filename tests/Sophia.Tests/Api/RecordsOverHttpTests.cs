using System.Net;
using System.Text.Json;
using Sophia.Client;

namespace Sophia.Tests.Api;

public sealed class RecordsOverHttpTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_record_is_stored_read_replaced_and_deleted_with_its_history_kept()
    {
        const string Path = "/v1/namespaces/life/memories/a";
        var stored = await api.JsonAsync(HttpMethod.Put, Path, """{"content":"one","tags":["x"],"attributes":{"n":1}}""", HttpStatusCode.Created);
        Assert.Equal("stored", stored.GetProperty("status").GetString());
        var replaced = await api.JsonAsync(HttpMethod.Put, Path, """{"content":{"deep":[1,2]}}""");
        Assert.Equal("replaced", replaced.GetProperty("status").GetString());

        using var read = await api.SendAsync(HttpMethod.Get, Path);
        var record = JsonDocument.Parse(await read.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(2, record.GetProperty("content").GetProperty("deep")[1].GetInt32());
        Assert.Equal(replaced.GetProperty("etag").GetString(), read.Headers.ETag!.Tag);
        Assert.Contains("total;dur=", read.Headers.GetValues("Server-Timing").Single(), StringComparison.Ordinal);
        Assert.Equal("L1", read.Headers.GetValues("Sophia-Tier").Single());

        Assert.Equal("deleted", (await api.JsonAsync(HttpMethod.Delete, Path)).GetProperty("status").GetString());
        await api.JsonAsync(HttpMethod.Get, Path, expected: HttpStatusCode.NotFound);
        var history = await api.JsonAsync(HttpMethod.Get, Path + "/history");
        Assert.Equal(["delete", "put", "put"], history.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("change").GetString()!));
    }

    [Fact]
    public async Task A_current_etag_answers_304_and_another_version_refuses_the_write()
    {
        const string Path = "/v1/namespaces/tags/memories/a";
        var etag = (await api.JsonAsync(HttpMethod.Put, Path, """{"content":"one"}""", HttpStatusCode.Created)).GetProperty("etag").GetString()!;
        Assert.Equal(HttpStatusCode.NotModified, (await api.SendAsync(HttpMethod.Get, Path, null, ("If-None-Match", etag))).StatusCode);
        await api.JsonAsync(HttpMethod.Put, Path, """{"content":"two"}""", HttpStatusCode.OK, ("If-Match", $"\"other\", {etag}"));
        var refused = await api.JsonAsync(HttpMethod.Put, Path, """{"content":"three"}""", HttpStatusCode.PreconditionFailed, ("If-Match", etag));
        Assert.Equal("precondition-failed", refused.GetProperty("code").GetString());
        await api.JsonAsync(HttpMethod.Put, Path, """{"content":"three"}""", HttpStatusCode.PreconditionFailed, ("If-Match", "W/" + etag));
        await api.JsonAsync(HttpMethod.Put, Path, """{"content":"three"}""", HttpStatusCode.PreconditionFailed, ("If-None-Match", "*"));
        await api.JsonAsync(HttpMethod.Put, Path, """{"content":"three"}""", HttpStatusCode.OK, ("If-Match", "*"));
    }

    [Fact]
    public async Task The_same_idempotency_key_gives_the_same_receipt_and_refuses_another_request()
    {
        const string Path = "/v1/namespaces/idem/memories/a";
        var first = await api.JsonAsync(HttpMethod.Put, Path, """{"content":"one"}""", HttpStatusCode.Created, ("Idempotency-Key", "k1"));
        using var again = await api.SendAsync(HttpMethod.Put, Path, """{"content":"one"}""", ("Idempotency-Key", "k1"));
        Assert.Equal("true", again.Headers.GetValues("Idempotency-Replayed").Single());
        Assert.Equal(first.GetRawText(), await again.Content.ReadAsStringAsync());
        var other = await api.JsonAsync(HttpMethod.Put, Path, """{"content":"two"}""", HttpStatusCode.UnprocessableEntity, ("Idempotency-Key", "k1"));
        Assert.Equal("idempotency-key-reused", other.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_batch_writes_the_valid_items_and_says_of_each_other_where_it_is_wrong()
    {
        var answer = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/batch/memories",
            """{"items":[{"key":"a","content":"x"},{"key":"b","content":"y","tags":["t",1]},{"content":"z"},{"key":"d","content":"w","nope":{"deep":[1]}}]}""");
        Assert.Equal(1, answer.GetProperty("stored").GetInt32());
        Assert.Equal(3, answer.GetProperty("rejected").GetInt32());
        var receipts = answer.GetProperty("receipts");
        Assert.Equal("b", receipts[1].GetProperty("key").GetString());
        Assert.StartsWith("items[1].tags[1]:", receipts[1].GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("items[2].key:", receipts[2].GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("items[3].nope:", receipts[3].GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a/history")]
    [InlineData("50%")]
    [InlineData("%2F")]
    [InlineData("what? #1 & 2+2=4")]
    [InlineData("Größe/Länge ⚖ 𝄞")]
    [InlineData("a\\b:c;d")]
    public async Task A_key_of_any_characters_comes_back_as_it_was_sent(string key)
    {
        var path = "/v1/namespaces/keys/memories/" + Uri.EscapeDataString(key);
        using var put = await api.SendAsync(HttpMethod.Put, path, """{"content":"x"}""");
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        Assert.Equal(key, (await api.JsonAsync(HttpMethod.Get, path)).GetProperty("key").GetString());
    }

    [Fact]
    public async Task A_listing_goes_on_by_its_cursor_and_refuses_a_cursor_of_another_filter()
    {
        for (var i = 0; i < 5; i++)
        {
            await api.JsonAsync(HttpMethod.Put, $"/v1/namespaces/list/memories/k{i}", $$$"""{"content":"x","attributes":{"n":{{{i}}}}}""", HttpStatusCode.Created);
        }

        var first = await api.JsonAsync(HttpMethod.Get, "/v1/namespaces/list/memories?attr=n:ge:1&limit=3");
        var next = first.GetProperty("next").GetString()!;
        var second = await api.JsonAsync(HttpMethod.Get, $"/v1/namespaces/list/memories?attr=n:ge:1&limit=3&cursor={next}");
        var keys = first.GetProperty("items").EnumerateArray().Concat(second.GetProperty("items").EnumerateArray()).Select(r => r.GetProperty("key").GetString()!);
        Assert.Equal(["k1", "k2", "k3", "k4"], keys);
        var refused = await api.JsonAsync(HttpMethod.Get, $"/v1/namespaces/list/memories?attr=n:ge:2&cursor={next}", expected: HttpStatusCode.BadRequest);
        Assert.Equal("invalid-cursor", refused.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_listing_takes_the_token_of_a_write_from_the_typed_client_and_refuses_what_is_none()
    {
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/tokens/memories/a", """{"content":"1"}""", HttpStatusCode.Created);
        var receipt = await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/tokens/memories/b", """{"content":"2"}""", HttpStatusCode.Created);
        using var http = api.CreateClient();
        var client = new SophiaClient(http, new SophiaClientOptions { BaseAddress = http.BaseAddress! });
        var keys = new List<string>();
        await foreach (var record in client.ListAsync("tokens", new ListOptions { MinSequence = receipt.GetProperty("sequence").GetString(), PageSize = 1 }))
        {
            keys.Add(record.Key);
        }

        Assert.Equal(["a", "b"], keys);
        var refused = await api.JsonAsync(HttpMethod.Get, "/v1/namespaces/tokens/memories?minSequence=zzz", expected: HttpStatusCode.BadRequest);
        Assert.Equal("invalid-token", refused.GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_search_finds_what_was_just_written_when_it_carries_the_token()
    {
        var receipt = await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/find/memories/cat", """{"content":"The cat sleeps on the server."}""", HttpStatusCode.Created);
        var token = receipt.GetProperty("sequence").GetString();
        var answer = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/find/search", $$"""{"query":"sleeping cats","minSequence":"{{token}}"}""");
        Assert.Equal("cat", answer.GetProperty("hits")[0].GetProperty("key").GetString());
        Assert.Equal("L0", answer.GetProperty("tier").GetString());
    }

    [Fact]
    public async Task Forgetting_first_says_what_would_go_and_then_takes_it_away()
    {
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/gone/memories/a", """{"content":"secret"}""", HttpStatusCode.Created);
        var dry = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/gone/forget", """{"keys":["a"],"dryRun":true}""");
        Assert.Equal(1, dry.GetProperty("matched").GetInt32());
        await api.JsonAsync(HttpMethod.Get, "/v1/namespaces/gone/memories/a");
        var proof = await api.JsonAsync(HttpMethod.Post, "/v1/namespaces/gone/forget", """{"keys":["a"]}""");
        Assert.Equal(0, proof.GetProperty("notConfirmed").GetArrayLength());
        await api.JsonAsync(HttpMethod.Get, "/v1/namespaces/gone/memories/a", expected: HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_session_gives_back_its_turns_oldest_first_and_refuses_more_when_closed()
    {
        await api.JsonAsync(HttpMethod.Post, "/v1/sessions/s1/turns", """{"turns":[{"role":"user","content":"hi"},{"role":"assistant","content":"hello"}]}""");
        var view = await api.JsonAsync(HttpMethod.Get, "/v1/sessions/s1?last=5");
        Assert.Equal(["hi", "hello"], view.GetProperty("turns").EnumerateArray().Select(t => t.GetProperty("content").GetString()!));
        var closed = await api.JsonAsync(HttpMethod.Post, "/v1/sessions/s1/close", """{"promoteTo":"talks"}""");
        Assert.Equal(2, closed.GetProperty("promoted").GetInt32());
        var refused = await api.JsonAsync(HttpMethod.Post, "/v1/sessions/s1/turns", """{"turns":[{"role":"user","content":"more"}]}""", HttpStatusCode.Conflict);
        Assert.Equal("session-closed", refused.GetProperty("code").GetString());
    }

    [Fact]
    public async Task What_the_service_keeps_for_itself_cannot_be_read_by_its_name()
    {
        await api.JsonAsync(HttpMethod.Post, "/v1/sessions/kept/turns", """{"turns":[{"role":"user","content":"hi"}]}""");
        var refused = await api.JsonAsync(HttpMethod.Get, "/v1/namespaces/$sessions/memories/kept", expected: HttpStatusCode.BadRequest);
        Assert.Equal("invalid-namespace", refused.GetProperty("code").GetString());
    }

    [Fact]
    public async Task The_change_feed_resumes_behind_the_last_event_that_was_seen()
    {
        var first = await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/feed/memories/a", "{\"content\":{\n\"x\":1}}", HttpStatusCode.Created);
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/feed/memories/b", """{"content":"2"}""", HttpStatusCode.Created);
        using var client = api.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/namespaces/feed/changes?from=beginning");
        request.Headers.Add("Last-Event-ID", first.GetProperty("sequence").GetString());
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        string? line;
        while ((line = await reader.ReadLineAsync(patience.Token)) is not null && !line.StartsWith("data:", StringComparison.Ordinal))
        {
        }

        Assert.Equal("b", JsonDocument.Parse(line!["data:".Length..]).RootElement.GetProperty("key").GetString());
    }

    [Fact]
    public async Task A_feed_from_now_says_where_it_begins_so_that_who_is_cut_off_loses_no_change()
    {
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/quiet/memories/a", """{"content":"1"}""", HttpStatusCode.Created);
        using var client = api.CreateClient();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        string begin;
        using (var first = await client.GetAsync("/v1/namespaces/quiet/changes?from=now", HttpCompletionOption.ResponseHeadersRead, patience.Token))
        {
            begin = first.Headers.GetValues("Sophia-Sequence").Single();
            using var lines = new StreamReader(await first.Content.ReadAsStreamAsync());
            Assert.Equal(": sophia", await lines.ReadLineAsync(patience.Token));
            Assert.Equal("id: " + begin, await lines.ReadLineAsync(patience.Token));
            Assert.Equal("", await lines.ReadLineAsync(patience.Token));
        }

        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/quiet/memories/b", """{"content":"2"}""", HttpStatusCode.Created);
        await using var feed = new SophiaClient(client, new SophiaClientOptions { BaseAddress = client.BaseAddress! }).ChangesAsync("quiet", begin, patience.Token).GetAsyncEnumerator(patience.Token);

        Assert.True(await feed.MoveNextAsync());
        Assert.Equal("b", feed.Current.Key);
    }

    [Theory]
    [InlineData("/v1/tiers")]
    [InlineData("/health")]
    [InlineData("/alive")]
    [InlineData("/metrics")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/docs/")]
    [InlineData("/v1/namespaces")]
    [InlineData("/")]
    public async Task The_pages_around_the_memory_answer(string path)
    {
        using var response = await api.SendAsync(HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }
}
