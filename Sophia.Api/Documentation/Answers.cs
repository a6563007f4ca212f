using System.Text.Json;

namespace Sophia.Api.Documentation;

internal sealed record RecordAnswer(
    string Key, [LeftOut] JsonElement? Content, [LeftOut] string? ContentBase64, string ContentType, string[] Tags, Dictionary<string, JsonElement> Attributes, int Version,
    string Sequence, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo,
    ProvenanceBody? Provenance, [LeftOut] float[]? Vector, [LeftOut] string? VectorModel);

internal sealed record ReceiptAnswer(string? Key, string Status, [LeftOut] string? Reason, [LeftOut] string? Detail, int Version, string? Sequence, string? Etag);

internal sealed record BatchAnswer(ReceiptAnswer[] Receipts, int Stored, int Replaced, int Merged, int Unchanged, int Rejected, string? Sequence);

internal sealed record RecordPageAnswer(RecordAnswer[] Items, string? Next);

internal sealed record VersionAnswer(string Change, int Version, string Sequence, DateTimeOffset RecordedAt, RecordAnswer? Record);

internal sealed record HistoryAnswer(VersionAnswer[] Items, string? Next);

internal sealed record ScorePartAnswer(string Name, double Score, int Rank, double Contribution);

internal sealed record FoldedAnswer(string Key, double Similarity);

internal sealed record DateAnswer(string Text, DateTimeOffset? From, DateTimeOffset? To);

internal sealed record CorrectionAnswer(string From, string[] To);

internal sealed record UnderstoodAnswer(string[] Phrases, DateAnswer[] Dates, CorrectionAnswer[] Corrections);

internal sealed record ContextAnswer(RecordAnswer[] Before, RecordAnswer[] After);

/// <param name="Ranges">Start and length of each word, in UTF-16 units of the text.</param>
internal sealed record HighlightAnswer(string Text, int[][] Ranges);

internal sealed record HitAnswer(
    double Score, ScorePartAnswer[] Parts, string[] MatchedTerms, HighlightAnswer[] Highlights, FoldedAnswer[] Folded, ContextAnswer Context, string Key, [LeftOut] JsonElement? Content, [LeftOut] string? ContentBase64, string ContentType, string[] Tags,
    Dictionary<string, JsonElement> Attributes, int Version, string Sequence, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? ExpiresAt,
    DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo, ProvenanceBody? Provenance, [LeftOut] float[]? Vector, [LeftOut] string? VectorModel);

internal sealed record SearchResultAnswer(HitAnswer[] Hits, string Tier, string Mode, double TookMs, long Scanned, long Matching, FilterNoteAnswer[] FilterNotes, UnderstoodAnswer Understood, string Sequence, [LeftOut] string? Degraded, [LeftOut] PartialAnswer? Partial, [LeftOut] long? WithoutVector);

internal sealed record PartialAnswer(MissingShardAnswer[] Missing);

internal sealed record MissingShardAnswer(int Shard, string Reason);

internal sealed record FilterNoteAnswer(string Attribute, long Missing, long Mistyped);

internal sealed record ErasedAnswer(long Records, long Versions, long Vectors, long L1, long Near, long L0, long LogTombstones, long Snowflake);

internal sealed record ForgetResultAnswer(bool DryRun, long Matched, string[] Keys, ErasedAnswer Erased, string[] StillHeldBy, UnconfirmedAnswer[] NotConfirmed, string? Sequence);

/// <param name="Node">Null: the service that answers, or not known.</param>
/// <param name="Shard">Its number in the namespace; null: all that is there.</param>
internal sealed record UnconfirmedAnswer(string Tier, string? Node, int? Shard, string Reason);

internal sealed record TurnReceiptAnswer(string? Key, long Number, string Status, int Version, string? Sequence, string? Etag);

internal sealed record TurnsAnswer(TurnReceiptAnswer[] Receipts, int Turns, DateTimeOffset ExpiresAt);

internal sealed record TurnAnswer(long Number, string Role, string Content, Dictionary<string, JsonElement> Attributes, int Tokens, DateTimeOffset At, string Sequence);

internal sealed record SessionAnswer(string Id, string State, TurnAnswer[] Turns, long TotalTurns, long Tokens, DateTimeOffset ExpiresAt);

internal sealed record ClosedAnswer(int Promoted, ReceiptAnswer[] Receipts);

