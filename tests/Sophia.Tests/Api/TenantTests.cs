using System.Net;

namespace Sophia.Tests.Api;

public sealed class TenantTests(KeyedApiHost api) : IClassFixture<KeyedApiHost>
{
    private const string Path = "/v1/namespaces/shared-name/memories/a";

    [Fact]
    public async Task No_endpoint_shows_a_tenant_what_another_wrote()
    {
        (string, string) red = ("Authorization", "Bearer red-key"), blue = ("X-Api-Key", "blue-key");
        var receipt = await api.JsonAsync(HttpMethod.Put, Path, """{"content":"of red alone"}""", HttpStatusCode.Created, red);
        var page = await api.JsonAsync(HttpMethod.Get, "/v1/namespaces/shared-name/memories?limit=1", null, HttpStatusCode.OK, red);
        Assert.Equal(1, page.GetProperty("items").GetArrayLength());
        await api.JsonAsync(HttpMethod.Post, "/v1/sessions/talk/turns", """{"turns":[{"role":"user","content":"of red alone"}]}""", HttpStatusCode.OK, red);

        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/shared-name/memories/b", """{"content":"of blue"}""", HttpStatusCode.Created, blue);
        var token = receipt.GetProperty("sequence").GetString();
        foreach (var (method, path, body) in new (HttpMethod, string, string?)[]
        {
            (HttpMethod.Get, Path, null), (HttpMethod.Get, Path + "?minSequence=" + token, null), (HttpMethod.Get, Path + "/history", null),
            (HttpMethod.Get, Path + "/content", null), (HttpMethod.Get, "/v1/namespaces/shared-name/memories", null), (HttpMethod.Get, "/v1/sessions/talk", null),
            (HttpMethod.Post, "/v1/namespaces/shared-name/search", """{"query":"red alone"}"""), (HttpMethod.Delete, Path, null),
            (HttpMethod.Post, "/v1/namespaces/shared-name/forget", """{"keys":["a"]}"""), (HttpMethod.Delete, "/v1/namespaces/shared-name", null),
        })
        {
            using var response = await api.SendAsync(method, path, body, blue);
            var text = await response.Content.ReadAsStringAsync();
            Assert.DoesNotContain("of red alone", text, StringComparison.Ordinal);
            Assert.True((int)response.StatusCode < 500, text);
        }

        Assert.Equal("of red alone", (await api.JsonAsync(HttpMethod.Get, Path, null, HttpStatusCode.OK, red)).GetProperty("content").GetString());
        using var claimed = await api.SendAsync(HttpMethod.Get, Path, null, blue, ("Sophia-Tenant", "red"));
        Assert.Equal(HttpStatusCode.Forbidden, claimed.StatusCode);
    }

    [Fact]
    public async Task A_request_without_a_known_key_is_told_how_to_bring_one()
    {
        using var response = await api.SendAsync(HttpMethod.Get, Path, null, ("Authorization", "Bearer guess"));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
    }

    [Fact]
    public async Task A_key_does_only_what_its_scopes_say()
    {
        var refused = await api.JsonAsync(HttpMethod.Put, Path, """{"content":"x"}""", HttpStatusCode.Forbidden, ("X-Api-Key", "reader-key"));
        Assert.Equal("forbidden", refused.GetProperty("code").GetString());
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/n", "{}", HttpStatusCode.Forbidden, ("X-Api-Key", "blue-key"));
    }

    [Theory]
    [InlineData("blue-key", "scope admin.")]
    [InlineData("warden-key", "scope write.")]
    [InlineData("reader-key", "scope write and admin.")]
    public async Task Removing_a_namespace_needs_the_right_to_write_and_the_right_to_its_settings(string key, string missing)
    {
        var refused = await api.JsonAsync(HttpMethod.Delete, "/v1/namespaces/n?dryRun=true", null, HttpStatusCode.Forbidden, ("X-Api-Key", key));
        Assert.EndsWith(missing, refused.GetProperty("suggestion").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_removes_a_namespace_leaves_that_of_another_tenant_with_the_same_name()
    {
        (string, string) red = ("X-Api-Key", "red-key"), blue = ("X-Api-Key", "blue-key");
        foreach (var who in new[] { red, blue })
        {
            await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/twice/memories/a", $$"""{"content":"of {{who.Item2}}"}""", HttpStatusCode.Created, who);
        }

        await api.JsonAsync(HttpMethod.Delete, "/v1/namespaces/twice", null, HttpStatusCode.OK, red);

        await api.JsonAsync(HttpMethod.Get, "/v1/namespaces/twice", null, HttpStatusCode.NotFound, red);
        var kept = await api.JsonAsync(HttpMethod.Get, "/v1/namespaces/twice/memories/a", null, HttpStatusCode.OK, blue);
        Assert.Equal("of blue-key", kept.GetProperty("content").GetString());
    }

    [Fact]
    public async Task A_key_for_several_tenants_names_one()
    {
        await api.JsonAsync(HttpMethod.Get, "/v1/namespaces", null, HttpStatusCode.BadRequest, ("X-Api-Key", "both-key"));
        await api.JsonAsync(HttpMethod.Get, "/v1/namespaces", null, HttpStatusCode.OK, ("X-Api-Key", "both-key"), ("Sophia-Tenant", "blue"));
    }
}
