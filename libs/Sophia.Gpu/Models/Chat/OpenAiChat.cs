using System.Buffers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Sophia.Gpu.Models.Chat;

/// <summary>
/// POST /v1/chat/completions as OpenAI documents it (platform.openai.com/docs/api-reference/chat) and as vLLM, Ollama and llama.cpp
/// serve it, whole or streamed as server-sent events. Text only: no tools, no pictures. One call, no repetition.
/// </summary>
internal sealed class OpenAiChat : IDisposable
{
    private readonly ChatModelOptions _options;
    private readonly OpenAiEndpoint _endpoint;

    public OpenAiChat(ChatModelOptions options, TimeProvider clock)
    {
        _options = options;
        _endpoint = new OpenAiEndpoint(options.Endpoint!, "/chat/completions", options.ApiKey, options.ApiKeyFile, clock);
    }

    public Uri Address => _endpoint.Address;

    /// <exception cref="ModelCallException">The server refused, did not answer, or answered something else.</exception>
    public async Task<ChatResponse> CompleteAsync(IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        using var response = await _endpoint.PostAsync(Body(messages, options, streams: false), HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
        try
        {
            return ChatAnswer.Read(await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw _endpoint.Unreachable(error);
        }
    }

    /// <summary>Begins a streamed answer; the parts are read from what it returns.</summary>
    /// <exception cref="ModelCallException">The server refused or did not answer.</exception>
    public Task<HttpResponseMessage> BeginAsync(IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken) =>
        _endpoint.PostAsync(Body(messages, options, streams: true), HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    /// <exception cref="ModelCallException">The connection ended before [DONE], or a part cannot be read.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> PartsAsync(HttpResponseMessage response, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using var events = SseParser.Create(stream).EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            bool more;
            try
            {
                more = await events.MoveNextAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                throw _endpoint.Unreachable(error);
            }

            if (!more)
            {
                throw new ModelCallException($"{_endpoint.Address.Authority} ended its answer before it was whole") { IsPassing = true };
            }

            if (events.Current.Data == "[DONE]")
            {
                yield break;
            }

            if (ChatAnswer.ReadPart(events.Current.Data) is { } part)
            {
                yield return part;
            }
        }
    }

    public void Dispose() => _endpoint.Dispose();

    private ReadOnlyMemory<byte> Body(IEnumerable<ChatMessage> messages, ChatOptions? options, bool streams)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("model", _options.Model);
        json.WriteStartArray("messages");
        foreach (var message in messages)
        {
            json.WriteStartObject();
            json.WriteString("role", message.Role.Value);
            json.WriteString("content", message.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Number(json, "temperature", options?.Temperature);
        Number(json, "top_p", options?.TopP);
        Number(json, _options.MaxCompletionTokens ? "max_completion_tokens" : "max_tokens", options?.MaxOutputTokens);
        if (options?.Seed is { } seed)
        {
            json.WriteNumber("seed", seed);
        }

        if (options?.StopSequences is { Count: > 0 } stops)
        {
            json.WriteStartArray("stop");
            foreach (var stop in stops)
            {
                json.WriteStringValue(stop);
            }

            json.WriteEndArray();
        }

        if (streams)
        {
            json.WriteBoolean("stream", true);
            json.WriteStartObject("stream_options");
            json.WriteBoolean("include_usage", true);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void Number(Utf8JsonWriter json, string name, float? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }
}