internal sealed record SettingsAnswer(string VectorSource, string? Model, string? VectorModel, int Dimensions, string Language, bool Resident, long? LogRetentionSeconds);

internal sealed record NamespaceAnswer(string Name, long Count, SettingsAnswer Settings, DateTimeOffset CreatedAt);

internal sealed record NamespacePageAnswer(NamespaceAnswer[] Items, string? Next);

internal sealed record ModelAnswer(
    string Name, string Identity, string Kind, string? Source, int Dimensions, bool Local, bool Default, string State, string? Reason, long Texts, long Calls,
    long Retries, long Failures);

internal sealed record ModelsAnswer(ModelAnswer[] Items);

internal sealed record ChangedModelAnswer(string? Model, string Identity, int Dimensions);

internal sealed record RecallAnswer(int Samples, double? Before, double After, double? Overlap);

internal sealed record ModelChangeAnswer(
    string State, string? Current, [LeftOut] ChangedModelAnswer? From, [LeftOut] ChangedModelAnswer? To, [LeftOut] long? Made, [LeftOut] long? Total, [LeftOut] RecallAnswer? Recall, [LeftOut] double? MinRecall, [LeftOut] string? CutOver,
    [LeftOut] string? Reason, [LeftOut] DateTimeOffset? StartedAt, [LeftOut] DateTimeOffset? UpdatedAt, string[] Can);

internal sealed record CostAnswer(double? Dollars, double Credits);

internal sealed record BudgetAnswer(double DollarsPerMonth, double Spent, string State);

internal sealed record TokensAnswer(long InputTokens, long OutputTokens, bool Estimated);

internal sealed record CompletionReceiptAnswer(
    string Outcome, string? Tier, string Key, [LeftOut] double? Similarity, CostAnswer Cost, CostAnswer Avoided, DateTimeOffset AnsweredAt, DateTimeOffset? ExpiresAt,
    [LeftOut] BudgetAnswer? Budget);

internal sealed record CompletionResultAnswer(string Text, string? FinishReason, string Model, TokensAnswer Usage, CompletionReceiptAnswer Receipt);

internal sealed record EmbedReceiptAnswer(int Made, int Kept, CostAnswer Cost, CostAnswer Avoided);

internal sealed record ClassifyAnswer(string Label, string Model, TokensAnswer Usage, CompletionReceiptAnswer Receipt);

internal sealed record SimilarityAnswer(double? Similarity, string Model, EmbedReceiptAnswer Receipt);

internal sealed record EmbedResultAnswer(string Model, string Identity, int Dimensions, float[]?[] Vectors, EmbedReceiptAnswer Receipt);

internal sealed record ModelUsageAnswer(
    string Model, string Operation, long Calls, long Failed, long Hits, long NearHits, long Joined, long InputTokens, long OutputTokens, CostAnswer Spent,
    CostAnswer Avoided, double MeanModelMs);

internal sealed record UsageAnswer(string Month, ModelUsageAnswer[] Items);

internal sealed record GoalAnswer(double? Share, double Goal, bool? IsMet);

internal sealed record CortexCostsAnswer(
    string Month, CostAnswer Spent, CostAnswer Avoided, long Calls, long CallsAvoided, GoalAnswer CallsAvoidedShare, GoalAnswer CostAvoidedShare,
    [LeftOut] BudgetAnswer? Budget);

internal sealed record BucketAnswer(double? LeMs, long Count);

internal sealed record LatencyAnswer(long Count, double? P50Ms, double? P95Ms, double? P99Ms, long OverBudget, double? SumMs, BucketAnswer[] Buckets);

internal sealed record TierAnswer(
    string Tier, string Name, string Engine, string State, string? Reason, double BudgetMs, long Hits, long Misses, double? HitRatio, long Promotions,
    Dictionary<string, long> Evictions, long Errors, long? UsedBytes, long? LimitBytes, LatencyAnswer Latency);

internal sealed record CheckAnswer(bool Healthy, string? Failure, double TookMs, DateTimeOffset At);

internal sealed record DeviceAnswer(string Name, string Kind, string Model, string? Uuid, string? ComputeCapability, long TotalBytes, long FreeBytes, string Profile, string[] Pools, string? LeftOut, CheckAnswer Check);

