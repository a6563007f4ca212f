using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sophia.Tests.Client;

internal sealed record SeenRequest(string Method, string Target, IHeaderDictionary Headers, string Body);

/// <summary>
/// A small server on a real socket that keeps records in memory and speaks as docs/api.md says, for tests of its callers.
/// Faults are queued: each answers one request before the service itself would.
/// </summary>
internal sealed class ScriptedService : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _gate = new();
    private int _sequence;

    private ScriptedService(WebApplication app) => _app = app;

    public SortedDictionary<string, (JsonObject Record, int Version)> Records { get; } = new(StringComparer.Ordinal);
    public ConcurrentQueue<SeenRequest> Seen { get; } = new();
    public ConcurrentQueue<Func<HttpContext, Task>> Faults { get; } = new();
    public ConcurrentQueue<Func<HttpContext, Task>> Feeds { get; } = new();
    public string NamespaceCreatedAt { get; set; } = "2026-01-01T00:00:00.000Z";
    public JsonArray? NotConfirmed { get; set; }

    /// <summary>As for a key without the right to read: whatever is asked with GET is refused (403).</summary>
    public bool IsWriteOnly { get; set; }

    /// <summary>Fields that each answer to a search has beside its own, or instead of them.</summary>
    public JsonObject SearchFields { get; } = [];
    public int MostItemsABatch { get; set; } = 1000;
    public Func<JsonObject, string?> Refuse { get; set; } = static _ => null;
    
    /// <summary>Runs before a batch is taken; gives the code of the refusal (403), or null to take it.</summary>
    public Func<JsonArray, Task<string?>> BeforeBatch { get; set; } = static _ => Task.FromResult<string?>(null);

    public Uri Address { get; private set; } = null!;

    public static async Task<ScriptedService> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<KestrelServerOptions>(static o => o.Limits.MaxRequestBodySize = null);
        var service = new ScriptedService(builder.Build());
        service._app.Run(service.AnswerAsync);
        await service._app.StartAsync();
        service.Address = new Uri(service._app.Urls.First());
        return service;
    }

    public void Fault(int status, string code, string? retryAfter = null) => Faults.Enqueue(context =>
    {
        if (retryAfter is not null) context.Response.Headers.RetryAfter = retryAfter;
        return ProblemAsync(context, status, code);
    });

    public static Task ProblemAsync(HttpContext context, int status, string code) => JsonAsync(context, status, new JsonObject
    {
        ["type"] = $"https://example.org/{code}", ["title"] = "Title", ["status"] = status, ["detail"] = $"Detail of {code}.",
        ["code"] = code, ["suggestion"] = $"What to do about {code}.", ["traceId"] = "trace-1",
        ["errors"] = new JsonArray(new JsonObject { ["path"] = "items[0].key", ["message"] = "is empty" }),
    }, "application/problem+json");

    public static async Task JsonAsync(HttpContext context, int status, JsonNode body, string type = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        await context.Response.WriteAsync(body.ToJsonString());
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        // Copied: the server uses the original again for its next request.
        Seen.Enqueue(new SeenRequest(context.Request.Method, target, new HeaderDictionary(context.Request.Headers.ToDictionary()), body));
        context.Response.Headers["Server-Timing"] = "near;dur=0.02, l3;dur=1.5;desc=\"disk, warm\", total;dur=1.75";
        context.Response.Headers["Sophia-Tier"] = "L3";
        if (Faults.TryDequeue(out var fault))
        {
            await fault(context);
            return;
        }
        if (IsWriteOnly && context.Request.Method == "GET")
        {
            await ProblemAsync(context, 403, "forbidden");
            return;
        }
        var parts = target.Split('?')[0].TrimStart('/').Split('/').Select(Uri.UnescapeDataString).ToArray();
        var json = body.Length > 0 ? JsonNode.Parse(body)!.AsObject() : [];
        Task answer = (context.Request.Method, parts) switch
        {
            ("GET", ["v1", "tiers"]) => JsonAsync(context, 200, JsonNode.Parse("""
                {"tiers":[{"tier":"L1","name":"session","engine":"near copy","state":"degraded","reason":"redis is away","budgetMs":50,"hits":3,"misses":1,"hitRatio":0.75,
                "promotions":0,"evictions":{"capacity":2},"errors":0,"usedBytes":2048,"limitBytes":0,"latency":{"count":4,"p50Ms":0.1,"p95Ms":0.2,"p99Ms":0.3,"overBudget":0,"buckets":[{"leMs":1,"count":4},{"leMs":null,"count":0}]}}],
                "log":{"lagMs":3,"entries":7}}
                """)!),
            ("GET", ["health"]) => JsonAsync(context, 503, new JsonObject { ["status"] = "down" }),
            ("GET", ["v1", "namespaces", var ns]) => Records.Count == 0
                ? ProblemAsync(context, 404, "namespace-not-found")
                : JsonAsync(context, 200, new JsonObject { ["name"] = ns, ["count"] = Records.Count, ["settings"] = new JsonObject(), ["createdAt"] = NamespaceCreatedAt }),
            ("PUT", ["v1", "namespaces", var ns]) => JsonAsync(context, 200, new JsonObject { ["name"] = ns, ["count"] = 0, ["settings"] = json.DeepClone(), ["createdAt"] = NamespaceCreatedAt }),
            ("PUT", ["v1", "namespaces", _, "memories", var key]) => PutAsync(context, key, json),
            ("GET", ["v1", "namespaces", _, "memories", var key]) => GetAsync(context, key),
            ("DELETE", ["v1", "namespaces", _, "memories", var key]) => DeleteAsync(context, key),
            ("POST", ["v1", "namespaces", _, "memories"]) => BatchAsync(context, json["items"]!.AsArray()),
            ("GET", ["v1", "namespaces", _, "memories"]) => ListAsync(context),
            ("POST", ["v1", "namespaces", _, "search"]) => SearchAsync(context, json),
            ("POST", ["v1", "namespaces", _, "forget"]) => ForgetAsync(context, json),
            ("DELETE", ["v1", "namespaces", _]) => ForgetAsync(context, new JsonObject { ["all"] = true, ["dryRun"] = context.Request.Query["dryRun"] == "true" }),
            ("GET", ["v1", "namespaces", _, "changes"]) when Feeds.TryDequeue(out var feed) => feed(context),
            ("DELETE", ["v1", "sessions", _]) => NoContentAsync(context),
            ("POST", ["v1", "sessions", _, "turns"]) => JsonAsync(context, 200, new JsonObject
            {
                ["receipts"] = new JsonArray(new JsonObject { ["key"] = "1", ["status"] = "stored", ["sequence"] = "T1" }), ["turns"] = 1, ["expiresAt"] = "2027-01-01T00:00:00.000Z",
            }),
            _ => ProblemAsync(context, 404, "not-found"),
        };
        await answer;
    }

    private static Task NoContentAsync(HttpContext context)
    {
        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    }

    private JsonObject Store(string key, JsonObject draft)
    {
        lock (_gate)
        {
            if (Refuse(draft) is { } why) return new JsonObject { ["key"] = key, ["status"] = "rejected", ["reason"] = "invalid", ["detail"] = why };
            var content = draft.DeepClone().AsObject();
            content["key"] = key;
            var existed = Records.TryGetValue(key, out var before);
            if (existed && JsonNode.DeepEquals(before.Record, content)) return Receipt(key, "unchanged", before.Version);
            _sequence++;
            Records[key] = (content, before.Version + 1);
            return Receipt(key, existed ? "replaced" : "stored", before.Version + 1);
        }
    }

    private JsonObject Receipt(string key, string status, int version) => new()
    {
        ["key"] = key, ["status"] = status, ["version"] = version, ["sequence"] = $"S{_sequence}", ["etag"] = $"\"{version}\"",
    };

    private Task PutAsync(HttpContext context, string key, JsonObject draft)
    {
        if (context.Request.Headers.IfNoneMatch == "*" && Records.ContainsKey(key)) return ProblemAsync(context, 412, "precondition-failed");
        var receipt = Store(key, draft);
        return JsonAsync(context, (string?)receipt["status"] == "stored" ? 201 : 200, receipt);
    }

    private Task GetAsync(HttpContext context, string key)
    {
        if (!Records.TryGetValue(key, out var found)) return ProblemAsync(context, 404, "not-found");
        context.Response.Headers.ETag = $"\"{found.Version}\"";
        if (context.Request.Headers.IfNoneMatch == $"\"{found.Version}\"")
        {
            context.Response.StatusCode = 304;
            return Task.CompletedTask;
        }
        context.Response.Headers["Sophia-Sequence"] = $"S{_sequence}";
        context.Response.Headers["Sophia-Stale"] = "true";
        return JsonAsync(context, 200, Full(found));
    }

    private static JsonObject Full((JsonObject Record, int Version) found)
    {
        var record = found.Record.DeepClone().AsObject();
        record["version"] = found.Version;
        record["createdAt"] = "2026-01-01T00:00:00.000Z";
        record["expiresAt"] = null;
        record["tags"] ??= new JsonArray();
        return record;
    }

    private Task DeleteAsync(HttpContext context, string key)
    {
        lock (_gate)
            return Records.Remove(key) ? JsonAsync(context, 200, Receipt(key, "deleted", 2)) : ProblemAsync(context, 404, "not-found");
    }

    private async Task BatchAsync(HttpContext context, JsonArray items)
    {
        if (await BeforeBatch(items) is { } refusal)
        {
            await ProblemAsync(context, 403, refusal);
            return;
        }
        if (items.Count > MostItemsABatch)
        {
            await ProblemAsync(context, 413, "too-large");
            return;
        }
        var receipts = new JsonArray();
        foreach (var item in items) receipts.Add(Store((string)item!["key"]!, item.AsObject()));
        int Count(string status) => receipts.Count(r => (string?)r!["status"] == status);
        await JsonAsync(context, 200, new JsonObject
        {
            ["stored"] = Count("stored"), ["replaced"] = Count("replaced"), ["merged"] = 0, ["unchanged"] = Count("unchanged"), ["rejected"] = Count("rejected"),
            ["sequence"] = $"S{_sequence}", ["receipts"] = receipts,
        });
    }

    private Task ListAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var limit = Math.Min(2, int.TryParse(query["limit"], CultureInfo.InvariantCulture, out var asked) ? asked : 50);
        lock (_gate)
        {
            var page = Records.Where(r => r.Key.StartsWith(query["prefix"].ToString(), StringComparison.Ordinal) && string.CompareOrdinal(r.Key, query["cursor"]) > 0)
                .Take(limit + 1).ToList();
            var items = new JsonArray([.. page.Take(limit).Select(static r => Full(r.Value))]);
            return JsonAsync(context, 200, new JsonObject { ["items"] = items, ["next"] = page.Count > limit ? page[limit - 1].Key : null });
        }
    }

    private Task SearchAsync(HttpContext context, JsonObject request)
    {
        var word = (string?)request["query"] ?? "";
        var hits = new JsonArray();
        foreach (var found in Records.Values.Where(r => ((string?)r.Record["content"])?.Contains(word, StringComparison.OrdinalIgnoreCase) == true))
        {
            var hit = Full(found);
            hit["score"] = 0.0164;
            hit["parts"] = new JsonArray(new JsonObject { ["name"] = "lexical", ["score"] = 7.1, ["rank"] = 1, ["contribution"] = 0.0164 });
            hit["matchedTerms"] = new JsonArray(word);
            hits.Add(hit);
        }
        var answer = new JsonObject
        {
            ["matching"] = hits.Count, ["hits"] = hits, ["tier"] = "L0", ["mode"] = "hybrid", ["tookMs"] = 1.2, ["scanned"] = Records.Count, ["sequence"] = $"S{_sequence}",
        };
        foreach (var (name, value) in SearchFields) answer[name] = value?.DeepClone();
        return JsonAsync(context, 200, answer);
    }

    private Task ForgetAsync(HttpContext context, JsonObject request)
    {
        lock (_gate)
        {
            var prefix = (string?)request["prefix"];
            var named = request["keys"]?.AsArray().Select(static k => (string)k!).ToHashSet();
            var all = (bool?)request["all"] == true;
            var keys = Records.Keys.Where(k => all || named?.Contains(k) == true || (prefix is not null && k.StartsWith(prefix, StringComparison.Ordinal))).ToList();
            var dryRun = (bool?)request["dryRun"] == true;
            if (!dryRun) keys.ForEach(k => Records.Remove(k));
            return JsonAsync(context, 200, new JsonObject
            {
                ["dryRun"] = dryRun, ["matched"] = keys.Count, ["keys"] = new JsonArray([.. keys.Select(static k => JsonValue.Create(k))]),
                ["erased"] = new JsonObject { ["records"] = keys.Count, ["versions"] = keys.Count, ["vectors"] = 0, ["l1"] = 0, ["near"] = 0, ["l0"] = 0, ["logTombstones"] = keys.Count },
                ["stillHeldBy"] = new JsonArray("backups"), ["sequence"] = $"S{_sequence}",
                ["notConfirmed"] = NotConfirmed?.DeepClone(),
            });
        }
    }
}
