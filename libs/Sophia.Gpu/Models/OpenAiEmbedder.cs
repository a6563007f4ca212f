using System.Globalization;
using System.Net.Http.Headers;
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
    private const int MostAnswerBytes = 256 << 20;
    private readonly ModelOptions _options;
    private readonly Uri _address;
    private readonly HttpClient _client;
    private readonly TimeProvider _clock;
    private readonly EmbeddingGeneratorMetadata _metadata;

    public OpenAiEmbedder(ModelOptions options, TimeProvider clock)
    {
        (_options, _clock) = (options, clock);
        _address = new Uri(options.Endpoint!.TrimEnd('/') + "/embeddings");
        _client = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(2), AllowAutoRedirect = false })
        {
            Timeout = System.Threading.Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MostAnswerBytes,
        };
        _metadata = new EmbeddingGeneratorMetadata("openai", _address, options.Model, options.Dimensions);
    }

    /// <exception cref="ModelCallException">The server refused or did not answer.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        var texts = values as IReadOnlyList<string> ?? [.. values];
        using var request = new HttpRequestMessage(HttpMethod.Post, _address) { Content = Body(texts) };
        if (Key() is { } key)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        try
        {
            using var response = await _client.SendAsync(request, cancellationToken).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw await RefusalAsync(response, cancellationToken).ConfigureAwait(false);
            }

            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            return EmbeddingAnswer.Read(body, texts.Count);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw new ModelCallException($"{_address.Authority} could not be reached ({error.Message}).") { IsPassing = true };
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
        : serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose() => _client.Dispose();

    private ByteArrayContent Body(IReadOnlyList<string> texts)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
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
        }

        var content = new ByteArrayContent(buffer.WrittenSpan.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    private string? Key()
    {
        if (_options.ApiKeyFile is not { } file)
        {
            return _options.ApiKey;
        }

        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelCallException($"the file of its key cannot be read ({error.Message})");
        }
    }

    // The body may repeat the key ("Incorrect API key provided: …"), so nothing of it is said but its code.
    private async Task<ModelCallException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var code = EmbeddingAnswer.ErrorCode(await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
        return new ModelCallException(string.Create(
            CultureInfo.InvariantCulture, $"{_address.Authority} answered {status}{(code is null ? "" : $" ({code})")}"))
        {
            Status = status, IsPassing = status is 408 or 409 or 429 or >= 500, RetryAfter = RetryAfter(response),
        };
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        if (response.Headers.TryGetValues("retry-after-ms", out var values) &&
            double.TryParse(values.First(), NumberStyles.Float, CultureInfo.InvariantCulture, out var ms) && ms is >= 0 and < 1e9)
        {
            return TimeSpan.FromMilliseconds(ms);
        }

        var wait = response.Headers.RetryAfter is not { } header ? null
            : header.Delta ?? (header.Date is { } date ? date - _clock.GetUtcNow() : null);
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }
}
