using System.Text.Json.Serialization;

namespace Sophia.Client;

/// <summary>A model that makes vectors, as one process of the service sees it.</summary>
/// <param name="Identity">Changes with whatever changes the vectors of a text.</param>
/// <param name="Local">True when texts do not leave the company's machines.</param>
/// <param name="State"><c>ready</c>, <c>failing</c> or <c>unavailable</c>.</param>
public sealed record EmbeddingModel(
    string Name, string Identity, string Kind, string? Source, int Dimensions, bool Local, bool Default, string State, string? Reason,
    long Texts, long Calls, long Retries, long Failures);

public sealed record ModelList([property: JsonRequired] IReadOnlyList<EmbeddingModel> Items);

/// <summary>How a namespace's model is to be changed.</summary>
/// <param name="Model">The new model's name.</param>
/// <param name="MinRecall">The new model must find this share of what the old one finds, 0–1; 0.9 when null.</param>
/// <param name="Samples">Records that the check asks for, 0–1,000; 100 when null.</param>
/// <param name="CutOver"><c>auto</c> (also when null): after a passed check. <c>manual</c>: when it is asked for.</param>
public sealed record ModelChangeRequest(string Model, double? MinRecall = null, int? Samples = null, string? CutOver = null);

/// <param name="Model">Its name; null when the service does not have it any more.</param>
public sealed record ChangedModel(string? Model, string Identity, int Dimensions);

/// <param name="Before">Share of the sampled records that the old model finds again, 0–1; null when it could not be asked.</param>
/// <param name="After">Share that the new model finds.</param>
/// <param name="Overlap">Mean share of the old model's ten hits that are among the new one's.</param>
public sealed record ModelRecall(int Samples, double? Before, double After, double? Overlap);

/// <summary>How far a change of model is.</summary>
/// <param name="State"><c>none</c>, <c>making</c>, <c>held</c>, <c>cut-over</c>, <c>settling</c>, <c>finished</c> or <c>undone</c>.</param>
/// <param name="Current">The model that searches use.</param>
/// <param name="Can">What can be asked for now: <c>start</c>, <c>cut-over</c>, <c>undo</c>, <c>finish</c>.</param>
public sealed record ModelChangeStatus(
    [property: JsonRequired] string State, string? Current, ChangedModel? From, ChangedModel? To, long Made, long Total, ModelRecall? Recall, double? MinRecall, string? CutOver,
    string? Reason, DateTimeOffset? StartedAt, DateTimeOffset? UpdatedAt, IReadOnlyList<string> Can);
