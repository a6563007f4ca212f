using Microsoft.Extensions.AI;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;

namespace Sophia.Memory.Models;

/// <summary>The models that this process has, and which of them new namespaces use.</summary>
public sealed class ModelCatalog
{
    private readonly Dictionary<string, EmbeddingModel> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, EmbeddingModel> _byIdentity = new(StringComparer.Ordinal);

    /// <param name="standard">What a namespace gets that does not choose; null: it has no vectors unless callers bring them.</param>
    /// <exception cref="ArgumentException">Two models have one name, or one identity.</exception>
    public ModelCatalog(IReadOnlyList<EmbeddingModel> models, EmbeddingModel? standard)
    {
        All = models;
        Standard = standard;
        foreach (var model in models)
        {
            if (!_byName.TryAdd(model.Name, model) || !_byIdentity.TryAdd(model.Identity, model))
            {
                throw new ArgumentException($"Two models are named '{model.Name}', or make the same vectors.", nameof(models));
            }
        }
    }

    public IReadOnlyList<EmbeddingModel> All { get; }

    public EmbeddingModel? Standard { get; }

    /// <summary>The catalog of one embedder, which says its name and length itself; empty for null.</summary>
    public static ModelCatalog Of(IEmbeddingGenerator<string, Embedding<float>>? embedder)
    {
        if (embedder?.GetService(typeof(EmbeddingGeneratorMetadata)) is not EmbeddingGeneratorMetadata
            {
                DefaultModelId: { } id, DefaultModelDimensions: { } dimensions,
            })
        {
            return new ModelCatalog([], null);
        }

        var model = new EmbeddingModel("hashed", id, "hashed", null, dimensions, IsLocal: true, embedder);
        return new ModelCatalog([model], model);
    }

    public EmbeddingModel? Named(string name) => _byName.GetValueOrDefault(name);

    public EmbeddingModel? Identified(string? identity) => identity is null ? null : _byIdentity.GetValueOrDefault(identity);

    /// <summary>The model of a namespace whose vectors Sophia makes.</summary>
    /// <exception cref="RefusedException">model-not-available: this process does not have it, or has another under its name. model-not-resident.</exception>
    public EmbeddingModel For(NamespaceInfo ns)
    {
        var identity = ns.Settings.VectorModel;
        if (Identified(identity) is { } model)
        {
            RequireResidency(model, ns.Name, ns.Settings.Resident);
            return model;
        }

        var name = identity?.Split('#')[0];
        throw new RefusedException(
            "model-not-available",
            name is not null && Named(name) is { } other
                ? $"Namespace '{ns.Name}' has vectors of '{identity}'. Model '{name}' as it is configured now makes other ones ('{other.Identity}'), which cannot be compared with them."
                : $"Namespace '{ns.Name}' has vectors of model '{identity}', which this server does not have.",
            "Configure the model as it was (Sophia:Models), or change the namespace's model with POST /v1/namespaces/{ns}/model.");
    }

    /// <exception cref="RefusedException">model-not-resident: texts of a resident namespace would leave the company's machines.</exception>
    public static void RequireResidency(EmbeddingModel model, string ns, bool resident)
    {
        if (resident && !model.IsLocal)
        {
            throw new RefusedException(
                "model-not-resident", $"Namespace '{ns}' is resident, and model '{model.Name}' runs elsewhere ({model.Source}).",
                $"Use a local model, or, if this one runs on your own machines, say so with Sophia:Models:{model.Name}:Local=true.");
        }
    }
}