/// <param name="Reason">What it answered at the start, and what to do.</param>
internal sealed record NotOpenedAnswer(string Name, string? Model, string? Uuid, string Reason);

/// <param name="NotOpened">GPUs that could not be opened at the start; the process does without them.</param>
/// <param name="Nodes">Of L0, where it is a cluster's.</param>
internal sealed record GpuAnswer(string Node, DeviceAnswer[] Devices, NotOpenedAnswer[] NotOpened, Sophia.Gpu.Health.GpuReading[] Gpus, string? DriverFailure, [LeftOut] NodeAnswer[]? Nodes);

/// <param name="Name">As it is configured (Sophia:Gpu:Node); its devices and pools are named after it.</param>
/// <param name="Address">Among the nodes; another one after each start.</param>
/// <param name="Unanswered">Why it says nothing of its devices; null where it does.</param>
/// <param name="Shards">That are asked there; null where nothing was heard of it, as the other figures.</param>
/// <param name="UsedBytes">That they take in memory.</param>
/// <param name="LimitBytes">That they may take.</param>
/// <param name="FreeBytes">Of the vector pools.</param>
/// <param name="LeftOut">What is wrong with a device: its shards move to others.</param>
/// <param name="TakesShards">False while a device is left out, and for a while after it.</param>
internal sealed record NodeAnswer(
    string Name, string Address, string? Unanswered, int? Shards, long? UsedBytes, long? LimitBytes, long? FreeBytes, string? LeftOut, bool TakesShards,
    DeviceAnswer[] Devices, NotOpenedAnswer[] NotOpened, Sophia.Gpu.Health.GpuReading[] Gpus, string? DriverFailure);

internal sealed record DurationAnswer(double? LeSeconds, long Count);

/// <param name="Address">Of the node that has it; null: the process that answers.</param>
/// <param name="Cache">Of the inference cache of the process that answers, since that one keeps answers.</param>
internal sealed record PoolAnswer(
    string Name, string? Address, long ProfileBytes, long GrantedBytes, int PageBytes, int Pages, int UsedPages, long UsedBytes, int PinnedPages, long HighWaterBytes, double Fragmentation,
    long Allocations, long Frees, long Refused, Dictionary<string, long> Evictions, DurationAnswer[] Lifetimes, DurationAnswer[] IdleBeforeEviction, [LeftOut] PoolCacheAnswer? Cache);

internal sealed record PoolCacheAnswer(int Entries, long UsedBytes, long? BudgetBytes, double Age, Dictionary<string, long> Evictions);

internal sealed record CacheWorthAnswer(string Key, long Bytes, long Uses, double SavesNanoDollars, double Age, double Worth);

internal sealed record CacheAnswer(int Entries, long UsedBytes, long? BudgetBytes, double Age, Dictionary<string, long> Evictions, CacheWorthAnswer[] Next);

internal sealed record UnansweredNodeAnswer(string? Name, string Address, string Reason);

/// <param name="Unanswered">Nodes of L0 whose pools are not here, and why.</param>
internal sealed record PoolsAnswer(PoolAnswer[] Pools, UnansweredNodeAnswer[] Unanswered);

internal sealed record MirrorAnswer(bool Paused, long LagRows, double LagSeconds, long Mirrored, long Stripped);

internal sealed record SnowflakeAnswer(
    string Engine, Dictionary<string, long> Waiting, DateTimeOffset? LastFlush, string? LastError, DateTimeOffset? RetryAt, int FlushesLastDay, double CreditsLastDay,
    double CreditsPerDayAtMost, MirrorAnswer? Mirror);

internal sealed record LogAnswer(double LagMs, long Entries);

/// <param name="Id">Another one for each process that answers at this address, and after each start.</param>
internal sealed record ProcessAnswer(string Id, DateTimeOffset StartedAt);

internal sealed record TiersAnswer(TierAnswer[] Tiers, LogAnswer Log, ProcessAnswer Process);

/// <param name="Near">Copies of the near copy that went.</param>
/// <param name="Shards">Of L0 that went.</param>
internal sealed record EvictedAnswer(int Near, int Shards);

internal sealed record FieldErrorAnswer(string Path, string Message);

internal sealed record ProblemAnswer(string Type, string Title, int Status, string Detail, string Code, string Suggestion, string TraceId, [LeftOut] FieldErrorAnswer[]? Errors);
