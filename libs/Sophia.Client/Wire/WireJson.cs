using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sophia.Client;

internal sealed record DraftBatch(IReadOnlyList<MemoryDraft> Items);

internal sealed record Page<T>([property: JsonRequired] IReadOnlyList<T> Items, string? Next);

/// <summary>
/// The JSON of the wire, generated at compile time, so that a trimmed or ahead-of-time compiled caller works. The service takes
/// 64 levels, and its answers put a record up to six deeper. What every answer of its kind has is required: any other service's
/// JSON would else be taken for an answer with nothing in it.
/// </summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.Strict,
    MaxDepth = 128)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(MemoryDraft))]
[JsonSerializable(typeof(DraftBatch))]
[JsonSerializable(typeof(MemoryRecord))]
[JsonSerializable(typeof(Receipt))]
[JsonSerializable(typeof(BatchReceipts))]
[JsonSerializable(typeof(Page<MemoryRecord>))]
[JsonSerializable(typeof(Page<HistoryEntry>))]
[JsonSerializable(typeof(Page<NamespaceInfo>))]
[JsonSerializable(typeof(SearchRequest))]
[JsonSerializable(typeof(SearchResult))]
[JsonSerializable(typeof(ForgetRequest))]
[JsonSerializable(typeof(ForgetReport))]
[JsonSerializable(typeof(ChangeData))]
[JsonSerializable(typeof(TurnBatch))]
[JsonSerializable(typeof(AppendedTurns))]
[JsonSerializable(typeof(Session))]
[JsonSerializable(typeof(CloseRequest))]
[JsonSerializable(typeof(ClosedSession))]
[JsonSerializable(typeof(NamespaceSettings))]
[JsonSerializable(typeof(NamespaceInfo))]
[JsonSerializable(typeof(TierReport))]
[JsonSerializable(typeof(SnowflakeStatus))]
[JsonSerializable(typeof(MirrorChange))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelChangeRequest))]
[JsonSerializable(typeof(ModelChangeStatus))]
[JsonSerializable(typeof(CompletionRequest))]
[JsonSerializable(typeof(Completion))]
internal sealed partial class WireJson : JsonSerializerContext;
