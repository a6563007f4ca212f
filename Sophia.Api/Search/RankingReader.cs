using System.Text.Json;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Search;

namespace Sophia.Api.Search;

/// <summary>What a search says about its order: <c>recency</c>, <c>importance</c>, <c>diversity</c>.</summary>
internal static class RankingReader
{
    /// <summary>A hundred years: beyond them age makes no difference that a score could show.</summary>
    private const double MaxHalfLifeDays = 36_500;

    public static Recency? Recency(BodyObject json)
    {
        if (json.Object("recency") is not { } recency)
        {
            return null;
        }

        recency.Allow("weight", "halfLifeDays");
        var weight = Share(recency, "weight") ?? throw Refuse.Field(recency.At("weight"), "It is missing.", "Say from 0 to 1 how much age counts.");
        var days = Number(recency, "halfLifeDays") ?? throw Refuse.Field(recency.At("halfLifeDays"), "It is missing.", "Say after how many days it counts half.");
        return days is > 0 and <= MaxHalfLifeDays && TimeSpan.FromDays(days) > TimeSpan.Zero
            ? new Recency(weight, TimeSpan.FromDays(days))
            : throw Refuse.Field(recency.At("halfLifeDays"), $"It is not above 0 and at most {MaxHalfLifeDays:N0}.", "Send a number of days, such as 30.");
    }

    /// <summary>A number from 0 to 1; null when it is absent.</summary>
    public static double? Share(BodyObject json, string name) => Number(json, name) switch
    {
        null => null,
        >= 0 and <= 1 and var share => share,
        _ => throw Refuse.Field(json.At(name), "It is not a number from 0 to 1.", "Send 0 to leave it out, 1 for the most."),
    };

    public static bool Folds(BodyObject json) => json.Text("diversity", 16) switch
    {
        null or "fold" => true,
        "off" => false,
        _ => throw Refuse.Field("diversity", "It is not fold or off.", "Leave it out to fold near-duplicates."),
    };

    private static double? Number(BodyObject json, string name) =>
        !json.TryGet(name, out var value) ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) ? number
        : throw Refuse.Field(json.At(name), "It is not a number.", "Send it without quotes.");
}
