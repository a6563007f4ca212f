using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Sophia.Gpu.Models.Chat;

/// <summary>Reads the answers of /v1/chat/completions: {"choices":[{"message":{"content"},"finish_reason"}],"usage":{…}}, and their parts.</summary>
internal static class ChatAnswer
{
    /// <exception cref="ModelCallException">It is not such an answer.</exception>
    public static ChatResponse Read(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var choice = document.RootElement.GetProperty("choices")[0];
            var message = choice.GetProperty("message");
            return new ChatResponse(new ChatMessage(ChatRole.Assistant, Text(message, "content") ?? Text(message, "refusal") ?? ""))
            {
                FinishReason = Reason(choice), Usage = Usage(document.RootElement), ModelId = Text(document.RootElement, "model"),
            };
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            throw Unreadable();
        }
    }

    /// <summary>One event's data; null when it holds nothing that counts.</summary>
    /// <exception cref="ModelCallException">It is no part of an answer, or says that the server failed.</exception>
    public static ChatResponseUpdate? ReadPart(string data)
    {
        try
        {
            using var document = JsonDocument.Parse(data);
            var root = document.RootElement;
            if (root.TryGetProperty("error", out _))
            {
                throw new ModelCallException("it failed in the middle of its answer") { IsPassing = true };
            }

            var update = new ChatResponseUpdate { Role = ChatRole.Assistant };
            if (root.TryGetProperty("choices", out var choices) && choices.GetArrayLength() > 0)
            {
                if (choices[0].TryGetProperty("delta", out var delta) && Text(delta, "content") is { Length: > 0 } text)
                {
                    update.Contents.Add(new TextContent(text));
                }

                update.FinishReason = Reason(choices[0]);
            }

            if (Usage(root) is { } usage)
            {
                update.Contents.Add(new UsageContent(usage));
            }

            return update.Contents.Count > 0 || update.FinishReason is not null ? update : null;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Unreadable();
        }
    }

    private static ChatFinishReason? Reason(JsonElement choice) => Text(choice, "finish_reason") is { Length: > 0 and <= 64 } reason ? new ChatFinishReason(reason) : null;

    private static UsageDetails? Usage(JsonElement root) =>
        root.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object &&
        usage.TryGetProperty("prompt_tokens", out var input) && input.TryGetInt64(out var read) && read >= 0 &&
        usage.TryGetProperty("completion_tokens", out var output) && output.TryGetInt64(out var written) && written >= 0
            ? new UsageDetails { InputTokenCount = read, OutputTokenCount = written, TotalTokenCount = read + written } : null;

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static ModelCallException Unreadable() =>
        new("its answer cannot be read: it is not JSON of the form {\"choices\":[{\"message\":{\"content\"}}]}");
}
