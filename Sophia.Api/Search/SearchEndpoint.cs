using System.Diagnostics;
using System.Text.Json;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;
using Sophia.Api.Memories;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search;
using Sophia.Memory.Tiers;

namespace Sophia.Api.Search;

/// <summary>POST …/search.</summary>
internal sealed class SearchEndpoint(MemoryHierarchy memory)
{
    private const int MaxBodyBytes = 1 << 20;
    private const int MaxQueryChars = 16 * 1024;
    private const int MaxTimeoutMs = 60_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var endpoint = ActivatorUtilities.CreateInstance<SearchEndpoint>(routes.ServiceProvider);
        routes.MapEdge("POST", "/v1/namespaces/{ns}/search", Rights.Read, endpoint.PostAsync)
            .Describe("Search", "Search", "Finds records by words, by vector, or by both").MinSequence()
            .Takes<SearchBody>().Answers<SearchResultAnswer>(200).Refuses(400, 404, 409, 413, 415, 422, 502, 503);
    }

    public async Task PostAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        var query = new QueryValues(context.Request, "minSequence");
        var ns = await memory.RequireNamespaceAsync(context, caller);
        using var bytes = await RequestBody.ReadJsonAsync(context, MaxBodyBytes);
        var (request, withVector) = Read(bytes, context.Request, query.One("minSequence"), ns);
        var trail = new Trail();
        var answer = await memory.SearchAsync(ns, request, trail, context.RequestAborted);
        using var body = new JsonBody(4096);
        Write(body.Writer, answer, trail, withVector, start);
        await body.SendAsync(context, 200, trail, start);
    }

    private (SearchRequest Request, bool WithVector) Read(RequestBody bytes, HttpRequest http, string? minInQuery, NamespaceInfo ns)
    {
        var (document, json) = BodyObject.Parse(bytes);
        using (document)
        {
            json.Allow(
                "query", "vector", "k", "mode", "filter", "asOf", "minSequence", "timeoutMs", "include", "context", "recency", "importance", "diversity",
                "typos", "highlight", "allowPartial");
            var request = new SearchRequest
            {
                Query = json.Text("query", MaxQueryChars),
                Vector = json.Vector("vector"),
                K = (int)(json.Whole("k", 1, 1000) ?? 10),
                Mode = ModeOf(json.Text("mode", 16)),
                Filter = FilterReader.Read(json, "filter", memory.Options.Limits),
                AsOf = json.Time("asOf"),
                Typos = json.Truth("typos") ?? true,
                Highlight = json.Truth("highlight") ?? true,
                MinSequence = MinSequence.Read(http, ns, minInQuery, json.Text("minSequence", 64)),
                Timeout = json.Whole("timeoutMs", 1, MaxTimeoutMs) is { } ms ? TimeSpan.FromMilliseconds(ms) : new SearchRequest().Timeout,
                Context = (int)(json.Whole("context", 0, 20) ?? 0),
                Recency = RankingReader.Recency(json),
                Importance = RankingReader.Share(json, "importance") ?? 0,
                Fold = RankingReader.Folds(json),
                AllowPartial = json.Truth("allowPartial") ?? false,
            };
            Check(request, ns.Settings);
            return (request, Includes.Vector(json));
        }
    }

    private static SearchMode ModeOf(string? mode) => mode switch
    {
        null or "hybrid" => SearchMode.Hybrid,
        "lexical" => SearchMode.Lexical,
        "vector" => SearchMode.Vector,
        _ => throw Refuse.Field("mode", "It is not hybrid, lexical or vector.", "Leave it out for hybrid."),
    };

    private static void Check(SearchRequest request, NamespaceSettings settings)
    {
        var hasQuery = !string.IsNullOrWhiteSpace(request.Query);
        if (!hasQuery && (request.Vector is null || request.Mode == SearchMode.Lexical))
        {
            throw Refuse.Field("query", "There is nothing to search for.", "Give query, or vector with mode vector or hybrid.");
        }

        if (settings.VectorSource == VectorSource.None && (request.Vector is not null || request.Mode == SearchMode.Vector))
        {
            throw Refuse.Field("vector", "The namespace has no vectors.", "Search it with mode lexical and a query.", 422, "vector-not-accepted");
        }

        if (request.Vector is { } vector && vector.Length != settings.Dimensions)
        {
            throw Refuse.Field("vector", $"It has {vector.Length:N0} components; the namespace's vectors have {settings.Dimensions:N0}.", "Send a vector of the namespace's model.", 422, "vector-dimension-mismatch");
        }

        if (request.Mode == SearchMode.Vector && request.Vector is null && settings.VectorSource == VectorSource.Caller)
        {
            throw Refuse.Field("vector", "The namespace's vectors come from the caller, so a search by vector brings one.", "Give vector, or use mode lexical.");
        }
    }

    private static void Write(Utf8JsonWriter json, SearchAnswer answer, Trail trail, bool withVector, long start)
    {
        json.WriteStartObject();
        json.WriteStartArray("hits");
        foreach (var hit in answer.Hits)
        {
            HitJson.Write(json, hit, withVector);
        }

        json.WriteEndArray();
        UnderstoodJson.Write(json, answer);
        json.WriteString("tier", AnswerHeaders.NameOf(trail.ServedBy ?? Tier.L0));
        json.WriteString("mode", answer.Mode switch { SearchMode.Lexical => "lexical", SearchMode.Vector => "vector", _ => "hybrid" });
        if (trail.Degraded is { } degraded)
        {
            json.WriteString("degraded", degraded);
        }

        WriteMissing(json, answer);
        if (answer.WithoutVector > 0)
        {
            json.WriteNumber("withoutVector", answer.WithoutVector);
        }

        json.WriteNumber("tookMs", Math.Round(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 3));
        json.WriteNumber("scanned", answer.RowsScanned);
        json.WriteNumber("matching", answer.RowsMatching);
        json.WriteStartArray("filterNotes");
        foreach (var note in answer.FilterNotes)
        {
            json.WriteStartObject();
            json.WriteString("attribute", note.Attribute);
            json.WriteNumber("missing", note.Missing);
            json.WriteNumber("mistyped", note.Mistyped);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("sequence", answer.Seen.ToToken());
        json.WriteEndObject();
    }

    // Only where something is missing: the field is there to be noticed.
    private static void WriteMissing(Utf8JsonWriter json, SearchAnswer answer)
    {
        if (answer.Missing.Count == 0)
        {
            return;
        }

        json.WriteStartObject("partial");
        json.WriteStartArray("missing");
        foreach (var missing in answer.Missing)
        {
            json.WriteStartObject();
            json.WriteNumber("shard", missing.Shard);
            json.WriteString("reason", missing.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
