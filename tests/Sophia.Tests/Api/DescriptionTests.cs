using System.Net;
using System.Text.Json;
using Sophia.Api.Problems;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Api;

/// <summary>The description at /openapi/v1.json and docs/api.md say what the edge writes.</summary>
public sealed class DescriptionTests(ApiHost api) : IClassFixture<ApiHost>
{
    private const string Note = """{"content":"the lantern hangs by the door","tags":["x"],"attributes":{"n":1,"conversation":"c","position":1},"provenance":{"source":"s"}}""";

    /// <summary>Fields whose values are maps, or their caller's own.</summary>
    private static readonly string[] FreeForm = ["attributes", "evictions"];

    /// <summary>Method, route as it is described, address, body, status.</summary>
    public static TheoryData<string, string, string, string?, int> Requests => new()
    {
        { "put", "/v1/namespaces/{ns}/memories/{key}", "/v1/namespaces/said/memories/new", Note, 201 },
        { "get", "/v1/namespaces/{ns}/memories/{key}", "/v1/namespaces/said/memories/a?include=vector", null, 200 },
        { "get", "/v1/namespaces/{ns}/memories/{key}", "/v1/namespaces/said/memories/missing", null, 404 },
        { "get", "/v1/namespaces/{ns}/memories", "/v1/namespaces/said/memories?include=vector", null, 200 },
        { "get", "/v1/namespaces/{ns}/memories/{key}/history", "/v1/namespaces/said/memories/a/history", null, 200 },
        { "post", "/v1/namespaces/{ns}/memories", "/v1/namespaces/said/memories", """{"items":[{"key":"c","content":"three"},{"key":"","content":"four"}]}""", 200 },
        {
            "post", "/v1/namespaces/{ns}/search", "/v1/namespaces/said/search",
            """{"query":"lantren in May 2023","context":2,"include":["vector"],"filter":{"attributes":{"n":{"ge":0}}},"recency":{"weight":0.1,"halfLifeDays":3},"allowPartial":true}""", 200
        },
        { "post", "/v1/namespaces/{ns}/forget", "/v1/namespaces/said/forget", """{"keys":["a"],"dryRun":true}""", 200 },
        { "get", "/v1/namespaces", "/v1/namespaces", null, 200 },
        { "get", "/v1/namespaces/{ns}", "/v1/namespaces/said", null, 200 },
        { "put", "/v1/namespaces/{ns}", "/v1/namespaces/settled", """{"language":"de"}""", 201 },
        { "get", "/v1/namespaces/{ns}/model", "/v1/namespaces/said/model", null, 200 },
        { "post", "/v1/sessions/{id}/turns", "/v1/sessions/talk/turns", """{"turns":[{"role":"user","content":"hello"}]}""", 200 },
        { "get", "/v1/sessions/{id}", "/v1/sessions/spoken", null, 200 },
        { "get", "/v1/tiers", "/v1/tiers", null, 200 },
        { "post", "/v1/tiers/{tier}/evict", "/v1/tiers/L1/evict?namespace=said", null, 200 },
        { "post", "/v1/tiers/{tier}/evict", "/v1/tiers/L0/evict?namespace=said&tag=x", null, 400 },
        { "get", "/v1/models", "/v1/models", null, 200 },
        { "get", "/v1/gpu", "/v1/gpu", null, 200 },
        { "get", "/v1/gpu/pools", "/v1/gpu/pools", null, 200 },
        { "get", "/v1/cortex/usage", "/v1/cortex/usage", null, 200 },
        { "get", "/v1/cortex/cache", "/v1/cortex/cache", null, 200 },
        { "get", "/v1/costs/cortex", "/v1/costs/cortex", null, 200 },
        { "post", "/v1/cortex/embed", "/v1/cortex/embed", """{"texts":["lantern"]}""", 200 },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task An_answer_has_no_field_that_its_description_lacks(string method, string route, string address, string? body, int status)
    {
        (await api.SendAsync(HttpMethod.Put, "/v1/namespaces/said/memories/a", Note)).EnsureSuccessStatusCode();
        (await api.SendAsync(HttpMethod.Put, "/v1/namespaces/said/memories/b", Note.Replace("\"position\":1", "\"position\":2", StringComparison.Ordinal))).EnsureSuccessStatusCode();
        await api.JsonAsync(HttpMethod.Post, "/v1/sessions/spoken/turns", """{"turns":[{"role":"user","content":"hello"}]}""");
        var described = await api.JsonAsync(HttpMethod.Get, "/openapi/v1.json");

        var answer = await api.JsonAsync(new HttpMethod(method.ToUpperInvariant()), address, body, (HttpStatusCode)status);

        var operation = described.GetProperty("paths").GetProperty(route).GetProperty(method);
        Assert.True(operation.GetProperty("responses").TryGetProperty($"{status}", out var response), $"{status} is not described.");
        var schema = response.GetProperty("content").EnumerateObject().First().Value.GetProperty("schema");
        Assert.Empty(Undescribed(answer, schema, described, "$"));
        Assert.Empty(LeftOut(answer, schema, described, "$"));
    }

    [Fact]
    public void A_required_field_that_an_answer_leaves_out_is_found()
    {
        var schema = JsonElement.Parse("""{"required":["a","list"],"properties":{"a":{},"list":{"items":{"required":["b"],"properties":{"b":{}}}}}}""");

        Assert.Equal(["$.a", "$.list[].b"], LeftOut(JsonElement.Parse("""{"list":[{}]}"""), schema, default, "$"));
    }

    /// <summary>A client that holds to the description fails where one of these is called required, and has to look for what is always there where another is not.</summary>
    [Fact]
    public async Task Fields_that_are_written_only_where_they_apply_are_not_required_and_all_others_of_an_answer_are()
    {
        var schemas = (await api.JsonAsync(HttpMethod.Get, "/openapi/v1.json")).GetProperty("components").GetProperty("schemas");

        var optional = schemas.EnumerateObject().Where(static one => one.Name.EndsWith("Answer", StringComparison.Ordinal)).ToDictionary(static one => one.Name, one => string.Join(' ', Optional(one.Value)));

        Assert.Equal(
            new Dictionary<string, string>
            {
                ["CompletionReceiptAnswer"] = "budget similarity", ["CortexCostsAnswer"] = "budget", ["GpuAnswer"] = "nodes",
                ["HitAnswer"] = "content contentBase64 vector vectorModel", ["RecordAnswer"] = "content contentBase64 vector vectorModel",
                ["ModelChangeAnswer"] = "cutOver from made minRecall reason recall startedAt to total updatedAt", ["PoolAnswer"] = "cache", ["ProblemAnswer"] = "errors",
                ["ReceiptAnswer"] = "detail reason", ["SearchResultAnswer"] = "degraded partial withoutVector",
            }.OrderBy(static one => one.Key, StringComparer.Ordinal),
            optional.Where(static one => one.Value.Length > 0).OrderBy(static one => one.Key, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("put", "/v1/namespaces/{ns}/memories/{key}", "attributes content contentBase64 contentType expiresAt ifPresent provenance tags ttlSeconds validFrom validTo vector")]
    [InlineData("post", "/v1/namespaces/{ns}/model", "cutOver minRecall samples")]
    public async Task A_body_may_leave_out_what_can_be_null(string method, string route, string optional)
    {
        var described = await api.JsonAsync(HttpMethod.Get, "/openapi/v1.json");

        var body = described.GetProperty("paths").GetProperty(route).GetProperty(method).GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema");

        Assert.Equal(optional, string.Join(' ', Optional(Resolve(body, described))));
    }

    [Fact]
    public void A_description_that_names_no_fields_describes_none()
    {
        var schema = JsonElement.Parse("""{"properties":{"object":{},"list":{"type":"array"},"attributes":{}}}""");

        Assert.Equal(["$.object.*", "$.list[]"], Undescribed(JsonElement.Parse("""{"object":{"a":1},"list":[],"attributes":{"a":1}}"""), schema, default, "$"));
    }

    [Fact]
    public void Every_code_stands_in_the_documentation_under_its_status()
    {
        var table = File.ReadLines(Path.Combine(Repository.Root, "docs", "api.md")).Where(static line => line.StartsWith("| ", StringComparison.Ordinal)).ToList();

        var missing = ProblemMap.Codes.Where(code => !table.Exists(
            line => line.Contains($"`{code}`", StringComparison.Ordinal) && line.Split('|')[1].Contains($"{ProblemMap.StatusOf(code)}", StringComparison.Ordinal)));

        Assert.Empty(missing);
    }

    private static IEnumerable<string> Undescribed(JsonElement value, JsonElement schema, JsonElement document, string at)
    {
        if (FreeForm.Contains(at.Split('.')[^1]))
        {
            return [];
        }

        schema = Resolve(schema, document);
        return value.ValueKind switch
        {
            JsonValueKind.Array => schema.TryGetProperty("items", out var items)
                ? value.EnumerateArray().SelectMany(item => Undescribed(item, items, document, $"{at}[]")) : [$"{at}[]"],
            JsonValueKind.Object => schema.TryGetProperty("properties", out var properties)
                ? value.EnumerateObject().SelectMany(property => properties.TryGetProperty(property.Name, out var inner)
                    ? Undescribed(property.Value, inner, document, $"{at}.{property.Name}")
                    : [$"{at}.{property.Name}"]) : [$"{at}.*"],
            _ => [],
        };
    }

    private static IEnumerable<string> Optional(JsonElement schema) => schema.GetProperty("properties").EnumerateObject().Select(static one => one.Name)
        .Except(schema.TryGetProperty("required", out var required) ? required.EnumerateArray().Select(static one => one.GetString()!) : []).Order(StringComparer.Ordinal);

    private static IEnumerable<string> LeftOut(JsonElement value, JsonElement schema, JsonElement document, string at)
    {
        if (value.ValueKind is not (JsonValueKind.Array or JsonValueKind.Object) || FreeForm.Contains(at.Split('.')[^1]))
        {
            return [];
        }

        schema = Resolve(schema, document);
        if (value.ValueKind == JsonValueKind.Array)
        {
            return schema.TryGetProperty("items", out var items) ? value.EnumerateArray().SelectMany(item => LeftOut(item, items, document, $"{at}[]")) : [];
        }

        var missing = schema.TryGetProperty("required", out var required)
            ? required.EnumerateArray().Select(static one => one.GetString()!).Where(one => !value.TryGetProperty(one, out _)).Select(one => $"{at}.{one}") : [];
        return missing.Concat(value.EnumerateObject().SelectMany(property => schema.TryGetProperty("properties", out var properties) && properties.TryGetProperty(property.Name, out var inner)
            ? LeftOut(property.Value, inner, document, $"{at}.{property.Name}") : []));
    }

    private static JsonElement Resolve(JsonElement schema, JsonElement document)
    {
        if (schema.TryGetProperty("oneOf", out var either))
        {
            schema = either.EnumerateArray().First(static one => one.TryGetProperty("$ref", out _));
        }

        return schema.TryGetProperty("$ref", out var named)
            ? document.GetProperty("components").GetProperty("schemas").GetProperty(named.GetString()!.Split('/')[^1])
            : schema;
    }
}
