using Microsoft.Extensions.AI;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;

namespace Sophia.Memory.Cortex;

/// <summary>Vectors through the cache, as a generator of Microsoft.Extensions.AI, for code in the same process.</summary>
/// <param name="model">The name of a model; null for the default one.</param>
/// <param name="ns">Whose text it is; null when it may go to any model.</param>
/// <param name="role">What the texts are for: some models make other vectors of queries than of what is to be found.</param>
public sealed class CortexEmbeddingGenerator(
    CortexMemory cortex, string tenant, string? model = null, NamespaceInfo? ns = null, EmbeddingRole role = EmbeddingRole.Document)
    : IEmbeddingGenerator<string, Embedding<float>>
{
    /// <summary>One vector per text, in order; zeros for a text without direction.</summary>
    /// <exception cref="NotSupportedException">Dimensions that are not the model's, or options of its provider.</exception>
    /// <exception cref="RefusedException">As of <see cref="CortexMemory.EmbedAsync"/>.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var name = options?.ModelId ?? model;
        if (options is { AdditionalProperties.Count: > 0 } or { RawRepresentationFactory: not null } ||
            (options?.Dimensions is { } dimensions && dimensions != cortex.EmbedderOf(name).Dimensions))
        {
            throw new NotSupportedException("The cache in front of models makes vectors of the model's own dimensions, without options of its provider.");
        }

        var request = new EmbeddingRequest(name, [.. values], role, CacheUse.Exact);
        var answer = await cortex.EmbedAsync(tenant, ns, request, new Trail(), cancellationToken).ConfigureAwait(false);
        return new GeneratedEmbeddings<Embedding<float>>(
            answer.Vectors.Select(vector => new Embedding<float>(vector ?? new float[answer.Model.Dimensions]) { ModelId = answer.Model.Identity }));
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType is not null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
        // The cache is not this generator's to end.
    }
}
