using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;

namespace Sophia.Memory.Cortex;

public sealed partial class CortexMemory
{
    private const int LabelTokens = 64;

    /// <summary>The one of the labels that the model gives a text. An answer that is none of them is refused and not kept.</summary>
    /// <param name="labels">2 or more, distinct without regard to case.</param>
    /// <param name="instruction">What the labels are about; null for nothing.</param>
    /// <exception cref="RefusedException">As of <see cref="CompleteAsync"/>.</exception>
    public async Task<(string Label, CompletionAnswer Answer)> ClassifyAsync(
        string tenant, NamespaceInfo? ns, string text, IReadOnlyList<string> labels, string? instruction, string? model, CacheUse cache, Trail trail,
        CancellationToken cancellationToken)
    {
        var task = $"Classify the user's text. {(instruction is null ? "" : instruction.Trim() + " ")}Answer with exactly one of these labels and nothing else:\n" +
            string.Join('\n', labels.Select(static label => "- " + label));
        var request = new CompletionRequest
        {
            Model = model, Temperature = 0, MaxTokens = LabelTokens, Cache = cache == CacheUse.Near ? CacheUse.Exact : cache,
            Messages = [new PromptMessage(ChatRoleName.System, task), new PromptMessage(ChatRoleName.User, text)],
            Accepts = answer => LabelOf(answer, labels) is not null,
        };
        var answer = await CompleteAsync(tenant, ns, request, trail, cancellationToken).ConfigureAwait(false);
        return (LabelOf(answer.Text, labels) ?? throw new ModelAnswerException(
            answer.Model.Name, "its answer is none of the labels.", "Ask again, use clearer labels, or another model."), answer);
    }

    /// <summary>How alike two texts are to a model, as the cosine of their vectors; null when one of them has no direction.</summary>
    /// <exception cref="RefusedException">As of <see cref="EmbedAsync"/>.</exception>
    public async Task<(double? Similarity, EmbeddingResult Vectors)> SimilarityAsync(
        string tenant, NamespaceInfo? ns, string a, string b, string? model, CacheUse cache, Trail trail, CancellationToken cancellationToken)
    {
        var vectors = await EmbedAsync(tenant, ns, new EmbeddingRequest(model, [a, b], EmbeddingRole.Document, cache), trail, cancellationToken).ConfigureAwait(false);
        return (vectors.Vectors is [{ } first, { } second] ? Math.Clamp(Cosine(first, second), -1, 1) : null, vectors);
    }

    // Models like to quote, to end with a point and to repeat the dash of the list.
    private static string? LabelOf(string answer, IReadOnlyList<string> labels)
    {
        var said = answer.Trim().Trim('"', '\'', '`', '*', '.', '-', ' ');
        return labels.FirstOrDefault(label => string.Equals(label.Trim(), said, StringComparison.OrdinalIgnoreCase))
            ?? labels.FirstOrDefault(label => string.Equals(label.Trim(), answer.Trim(), StringComparison.OrdinalIgnoreCase));
    }
}
