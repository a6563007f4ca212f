using Microsoft.Extensions.AI;
using Sophia.Gpu.Models;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.StaticModels;

/// <summary>
/// A static embedding model, as sentence-transformers (StaticEmbedding) and model2vec store them: a text's vector is the mean
/// of its tokens' rows, without marks of beginning and end, scaled to length 1. Tens of thousands of texts a second on a core.
/// </summary>
internal sealed class StaticEmbedder : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly TokenMatrix _matrix;
    private readonly TextTokens _tokens;
    private readonly bool _normalise;

    /// <exception cref="ArgumentException">A file is not what it must be.</exception>
    public StaticEmbedder(ModelOptions options, PooledDevice device)
    {
        _tokens = TextTokens.Load(options);
        _normalise = options.Normalise;
        try
        {
            _matrix = TokenMatrix.Open(options.Model!, device);
        }
        catch (Exception error) when (error is SafetensorsException or IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException(error.Message, error);
        }

        if (_tokens.Count > _matrix.Rows)
        {
            _matrix.Dispose();
            throw new ArgumentException(
                $"'{options.Tokenizer}' has {_tokens.Count:N0} tokens, and the matrix of '{options.Model}' {_matrix.Rows:N0} rows. The files are not of one model: set Tokenizer to the one that was made with the matrix.");
        }
    }

    public int Dimensions => _matrix.Width;

    public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => new GeneratedEmbeddings<Embedding<float>>(Embed([.. values]).Select(static vector => new Embedding<float>(vector))), cancellationToken);

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose() => _matrix.Dispose();

    /// <summary>The vectors of texts; zeros for a text without tokens.</summary>
    /// <exception cref="ModelCallException">The tokenizer fails at a text, or gives an id that is not in its vocabulary.</exception>
    internal float[][] Embed(IReadOnlyList<string> texts)
    {
        var ids = new List<int>();
        var ends = new int[texts.Count];
        for (var i = 0; i < ends.Length; i++)
        {
            foreach (var id in _tokens.EncodeWithoutMarks(texts[i]))
            {
                if (_matrix.LeavesOutUnknown && id == _tokens.Unknown)
                {
                    continue;
                }

                ids.Add((uint)id < (uint)_matrix.Rows ? id : throw new ModelCallException($"The tokenizer gave the token {id}; the matrix has {_matrix.Rows:N0} rows. Its file is damaged.", new ArgumentOutOfRangeException(nameof(texts))));
            }

            ends[i] = ids.Count;
        }

        var means = _matrix.Mean([.. ids], ends);
        var vectors = new float[texts.Count][];
        for (var i = 0; i < vectors.Length; i++)
        {
            var mean = means.AsSpan(i * _matrix.Width, _matrix.Width);
            if (_normalise)
            {
                UnitVector.Scale(mean);
            }

            vectors[i] = mean.ToArray();
        }

        return vectors;
    }
}
