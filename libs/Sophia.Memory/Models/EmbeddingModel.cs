using System.Runtime.InteropServices;
using Microsoft.Extensions.AI;

namespace Sophia.Memory.Models;

/// <summary>What a text is embedded for; some models want to be told by a prefix.</summary>
public enum EmbeddingRole
{
    /// <summary>Text that is stored, to be found.</summary>
    Document,

    /// <summary>Text to find others by.</summary>
    Query,
}

/// <summary>How a model does; ready until it has failed.</summary>
public enum ModelHealth
{
    Ready,

    /// <summary>The last call failed; the next is tried.</summary>
    Failing,

    /// <summary>The circuit is open: calls are refused until it is tried again.</summary>
    Unavailable,
}

/// <summary>A model's counts since the process started.</summary>
/// <param name="Reason">Why it is not ready; null when it is.</param>
/// <param name="Texts">Texts embedded.</param>
/// <param name="Calls">Calls made of the model, retries among them.</param>
/// <param name="Retries">Calls that repeated a failed one.</param>
/// <param name="Failures">Calls that failed.</param>
public readonly record struct ModelState(ModelHealth Health, string? Reason, long Texts, long Calls, long Retries, long Failures);

/// <summary>An embedder that counts and says how it does; others count as ready.</summary>
public interface IReportsModelState
{
    ModelState State { get; }
}

/// <summary>A file that a model was loaded from.</summary>
/// <param name="Setting">The setting that takes its sum, such as Sha256.</param>
/// <param name="Sha256">In lower case hexadecimal digits, as sha256sum prints it.</param>
public readonly record struct ModelFile(string Setting, string Path, string Sha256)
{
    /// <summary>The setting has it.</summary>
    public bool IsChecked { get; init; }
}

/// <summary>
/// A model that makes vectors of texts, under the name that the configuration gives it. Its identity changes with whatever
/// changes the vectors of a text; vectors of different identities are never compared.
/// </summary>
/// <param name="Name">[a-z0-9][a-z0-9._-]{0,63}</param>
/// <param name="Identity">Stored with namespaces and vectors; at most 128 characters.</param>
/// <param name="Kind">Its kind, for people: hashed, openai, onnx, static or cortex.</param>
/// <param name="Source">Where it runs, for people: an address, a file's name.</param>
/// <param name="Dimensions">Length of its vectors, 1–4,096.</param>
/// <param name="IsLocal">True when texts do not leave the company's machines; only then may resident namespaces use it.</param>
public sealed record EmbeddingModel(
    string Name, string Identity, string Kind, string? Source, int Dimensions, bool IsLocal,
    IEmbeddingGenerator<string, Embedding<float>> Embedder)
{
    /// <summary>Put before stored texts, for models that were trained so; empty for none.</summary>
    public string DocumentPrefix { get; init; } = "";

    /// <summary>Put before queries; empty for none.</summary>
    public string QueryPrefix { get; init; } = "";

    /// <summary>Dollars per million tokens read; null when nobody says.</summary>
    public double? InputDollars { get; init; }

    /// <summary>AI credits of Snowflake per million tokens; 0 for other models.</summary>
    public double InputCredits { get; init; }

    /// <summary>The files that it was loaded from; none for a model that is asked elsewhere, and for the built-in one.</summary>
    public IReadOnlyList<ModelFile> Files { get; init; } = [];

    public ModelState State => Embedder is IReportsModelState reporting ? reporting.State : new ModelState(ModelHealth.Ready, null, 0, 0, 0, 0);

    /// <summary>A vector for each text, in order; null for a text without direction (all components zero).</summary>
    /// <exception cref="EmbedderUnavailableException"/>
    /// <exception cref="EmbedderAnswerException">Too few or too many vectors, a wrong length, or a component that is not finite.</exception>
    public async ValueTask<float[]?[]> EmbedAsync(IReadOnlyList<string> texts, EmbeddingRole role, CancellationToken cancellationToken)
    {
        var prefix = role == EmbeddingRole.Query ? QueryPrefix : DocumentPrefix;
        var given = prefix.Length == 0 ? texts : [.. texts.Select(text => prefix + text)];
        var embeddings = await Embedder.GenerateAsync(given, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (embeddings.Count != texts.Count)
        {
            throw Invalid($"{texts.Count:N0} texts were given and {embeddings.Count:N0} vectors came back.");
        }

        var vectors = new float[]?[texts.Count];
        for (var i = 0; i < vectors.Length; i++)
        {
            vectors[i] = Check(embeddings[i]);
        }

        return vectors;
    }

    /// <summary>True when the model can be asked without waiting, by <see cref="Embed"/>.</summary>
    public bool IsImmediate => Embedder is IEmbedsUtf8 && DocumentPrefix.Length == 0;

    /// <summary>The vector of a text to store; null for a text without direction.</summary>
    /// <exception cref="InvalidOperationException">The model is not <see cref="IsImmediate"/>.</exception>
    public float[]? Embed(ReadOnlySpan<byte> utf8)
    {
        var embedder = IsImmediate ? (IEmbedsUtf8)Embedder : throw new InvalidOperationException($"The model {Name} has to be waited for.");
        var vector = embedder.Embed(utf8);
        return vector.AsSpan().ContainsAnyExcept(0f) ? vector : null;
    }

    private float[]? Check(Embedding<float> embedding)
    {
        var span = embedding.Vector.Span;
        if (span.Length != Dimensions)
        {
            throw Invalid($"A vector of {span.Length:N0} components came back; the model is configured with {Dimensions:N0}.");
        }

        if (!span.ContainsAnyExcept(0f))
        {
            return null;
        }

        foreach (var component in span)
        {
            if (!float.IsFinite(component))
            {
                throw Invalid("A vector with a component that is not a finite number came back.");
            }
        }

        return MemoryMarshal.TryGetArray(embedding.Vector, out var segment) && segment.Offset == 0 && segment.Array!.Length == segment.Count
            ? segment.Array : span.ToArray();
    }

    private EmbedderAnswerException Invalid(string reason) => new(
        Name, reason, $"Compare Sophia:Models:{Name} with what the model's server offers; nothing was stored.");
}
