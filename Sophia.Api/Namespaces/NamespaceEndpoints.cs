using System.Diagnostics;
using System.Text.Json;
using Sophia.Api.Access;
using Sophia.Api.Answering;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;
using Sophia.Api.Forget;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;

namespace Sophia.Api.Namespaces;

/// <summary>Namespaces and their settings.</summary>
internal sealed class NamespaceEndpoints(MemoryHierarchy memory)
{
    private const string All = "/v1/namespaces";
    private const string One = "/v1/namespaces/{ns}";
    private const string Tag = "Namespaces";
    private const int MaxBodyBytes = 64 * 1024;
    private const int MaxLimit = 500;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var namespaces = ActivatorUtilities.CreateInstance<NamespaceEndpoints>(routes.ServiceProvider);
        routes.MapEdge("GET", All, Rights.Read, namespaces.ListAsync).Describe(Tag, "ListNamespaces", "Lists the tenant's namespaces by name").Page().Answers<NamespacePageAnswer>(200).Refuses(400, 503);
        routes.MapEdge("GET", One, Rights.Read, namespaces.GetAsync).Describe(Tag, "GetNamespace", "Reads a namespace's settings and count").Answers<NamespaceAnswer>(200).Refuses(400, 404, 503);
        routes.MapEdge("PUT", One, Rights.Admin, namespaces.PutAsync).Describe(Tag, "PutNamespace", "Makes a namespace, or changes what may change: language, resident, logRetentionSeconds")
            .Takes<NamespaceSettingsBody>().Answers<NamespaceAnswer>(201, 200).Refuses(400, 409, 415, 503);
        routes.MapEdge("DELETE", One, Rights.Write | Rights.Admin, namespaces.DeleteAsync).Describe(Tag, "RemoveNamespace", "Removes a namespace whole: its records with all their versions, in every tier, then its settings and its name; dryRun only counts")
            .Query("dryRun", "true: only says what would go.").Answers<ForgetResultAnswer>(200).Refuses(400, 404, 409, 429, 503);
    }

    public async Task ListAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        var query = new QueryValues(context.Request, "limit", "cursor");
        var limit = query.Whole("limit", 1, MaxLimit) ?? 50;
        var scope = Cursor.ScopeOf("namespaces\u001f" + caller.Tenant, 0, context.Request.Query);
        var after = Cursor.Read(scope, query.One("cursor"));

        // One more than asked for tells whether there is a next page.
        var found = await memory.ListNamespacesAsync(caller.Tenant, after, limit + 1, context.RequestAborted);
        using var body = new JsonBody(2048);
        var json = body.Writer;
        json.WriteStartObject();
        json.WriteStartArray("items");
        for (var i = 0; i < Math.Min(limit, found.Count); i++)
        {
            await WriteAsync(json, found[i], context.RequestAborted);
        }

        json.WriteEndArray();
        json.WriteString("next", found.Count > limit ? Cursor.Write(scope, found[limit - 1].Name) : null);
        json.WriteEndObject();
        await body.SendAsync(context, 200, L3(start), start);
    }

    public async Task GetAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        await SendAsync(context, 200, await memory.RequireNamespaceAsync(context, caller), start);
    }

    public async Task PutAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        _ = new QueryValues(context.Request);
        var name = context.NamespaceName();
        using var bytes = await RequestBody.ReadJsonAsync(context, MaxBodyBytes);
        var isNew = false;
        var configured = await memory.ConfigureNamespaceAsync(
            caller.Tenant, name,
            current =>
            {
                // What the body does not state is as it is stored, whatever this process knew of it.
                isNew |= current is null;
                return Read(bytes, current);
            },
            context.RequestAborted);
        await SendAsync(context, isNew ? 201 : 200, configured, start);
    }

    public async Task DeleteAsync(HttpContext context, Caller caller)
    {
        var start = Stopwatch.GetTimestamp();
        var dryRun = new QueryValues(context.Request, "dryRun").Truth("dryRun");
        var ns = await memory.RequireNamespaceAsync(context, caller);
        var trail = new Trail();
        var answer = await memory.RemoveNamespaceAsync(ns, dryRun, trail, context.RequestAborted);
        using var body = new JsonBody();
        ForgetEndpoint.Write(body.Writer, answer);
        await body.SendAsync(context, 200, trail, start);
    }

    /// <summary>The settings that the body states, over those that are there.</summary>
    private NamespaceSettings Read(RequestBody bytes, NamespaceSettings? current)
    {
        var (document, json) = BodyObject.Parse(bytes);
        using (document)
        {
            json.Allow("vectorSource", "model", "vectorModel", "dimensions", "language", "resident", "logRetentionSeconds");
            var source = json.Text("vectorSource", 16) is { } word ? SourceOf(word) : (VectorSource?)null;

            // A model's identity and length are this service's to say: a namespace made here is as its first write would make it.
            var named = json.Text("model", 64) is { } name ? memory.Models.Named(name) ?? throw NoSuchModel(name) : null;
            if (named is not null && (source ?? current?.VectorSource ?? VectorSource.Embedder) != VectorSource.Embedder)
            {
                throw Refuse.Field("model", "The namespace's vectors are not made here.", "Leave it out, or use vectorSource embedder.");
            }

            var standard = memory.DefaultSettings;
            var settings = current ?? (source is null || source == standard.VectorSource ? standard : new NamespaceSettings());
            settings = settings with
            {
                VectorSource = source ?? (named is null ? settings.VectorSource : VectorSource.Embedder),
                VectorModel = json.Text("vectorModel", 128) ?? named?.Identity ?? settings.VectorModel,
                Dimensions = (int)(json.Whole("dimensions", 0, DraftRules.MaxDimensions) ?? named?.Dimensions ?? settings.Dimensions),
                Language = json.Text("language", 16) ?? settings.Language,
                Resident = json.Truth("resident") ?? settings.Resident,
                LogRetention = json.Whole("logRetentionSeconds", 1, 100L * 366 * 86400) is { } seconds ? TimeSpan.FromSeconds(seconds)
                    : StatesNull(json, "logRetentionSeconds") ? null : settings.LogRetention,
            };
            if (!NamespaceRules.Languages.Contains(settings.Language))
            {
                throw Refuse.Field(
                    "language", $"It is none of {string.Join(", ", NamespaceRules.Languages)}.",
                    "Use en, de, fr or es for the stemming and stop words of that language, none for words as they are written.");
            }

            if (current is null && settings.VectorSource == VectorSource.Embedder &&
                memory.Models.Identified(settings.VectorModel)?.Dimensions != settings.Dimensions)
            {
                throw Refuse.Field("vectorModel", $"The models of this service are {string.Join(", ", memory.Models.All.Select(m => $"'{m.Identity}' with {m.Dimensions:N0} dimensions"))}.",
                    "Name one with model, and leave vectorModel and dimensions out; or bring your own vectors (vectorSource: caller).");
            }

            if (settings is { VectorSource: VectorSource.Caller, Dimensions: 0 })
            {
                throw Refuse.Field("dimensions", "Vectors of the caller need their length.", $"Give dimensions, 1 to {DraftRules.MaxDimensions:N0}.");
            }

            if (settings is { VectorSource: VectorSource.None, Dimensions: > 0 })
            {
                throw Refuse.Field("dimensions", "A namespace without vectors has no dimensions.", "Leave it out, or choose another vectorSource.");
            }

            return settings;
        }
    }

    // A retention that is null says: keep for ever; one that is absent says: as it was.
    private static bool StatesNull(BodyObject json, string name) =>
        json.Properties().Any(p => p.Name == name && p.Value.ValueKind == JsonValueKind.Null);

    private ProblemException NoSuchModel(string name) => Refuse.Field(
        "model", $"This service has no model '{name}'; it has {string.Join(", ", memory.Models.All.Select(m => m.Name))}.", "See GET /v1/models.");

    private static VectorSource SourceOf(string word) => word switch
    {
        "embedder" => VectorSource.Embedder,
        "caller" => VectorSource.Caller,
        "none" => VectorSource.None,
        _ => throw Refuse.Field("vectorSource", "It is not embedder, caller or none.", "Leave it out for embedder."),
    };

    private async Task SendAsync(HttpContext context, int status, NamespaceInfo ns, long start)
    {
        using var body = new JsonBody(512);
        await WriteAsync(body.Writer, ns, context.RequestAborted);
        await body.SendAsync(context, status, L3(start), start);
    }

    private async Task WriteAsync(Utf8JsonWriter json, NamespaceInfo ns, CancellationToken cancellationToken)
    {
        var count = await memory.CountAsync(ns, cancellationToken);
        var settings = ns.Settings;
        json.WriteStartObject();
        json.WriteString("name", ns.Name);
        json.WriteNumber("count", count);
        json.WriteStartObject("settings");
        json.WriteString("vectorSource", settings.VectorSource switch { VectorSource.Caller => "caller", VectorSource.None => "none", _ => "embedder" });
        json.WriteString("model", memory.Models.Identified(settings.VectorModel)?.Name);
        json.WriteString("vectorModel", settings.VectorModel);
        json.WriteNumber("dimensions", settings.Dimensions);
        json.WriteString("language", settings.Language);
        json.WriteBoolean("resident", settings.Resident);
        if (settings.LogRetention is { } retention)
        {
            json.WriteNumber("logRetentionSeconds", (long)retention.TotalSeconds);
        }
        else
        {
            json.WriteNull("logRetentionSeconds");
        }

        json.WriteEndObject();
        json.WriteTime("createdAt", ns.CreatedAt);
        json.WriteEndObject();
    }

    // Settings and counts are L3's own; the memory keeps no trail for them.
    private static Trail L3(long start)
    {
        var trail = new Trail { ServedBy = Sophia.Memory.Tiers.Tier.L3 };
        trail.Add("l3", start);
        return trail;
    }
}
