using Sophia.Memory.Models;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Snowflake.Serving.Functions;

/// <summary>The vectors of the texts of a batch, by the model of namespaces that do not choose.</summary>
internal sealed class TextVectors(ModelCatalog models)
{
    /// <exception cref="BatchRefusedException">model-not-available</exception>
    public EmbeddingModel Model => models.Standard ?? throw new BatchRefusedException(
        400, "model-not-available", "No model for vectors is configured here.", "Set Sophia:DefaultModel.");

    /// <summary>A unit vector for each text, in order; null for null and for a text without words. Equal texts are embedded once.</summary>
    public async Task<float[]?[]> OfAsync(IReadOnlyList<string?> texts, EmbeddingRole role, CancellationToken cancellationToken)
    {
        var places = new Dictionary<string, int>(texts.Count, StringComparer.Ordinal);
        foreach (var text in texts)
        {
            if (!string.IsNullOrWhiteSpace(text))
            {
                places.TryAdd(text, places.Count);
            }
        }

        var distinct = new string[places.Count];
        foreach (var (text, place) in places)
        {
            distinct[place] = text;
        }

        var vectors = distinct.Length == 0 ? [] : await Model.EmbedAsync(distinct, role, cancellationToken);
        var answers = new float[]?[texts.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = texts[i] is { } text && places.TryGetValue(text, out var place) ? vectors[place] : null;
        }

        return answers;
    }
}
