using Sophia.Memory.Hierarchy;
using Sophia.Memory.Tiers;

namespace Sophia.Api.Answering;

/// <summary>The headers that say how an answer came about.</summary>
internal static class AnswerHeaders
{
    public static void Set(IHeaderDictionary headers, Trail trail, long start)
    {
        headers[HeaderNames.ServerTiming] = TimingHeader.Of(trail, start);
        if (trail.ServedBy is { } tier)
        {
            headers[HeaderNames.ServedBy] = NameOf(tier);
        }

        if (trail.IsStale)
        {
            headers[HeaderNames.Stale] = "true";
            headers.Warning = "110 sophia \"Response is Stale\"";
        }
    }

    public static string NameOf(Tier tier) => tier switch
    {
        Tier.L0 => "L0",
        Tier.L1 => "L1",
        Tier.L2 => "L2",
        Tier.L3 => "L3",
        Tier.L4 => "L4",
        _ => "L5",
    };
}
