using Sophia.Memory.Models;

namespace Sophia.Memory.Cortex;

/// <param name="Model">Null: the default model.</param>
/// <param name="Cache">Near counts as Exact: vectors of near texts are other vectors.</param>
public sealed record EmbeddingRequest(string? Model, IReadOnlyList<string> Texts, EmbeddingRole Role, CacheUse Cache);

/// <param name="Vectors">One per text, in order; null for a text without direction.</param>
/// <param name="Made">How many the model made for this request; the others were kept.</param>
/// <param name="IsPriced">False: nobody knows what the model costs.</param>
public sealed record EmbeddingResult(EmbeddingModel Model, IReadOnlyList<float[]?> Vectors, int Made, Cost Cost, Cost Avoided, bool IsPriced);
