using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Records;
using Sophia.Memory.Sessions;

namespace Sophia.Api.Sessions;

/// <summary>Reads the turns that a caller appends.</summary>
internal static class SessionReader
{
    private const int MaxTurns = 100;
    private const int MaxRoleChars = 64;
    private const int MaxTokens = 10_000_000;
    private const long MaxTtlSeconds = 10L * 366 * 86400;

    public static (List<TurnDraft> Turns, TimeSpan? Ttl) Read(RequestBody bytes, RecordLimits limits)
    {
        var (document, json) = BodyObject.Parse(bytes);
        using (document)
        {
            json.Allow("turns", "ttlSeconds");
            var ttl = json.Whole("ttlSeconds", 1, MaxTtlSeconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
            if (!json.TryGet("turns", out var list) || list.ValueKind != System.Text.Json.JsonValueKind.Array || list.GetArrayLength() is 0 or > MaxTurns)
            {
                throw Refuse.Field("turns", $"It is not an array of 1 to {MaxTurns} turns.", "Send {\"turns\": [{\"role\": \"user\", \"content\": \"…\"}]}.");
            }

            var turns = new List<TurnDraft>(list.GetArrayLength());
            foreach (var element in list.EnumerateArray())
            {
                turns.Add(ReadTurn(BodyObject.Of(element, $"turns[{turns.Count}]"), limits));
            }

            return (turns, ttl);
        }
    }

    private static TurnDraft ReadTurn(BodyObject json, RecordLimits limits)
    {
        json.Allow("role", "content", "attributes", "tokens");
        var role = json.Text("role", MaxRoleChars);
        if (string.IsNullOrEmpty(role) || !DraftRules.IsWellFormed(role))
        {
            throw Refuse.Field(json.At("role"), "The turn has no role.", "Name who speaks: user, assistant, system, tool, …");
        }

        var content = json.Text("content", limits.ContentBytes) ?? throw Refuse.Field(json.At("content"), "The turn has no content.", "Give the text of the turn.");
        if (System.Text.Encoding.UTF8.GetByteCount(content) > limits.ContentBytes)
        {
            throw Refuse.Field(json.At("content"), $"It has over {limits.ContentBytes:N0} bytes.", "Split it into several turns.", 413, "too-large");
        }

        return new TurnDraft(role, content, json.RawObject("attributes", limits.AttributeBytes), (int?)json.Whole("tokens", 0, MaxTokens));
    }
}
