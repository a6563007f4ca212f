using System.Diagnostics;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Archiving;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;

namespace Sophia.Api.Memories;

/// <summary>Listings: a namespace's records by key, a record's versions by time.</summary>
internal sealed class ListRecords(MemoryHierarchy memory)
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 1000;

    public async Task ListAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        var ns = await memory.RequireNamespaceAsync(context, caller);
        var query = new QueryValues(context.Request, "prefix", "tag", "anyTag", "noTag", "attr", "createdFrom", "createdTo", "updatedFrom", "updatedTo", "validAt", "limit", "cursor", "include", "minSequence");
        var filter = query.Filter(memory.Options.Limits.KeyChars);
        var withVector = Includes.Vector(query);

        // Whatever the token says: a listing is read from L3, which has every write that was acknowledged.
        _ = MinSequence.Read(context.Request, ns, query.One("minSequence"));
        var limit = query.Whole("limit", 1, MaxLimit) ?? DefaultLimit;
        var scope = Cursor.ScopeOf("list", ns.Id, context.Request.Query);
        var after = Cursor.Read(scope, query.One("cursor"));
        var trail = new Trail();
        var page = await memory.ListAsync(ns, filter, after, limit, trail, context.RequestAborted);
        using var body = new JsonBody(4096);
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (var record in page.Items)
        {
            RecordJson.Write(json, record, withVector);
        }

        json.WriteEndArray();
        json.WriteString("next", page.Next is { } next ? Cursor.Write(scope, next) : null);
        json.WriteEndObject();
        await body.SendAsync(context, 200, trail, start);
    }

    public async Task HistoryAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        var ns = await memory.RequireNamespaceAsync(context, caller);
        var key = PathKey.Read(context, memory.Options.Limits);
        var query = new QueryValues(context.Request, "limit", "cursor", "archive");
        var limit = query.Whole("limit", 1, MaxLimit) ?? DefaultLimit;
        var scope = Cursor.ScopeOf("history\u001f" + key, ns.Id, context.Request.Query);
        var before = Cursor.Read(scope, query.One("cursor")) is { } token && Sequence.TryParse(token, out var sequence) ? sequence : Sequence.None;
        var trail = new Trail();
        var archived = query.One("archive") switch { null or "false" => false, "true" => true, _ => throw Refuse.Field("archive", "It is neither true nor false.", "Send archive=true to read old versions from Snowflake.", 400) };
        HistoryPage page;
        try
        {
            page = await (archived
                ? memory.WholeHistoryAsync(ns, key, before, limit, trail, context.RequestAborted)
                : memory.HistoryAsync(ns, key, before, limit, trail, context.RequestAborted)) ?? throw Refuse.RecordNotFound();
        }
        catch (ArchiveUnavailableException error)
        {
            throw new RefusedException("snowflake-unavailable", $"Old versions could not be read from Snowflake: {error.Message}", "Leave archive away for those in L3, or try again later.");
        }

        using var body = new JsonBody(4096);
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (var entry in page.Items)
        {
            json.WriteStartObject();
            json.WriteString("change", ChangeWords.Of(entry.Kind));
            json.WriteNumber("version", entry.Version);
            json.WriteString("sequence", entry.Sequence.ToToken());
            json.WriteTime("recordedAt", entry.RecordedAt);
            ChangeWords.WriteRecord(json, entry);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("next", page.Next.IsNone ? null : Cursor.Write(scope, page.Next.ToToken()));
        json.WriteEndObject();
        await body.SendAsync(context, 200, trail, start);
    }
}
