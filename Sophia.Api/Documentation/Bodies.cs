using System.Text.Json;

namespace Sophia.Api.Documentation;

// The forms of bodies and answers for the API's description. The edge reads and writes JSON by hand; the tests hold the two together.
// A body may leave out whatever can be null.

internal sealed record ProvenanceBody(string? Source, string? Agent, string? Session, string? Uri);

internal sealed record RecordBody(
    JsonElement? Content, string? ContentBase64, string? ContentType, string[]? Tags, Dictionary<string, JsonElement>? Attributes, float[]? Vector,
    DateTimeOffset? ExpiresAt, double? TtlSeconds, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo, ProvenanceBody? Provenance, string? IfPresent);

internal sealed record BatchItemBody(
    string Key, JsonElement? Content, string? ContentBase64, string? ContentType, string[]? Tags, Dictionary<string, JsonElement>? Attributes, float[]? Vector,
    DateTimeOffset? ExpiresAt, double? TtlSeconds, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo, ProvenanceBody? Provenance, string? IfPresent);

internal sealed record BatchBody(BatchItemBody[] Items);

internal sealed record FilterBody(
    string[]? AllTags, string[]? AnyTags, string[]? NoTags, string? KeyPrefix, DateTimeOffset? CreatedFrom, DateTimeOffset? CreatedTo,
    DateTimeOffset? UpdatedFrom, DateTimeOffset? UpdatedTo, DateTimeOffset? ValidAt, Dictionary<string, JsonElement>? Attributes);

internal sealed record SearchBody(
    string? Query, float[]? Vector, int? K, string? Mode, FilterBody? Filter, DateTimeOffset? AsOf, string? MinSequence, int? TimeoutMs, string[]? Include,
    int? Context, RecencyBody? Recency, double? Importance, string? Diversity, bool? Typos, bool? Highlight, bool? AllowPartial);

internal sealed record RecencyBody(double Weight, double HalfLifeDays);

internal sealed record ForgetBody(string[]? Keys, string? Prefix, FilterBody? Filter, bool? All, bool? DryRun);

internal sealed record TurnBody(string Role, string Content, Dictionary<string, JsonElement>? Attributes, int? Tokens);

internal sealed record TurnsBody(TurnBody[] Turns, long? TtlSeconds);

internal sealed record CloseBody(string? PromoteTo);

internal sealed record MirrorBody(bool Paused);

/// <param name="Data">Each row begins with its number; of a call the arguments follow, of an answer the value.</param>
internal sealed record RowsBody(JsonElement[][] Data);

internal sealed record ModelChangeBody(string Model, double? MinRecall, int? Samples, string? CutOver);

internal sealed record MessageBody(string Role, string Content);

internal sealed record CompletionBody(
    string? Model, string? Prompt, string? System, MessageBody[]? Messages, string? Namespace, double? Temperature, double? TopP, int? MaxTokens, long? Seed,
    string[]? Stop, string? Cache, bool? Stream);

internal sealed record ClassifyBody(string Text, string[] Labels, string? Instruction, string? Model, string? Namespace, string? Cache);

internal sealed record SimilarityBody(string A, string B, string? Model, string? Namespace, string? Cache);

internal sealed record EmbedBody(string[] Texts, string? Model, string? Role, string? Namespace, string? Cache);

internal sealed record NamespaceSettingsBody(string? VectorSource, string? Model, string? VectorModel, int? Dimensions, string? Language, bool? Resident, long? LogRetentionSeconds);
