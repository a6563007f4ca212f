using System.Diagnostics;
using System.Text.Json;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Records;

namespace Sophia.Api.Forget;

/// <summary>POST …/forget: erasure with proof, or a dry run of it.</summary>
internal sealed class ForgetEndpoint(MemoryHierarchy memory)
{
    private const int MaxKeys = 10_000;
    private const int MaxBodyBytes = 24 << 20;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var endpoint = ActivatorUtilities.CreateInstance<ForgetEndpoint>(routes.ServiceProvider);
        routes.MapEdge("POST", "/v1/namespaces/{ns}/forget", Rights.Write, endpoint.PostAsync)
            .Describe("Forget", "Forget", "Erases records with all their versions, in every tier; dryRun only counts")
            .Takes<ForgetBody>().Answers<ForgetResultAnswer>(200).Refuses(400, 404, 413, 415, 422, 429, 503);
    }

    public async Task PostAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        var ns = await memory.RequireNamespaceAsync(context, caller);
        using var bytes = await RequestBody.ReadJsonAsync(context, MaxBodyBytes);
        var request = Read(bytes);
        var trail = new Trail();
        var answer = await memory.ForgetAsync(ns, request, trail, context.RequestAborted);
        using var body = new JsonBody();
        Write(body.Writer, answer);
        await body.SendAsync(context, 200, trail, start);
    }

    private ForgetRequest Read(RequestBody bytes)
    {
        const string Form = "Give one of keys, prefix, filter, or all: true.";
        var limits = memory.Options.Limits;
        var (document, json) = BodyObject.Parse(bytes);
        using (document)
        {
            json.Allow("keys", "prefix", "filter", "all", "dryRun");
            var request = new ForgetRequest
            {
                Keys = json.TryGet("keys", out _) ? json.Texts("keys", MaxKeys, limits.KeyChars) : null,
                Prefix = json.KeyPrefix("prefix", limits.KeyChars),
                Filter = FilterReader.Read(json, "filter", limits),
                All = json.Truth("all") ?? false,
                DryRun = json.Truth("dryRun") ?? false,
            };
            var given = (request.Keys is null ? 0 : 1) + (request.Prefix is null ? 0 : 1) + (request.Filter is null ? 0 : 1) + (request.All ? 1 : 0);
            if (given != 1)
            {
                throw Refuse.Field("$", given == 0 ? "Nothing says what to forget." : "Several things say what to forget.", Form);
            }

            // What selects everything must say so: an empty prefix or filter is more likely a mistake.
            if (request is { Keys.Count: 0 } or { Prefix: "" } or { Filter.IsEmpty: true })
            {
                throw Refuse.Field(request.Keys is not null ? "keys" : request.Prefix is not null ? "prefix" : "filter", "It is empty.", "To forget the whole namespace say all: true.");
            }

            for (var i = 0; i < (request.Keys?.Count ?? 0); i++)
            {
                if (DraftRules.CheckKey(request.Keys![i], limits) is { } violation)
                {
                    throw Refuse.Field($"keys[{i}]", violation.Message, violation.Suggestion, 400, violation.Code);
                }
            }

            return request;
        }
    }

    /// <summary>Writes the proof; sessions answer with the same.</summary>
    public static void Write(Utf8JsonWriter json, ForgetAnswer answer)
    {
        json.WriteStartObject();
        json.WriteBoolean("dryRun", answer.DryRun);
        json.WriteNumber("matched", answer.Matched);
        json.WriteStartArray("keys");
        foreach (var key in answer.Keys)
        {
            json.WriteStringValue(key);
        }

        json.WriteEndArray();
        json.WriteStartObject("erased");
        json.WriteNumber("records", answer.Matched);
        json.WriteNumber("versions", answer.Versions);
        json.WriteNumber("vectors", answer.Vectors);
        json.WriteNumber("l1", answer.Shared);
        json.WriteNumber("near", answer.Near);
        json.WriteNumber("l0", answer.Shard);
        json.WriteNumber("logTombstones", answer.Tombstones);
        json.WriteNumber("snowflake", answer.Archived);
        json.WriteEndObject();
        json.WriteStartArray("stillHeldBy");
        foreach (var holder in answer.StillHeldBy)
        {
            json.WriteStringValue(holder);
        }

        json.WriteEndArray();
        json.WriteStartArray("notConfirmed");
        foreach (var copy in answer.NotConfirmed)
        {
            json.WriteStartObject();
            json.WriteString("tier", AnswerHeaders.NameOf(copy.Tier));
            json.WriteString("node", copy.Node);
            if (copy.Shard is { } shard)
            {
                json.WriteNumber("shard", shard);
            }
            else
            {
                json.WriteNull("shard");
            }

            json.WriteString("reason", copy.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("sequence", answer.Last.IsNone ? null : answer.Last.ToToken());
        json.WriteEndObject();
    }
}
