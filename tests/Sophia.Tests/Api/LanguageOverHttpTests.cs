using System.Net;
using System.Text.Json;

namespace Sophia.Tests.Api;

public sealed class LanguageOverHttpTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("de", "Die Häuser am Hafen wurden gestrichen", "Haus")]
    [InlineData("fr", "L’élève avait répété les leçons", "leçon eleve")]
    [InlineData("es", "Las canciones fueron cantadas rápidamente", "cancion rapida")]
    public async Task A_namespace_finds_the_forms_of_its_language(string language, string content, string query)
    {
        var ns = "in-" + language;
        await api.JsonAsync(HttpMethod.Put, $"/v1/namespaces/{ns}", $$"""{"language":"{{language}}"}""", HttpStatusCode.Created);
        await api.JsonAsync(HttpMethod.Put, $"/v1/namespaces/{ns}/memories/k", JsonSerializer.Serialize(new { content }), HttpStatusCode.Created);

        Assert.Equal(["k"], await FindAsync(ns, query));
    }

    [Fact]
    public async Task A_change_of_language_counts_for_records_that_are_loaded_already_and_those_that_come()
    {
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/turned/memories/before", """{"content":"alte Häuser"}""", HttpStatusCode.Created);
        var asEnglish = await FindAsync("turned", "Haus");
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/turned", """{"language":"de"}""");
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/turned/memories/behind", """{"content":"neue Häuser"}""", HttpStatusCode.Created);
        var asGerman = await FindAsync("turned", "Haus");
        await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/turned", """{"language":"none"}""");

        Assert.Empty(asEnglish);
        Assert.Equal(["before", "behind"], asGerman);
        Assert.Empty(await FindAsync("turned", "Haus"));
        Assert.Equal(["behind"], await FindAsync("turned", "neue"));
    }

    [Fact]
    public async Task A_language_that_nobody_knows_here_is_refused_with_those_that_are_known()
    {
        var problem = await api.JsonAsync(HttpMethod.Put, "/v1/namespaces/never", """{"language":"tlh"}""", HttpStatusCode.BadRequest);

        Assert.Contains("en, de, fr, es, none", problem.GetProperty("errors")[0].GetRawText(), StringComparison.Ordinal);
    }

    private async Task<string[]> FindAsync(string ns, string query)
    {
        var found = await api.JsonAsync(HttpMethod.Post, $"/v1/namespaces/{ns}/search", JsonSerializer.Serialize(new { query, mode = "lexical" }));
        return [.. found.GetProperty("hits").EnumerateArray().Select(hit => hit.GetProperty("key").GetString()!).Order(StringComparer.Ordinal)];
    }
}
