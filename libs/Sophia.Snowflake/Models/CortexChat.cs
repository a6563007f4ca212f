using System.Data.Common;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Sophia.Memory.Cortex;
using Sophia.Snowflake.Flushing;

namespace Sophia.Snowflake.Models;

/// <summary>
/// A model of Cortex, asked through SQL: SNOWFLAKE.CORTEX.COMPLETE with a conversation and options, which then answers JSON with the
/// number of tokens (docs.snowflake.com, "COMPLETE (SNOWFLAKE.CORTEX)"). It knows no seed and no stop sequences, so a request with one is
/// refused rather than answered as if it had none. SQL does not stream: a streamed answer comes in one part.
/// </summary>
/// <param name="name">The model's name in the configuration.</param>
/// <param name="source">The account.</param>
/// <param name="model">The model's name at Cortex.</param>
/// <param name="timeout">For one call.</param>
public sealed class CortexChat(string name, DbDataSource source, string model, TimeSpan timeout) : IChatClient
{
    internal const string Statement = "SELECT SNOWFLAKE.CORTEX.COMPLETE(?, PARSE_JSON(?)::ARRAY, PARSE_JSON(?)::OBJECT)::VARCHAR";
    private readonly ChatClientMetadata _metadata = new("cortex", null, model);

    /// <exception cref="ModelUnavailableException">The account cannot be reached, or did not answer in time.</exception>
    /// <exception cref="ModelAnswerException">The account refused: the model is not in its region, the role may not, the prompt is too long.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (options is { Seed: not null } or { StopSequences.Count: > 0 })
        {
            throw new ModelAnswerException(name, "Cortex takes neither a seed nor stop sequences.", "Leave seed and stop out, or name another model.");
        }

        try
        {
            await using var session = new FlushSession(source, timeout, schema: null);
            var answers = await session.QueryAsync(Statement, static row => row.IsDBNull(0) ? null : row.GetString(0), cancellationToken, model, History(messages), Options(options)).ConfigureAwait(false);
            return Read(answers is [{ } answer] ? answer : throw Unusable("it answered nothing"));
        }
        catch (TimeoutException error)
        {
            throw new ModelUnavailableException(name, error.Message, CortexFailures.RetryAfter);
        }
        catch (DbException error) when (CortexFailures.IsPassing(error))
        {
            throw new ModelUnavailableException(name, error.Message, CortexFailures.RetryAfter);
        }
        catch (DbException error)
        {
            throw new ModelAnswerException(name, error.Message, CortexFailures.Suggestion);
        }
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var answer = await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        foreach (var update in answer.ToChatResponseUpdates())
        {
            yield return update;
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null : serviceType == typeof(ChatClientMetadata) ? _metadata : serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose() => source.Dispose();

    private ModelAnswerException Unusable(string what) => new(name, what, "Try again, or name another model.");

    private static string History(IEnumerable<ChatMessage> messages) => Json(json =>
    {
        json.WriteStartArray();
        foreach (var message in messages)
        {
            json.WriteStartObject();
            json.WriteString("role", message.Role.Value);
            json.WriteString("content", message.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static string Options(ChatOptions? options) => Json(json =>
    {
        json.WriteStartObject();
        if (options?.Temperature is { } temperature)
        {
            json.WriteNumber("temperature", temperature);
        }

        if (options?.TopP is { } topP)
        {
            json.WriteNumber("top_p", topP);
        }

        if (options?.MaxOutputTokens is { } most)
        {
            json.WriteNumber("max_tokens", most);
        }

        json.WriteEndObject();
    });

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    private ChatResponse Read(string answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer);
            var json = document.RootElement;
            var text = json.GetProperty("choices")[0].GetProperty("messages").GetString() ?? throw Unusable("its answer has no text");
            var usage = json.TryGetProperty("usage", out var tokens) ? new UsageDetails { InputTokenCount = Count(tokens, "prompt_tokens"), OutputTokenCount = Count(tokens, "completion_tokens") } : null;
            return new ChatResponse(new ChatMessage(ChatRole.Assistant, text)) { ModelId = model, FinishReason = ChatFinishReason.Stop, Usage = usage };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
        {
            throw Unusable(string.Create(CultureInfo.InvariantCulture, $"its answer of {answer.Length} characters is not of the documented form"));
        }
    }

    private static long? Count(JsonElement usage, string name) => usage.TryGetProperty(name, out var count) && count.TryGetInt64(out var number) ? number : null;
}
