using Microsoft.Extensions.AI;
using Sophia.Memory.Models;

namespace Sophia.Gpu.Models;

/// <summary>
/// Cuts what is asked for into calls that the model takes, by texts and by tokens, and makes some of them at once. A text that is
/// longer than the model sees is cut at a character; tokens are estimated at three characters, which is short for most languages.
/// </summary>
internal sealed class BatchingEmbedder(
    IEmbeddingGenerator<string, Embedding<float>> inner, ModelOptions options, ModelPipeline pipeline)
    : IEmbeddingGenerator<string, Embedding<float>>, IReportsModelState
{
    private const int CharsPerToken = 3;
    private readonly SemaphoreSlim _calls = new(Math.Max(1, options.Concurrency));

    public ModelState State => pipeline.State;

    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var calls = Batches(values).Select(batch => CallAsync(batch, cancellationToken)).ToArray();
        var all = new GeneratedEmbeddings<Embedding<float>>();
        foreach (var answer in await Task.WhenAll(calls).ConfigureAwait(false))
        {
            all.AddRange(answer);
        }

        return all;
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : inner.GetService(serviceType, serviceKey);

    public void Dispose()
    {
        inner.Dispose();
        _calls.Dispose();
    }

    /// <summary>The calls, in order. Every batch has a text; one alone may be as long as the model sees.</summary>
    internal IEnumerable<List<string>> Batches(IEnumerable<string> values)
    {
        var batch = new List<string>();
        var tokens = 0;
        foreach (var value in values)
        {
            var text = Cut(value);
            var more = 1 + (text.Length / CharsPerToken);
            if (batch.Count > 0 && (batch.Count == options.BatchTexts || tokens + more > options.BatchTokens))
            {
                yield return batch;
                (batch, tokens) = ([], 0);
            }

            batch.Add(text);
            tokens += more;
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }

    private string Cut(string text)
    {
        var most = (options.MaxTokens ?? ModelFactory.DefaultMaxTokens(options.Kind)) * CharsPerToken;
        if (options.Kind != ModelKind.OpenAI || text.Length <= most)
        {
            return text;
        }

        return text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)];
    }

    private async Task<GeneratedEmbeddings<Embedding<float>>> CallAsync(List<string> batch, CancellationToken cancellationToken)
    {
        await _calls.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await pipeline.CallAsync(inner, batch, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _calls.Release();
        }
    }
}
