using System.Net;
using System.Text.Json;

namespace Sophia.Tests.Api;

/// <summary>Answers of which each part is as large as it may be.</summary>
public sealed class LargeAnswersTests(ApiHost api) : IClassFixture<ApiHost>
{
    private const int Large = 1 << 20;

    [Fact]
    public async Task A_session_with_too_large_turns_is_refused_as_described_and_fewer_turns_are_answered()
    {
        var turn = $$"""{"role":"user","content":"{{new string('x', Large)}}"}""";
        var turns = $$"""{"turns":[{{string.Join(',', Enumerable.Repeat(turn, 33))}}]}""";
        await api.JsonAsync(HttpMethod.Post, "/v1/sessions/long/turns", turns);
        await api.JsonAsync(HttpMethod.Post, "/v1/sessions/long/turns", turns);

        var refused = await api.JsonAsync(HttpMethod.Get, "/v1/sessions/long?last=1000", expected: HttpStatusCode.RequestEntityTooLarge);
        var fewer = await api.JsonAsync(HttpMethod.Get, "/v1/sessions/long?last=10");

        Assert.Equal("too-large", refused.GetProperty("code").GetString());
        Assert.Contains("fewer", refused.GetProperty("suggestion").GetString(), StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(57, 10), fewer.GetProperty("turns").EnumerateArray().Select(one => one.GetProperty("number").GetInt32()));
        var described = await api.JsonAsync(HttpMethod.Get, "/openapi/v1.json");
        Assert.True(described.GetProperty("paths").GetProperty("/v1/sessions/{id}").GetProperty("get").GetProperty("responses").TryGetProperty("413", out _));
    }

    [Fact]
    public async Task A_page_of_large_versions_ends_earlier_and_its_cursor_goes_on()
    {
        for (var version = 0; version < 12; version++)
        {
            (await api.SendAsync(HttpMethod.Put, "/v1/namespaces/large/memories/k", $$"""{"content":"{{version}} {{new string(' ', Large - 10)}}"}""")).EnsureSuccessStatusCode();
        }

        var versions = new List<int>();
        var pages = 0;
        for (string? cursor = ""; cursor is not null; pages++)
        {
            var page = await api.JsonAsync(HttpMethod.Get, $"/v1/namespaces/large/memories/k/history?limit=1000{(cursor.Length == 0 ? "" : "&cursor=" + Uri.EscapeDataString(cursor))}");
            versions.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("version").GetInt32()));
            cursor = page.GetProperty("next") is { ValueKind: JsonValueKind.String } next ? next.GetString() : null;
        }

        Assert.Equal(Enumerable.Range(1, 12).Reverse(), versions);
        Assert.Equal(2, pages);
    }
}
