using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Sophia.Gpu.Models;

/// <summary>
/// POST /v1/embeddings as OpenAI documents it (platform.openai.com/docs/api-reference/embeddings) and as vLLM, Ollama,
/// text-embeddings-inference and llama.cpp serve it. One call, no repetition: <see cref="ModelPipeline"/> does that. Vectors are
/// taken by the index that each states, since some servers answer out of order; base64 is asked for, arrays are taken as well.
/// </summary>
internal sealed class OpenAiEmbedder : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly ModelOptions _options;
    private readonly OpenAiEndpoint _endpoint;
    private readonly EmbeddingGeneratorMetadata _metadata;

    public OpenAiEmbedder(ModelOptions options, TimeProvider clock)
    {
        _options = options;
        _endpoint = new OpenAiEndpoint(options.Endpoint!, "/embeddings", options.ApiKey, options.ApiKeyFile, clock);
        _metadata = new EmbeddingGeneratorMetadata("openai", _endpoint.Address, options.Model, options.Dimensions);
    }

    /// <exception cref="ModelCallException">The server refused or did not answer.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var texts = values as IReadOnlyList<string> ?? [.. values];
        using var response = await _endpoint.PostAsync(Body(texts), HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
        try
        {
            return EmbeddingAnswer.Read(await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false), texts.Count);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw _endpoint.Unreachable(error);
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
        : serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose() => _endpoint.Dispose();

    private ReadOnlyMemory<byte> Body(IReadOnlyList<string> texts)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("model", _options.Model);
        json.WriteStartArray("input");
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
        json.WriteString("encoding_format", "base64");
        if (_options.RequestDimensions)
        {
            json.WriteNumber("dimensions", _options.Dimensions);
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
