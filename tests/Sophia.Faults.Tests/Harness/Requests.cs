using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sophia.Faults.Tests.Harness;

/// <summary>An answer of the service, read to its end.</summary>
internal sealed record Answer(HttpStatusCode Status, string Body, HttpResponseHeaders Headers)
{
    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();

    public string? Code => Body.StartsWith('{') ? (string?)Json["code"] : null;

    public string Sequence => (string?)Json["sequence"] ?? throw new InvalidOperationException($"No sequence in {this}");

    public string Content => (string?)Json["content"] ?? throw new InvalidOperationException($"No content in {this}");

    public bool IsStale => Headers.TryGetValues("Sophia-Stale", out var values) && values.Single() == "true";

    public override string ToString() => $"{(int)Status} {Body}";

    public Answer Require(params ReadOnlySpan<HttpStatusCode> allowed) =>
        allowed.Contains(Status) ? this : throw new InvalidOperationException($"The service answered {this}; expected {string.Join(" or ", allowed.ToArray())}.");
}

/// <summary>The requests that the tests send, as plain HTTP.</summary>
internal static class Requests
{
    public static Task<Answer> PutTextAsync(this HttpClient http, string ns, string key, string text) =>
        http.SendAsync(HttpMethod.Put, Record(ns, key), new StringContent(text, Encoding.UTF8, "text/plain"));

    public static Task<Answer> GetRecordAsync(this HttpClient http, string ns, string key, string? minSequence = null) =>
        http.SendAsync(HttpMethod.Get, Record(ns, key), null, minSequence);

    public static Task<Answer> DeleteRecordAsync(this HttpClient http, string ns, string key) => http.SendAsync(HttpMethod.Delete, Record(ns, key), null);

    public static Task<Answer> PostJsonAsync(this HttpClient http, string path, JsonNode body) =>
        http.SendAsync(HttpMethod.Post, path, JsonBody(body));

    public static Task<Answer> ForgetAsync(this HttpClient http, string ns, string key) =>
        http.PostJsonAsync($"/v1/namespaces/{ns}/forget", new JsonObject { ["keys"] = new JsonArray(key) });

    /// <summary>Keys found by words, best first.</summary>
    public static async Task<IReadOnlyList<string>> SearchAsync(this HttpClient http, string ns, string query, string? minSequence = null)
    {
        var body = new JsonObject { ["query"] = query, ["mode"] = "lexical" };
        if (minSequence is not null)
        {
            body["minSequence"] = minSequence;
        }

        var answer = (await http.PostJsonAsync($"/v1/namespaces/{ns}/search", body)).Require(HttpStatusCode.OK);
        return [.. answer.Json["hits"]!.AsArray().Select(hit => (string)hit!["key"]!)];
    }

    /// <summary>Every record of a namespace: key and content.</summary>
    public static async Task<Dictionary<string, string>> ReadAllAsync(this HttpClient http, string ns)
    {
        var records = new Dictionary<string, string>(StringComparer.Ordinal);
        string? cursor = null;
        do
        {
            var path = $"/v1/namespaces/{ns}/memories?limit=1000" + (cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}");
            var page = (await http.SendAsync(HttpMethod.Get, path, null)).Require(HttpStatusCode.OK).Json;
            foreach (var item in page["items"]!.AsArray())
            {
                records.Add((string)item!["key"]!, (string)item["content"]!);
            }

            cursor = (string?)page["next"];
        }
        while (cursor is not null);
        return records;
    }

    /// <summary>State and reason of one tier, from GET /v1/tiers.</summary>
    public static async Task<(string State, string? Reason)> TierAsync(this HttpClient http, string tier)
    {
        var report = (await http.SendAsync(HttpMethod.Get, "/v1/tiers", null)).Require(HttpStatusCode.OK).Json;
        var found = report["tiers"]!.AsArray().Single(t => (string)t!["tier"]! == tier)!;
        return ((string)found["state"]!, (string?)found["reason"]);
    }

    public static StringContent JsonBody(JsonNode body) => new(body.ToJsonString(), Encoding.UTF8, "application/json");

    public static async Task<Answer> SendAsync(
        this HttpClient http, HttpMethod method, string path, HttpContent? content, string? minSequence = null, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (minSequence is not null)
        {
            request.Headers.Add("Sophia-Min-Sequence", minSequence);
        }

        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        using var response = await http.SendAsync(request);
        return new Answer(response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers);
    }

    public static string Record(string ns, string key) => $"/v1/namespaces/{ns}/memories/{Uri.EscapeDataString(key)}";
}
