using System.Text.Json;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Cortex;

namespace Sophia.Api.Cortex;

/// <summary>Reads the body of a completion: a prompt or messages, and what changes the answer.</summary>
internal static class CompletionReader
{
    public const int MaxBodyBytes = 4 << 20;
    public const int MaxTextChars = 1 << 20;
    private const int MaxMessages = 256;
    private const int MaxStops = 4;

    public static CompletionRequest Read(BodyObject json)
    {
        var messages = Messages(json);
        if (messages.Count == 0 || messages[^1].Role != ChatRoleName.User || string.IsNullOrWhiteSpace(messages[^1].Text))
        {
            throw Refuse.Field(messages.Count == 0 ? "prompt" : "messages", "The last message is the user's, and not empty.", "Send prompt, or messages that end with one of role user.");
        }

        return new CompletionRequest
        {
            Model = json.Text("model", 64), Messages = messages, Temperature = Number(json, "temperature", 0, 2), TopP = Number(json, "topP", 0, 1),
            MaxTokens = (int?)json.Whole("maxTokens", 1, 1_000_000), Seed = json.Whole("seed", long.MinValue, long.MaxValue),
            Stop = json.Texts("stop", MaxStops, 256), Cache = CacheOf(json.Text("cache", 16)),
        };
    }

    public static CacheUse CacheOf(string? word) => word switch
    {
        null or "near" => CacheUse.Near,
        "exact" => CacheUse.Exact,
        "refresh" => CacheUse.Refresh,
        "off" => CacheUse.Off,
        _ => throw Refuse.Field("cache", "It is not near, exact, refresh or off.", "Leave it out for near."),
    };

    private static List<PromptMessage> Messages(BodyObject json)
    {
        var messages = new List<PromptMessage>();
        if (json.TryGet("messages", out var list))
        {
            BodyObject.Require(list, JsonValueKind.Array, "messages");
            if (list.GetArrayLength() > MaxMessages)
            {
                throw Refuse.Field("messages", $"It has {list.GetArrayLength():N0} items, the limit is {MaxMessages}.", "Send fewer.");
            }

            for (var i = 0; i < list.GetArrayLength(); i++)
            {
                var message = BodyObject.Of(list[i], $"messages[{i}]");
                message.Allow("role", "content");
                messages.Add(new PromptMessage(RoleOf(message), message.Text("content", MaxTextChars) ?? throw Refuse.Field(message.At("content"), "It is missing.", "Send a text.")));
            }
        }

        if (json.Text("system", MaxTextChars) is { } system)
        {
            messages.Insert(0, new PromptMessage(ChatRoleName.System, system));
        }

        if (json.Text("prompt", MaxTextChars) is { } prompt)
        {
            messages.Add(new PromptMessage(ChatRoleName.User, prompt));
        }

        return messages;
    }

    private static ChatRoleName RoleOf(BodyObject message) => message.Text("role", 16) switch
    {
        "system" => ChatRoleName.System,
        "user" => ChatRoleName.User,
        "assistant" => ChatRoleName.Assistant,
        _ => throw Refuse.Field(message.At("role"), "It is not system, user or assistant.", "Send one of these."),
    };

    private static double? Number(BodyObject json, string name, double min, double max)
    {
        if (!json.TryGet(name, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= min && number <= max
            ? number
            : throw Refuse.Field(json.At(name), $"It is not a number from {min} to {max}.", "Send a number in this range, or leave it out.");
    }
}
