using Sophia.Memory.Stores;

namespace Sophia.Memory.Cortex;

/// <summary>What a set of ledger rows comes to.</summary>
/// <param name="Calls">Calls that were paid for, failed ones among them.</param>
/// <param name="Failed">Calls that failed.</param>
/// <param name="Hits">Calls avoided because the same was asked before.</param>
/// <param name="NearHits">Calls avoided because something near was asked before.</param>
/// <param name="Joined">Calls avoided because the same was being asked.</param>
public sealed record LedgerSummary(
    long Calls, long Failed, long Hits, long NearHits, long Joined, long InputTokens, long OutputTokens, Cost Spent, Cost Avoided, TimeSpan ModelTime)
{
    public long CallsAvoided => Hits + NearHits + Joined;

    /// <summary>The part of the calls that did not have to be made, 0–1; null when nothing was asked.</summary>
    public double? ShareAvoided => Calls + CallsAvoided == 0 ? null : (double)CallsAvoided / (Calls + CallsAvoided);

    /// <summary>The part of the cost that was saved, 0–1; null when nothing had a price.</summary>
    public double? ShareSaved => Spent.NanoDollars + Avoided.NanoDollars == 0 ? null : (double)Avoided.NanoDollars / (Spent.NanoDollars + Avoided.NanoDollars);

    public static LedgerSummary Of(IEnumerable<LedgerRow> rows)
    {
        long calls = 0, failed = 0, hits = 0, near = 0, joined = 0, input = 0, output = 0, latencyUs = 0;
        Cost spent = default, avoided = default;
        foreach (var row in rows)
        {
            switch ((CallOutcome)row.Outcome)
            {
                case CallOutcome.Hit: hits += row.Calls; break;
                case CallOutcome.NearHit: near += row.Calls; break;
                case CallOutcome.Joined: joined += row.Calls; break;
                case CallOutcome.Failed: (calls, failed) = (calls + row.Calls, failed + row.Calls); break;
                default: calls += row.Calls; break;
            }

            if ((CallOutcome)row.Outcome is CallOutcome.Called or CallOutcome.Failed)
            {
                (input, output, latencyUs) = (input + row.InputTokens, output + row.OutputTokens, latencyUs + row.LatencyUs);
                spent = new Cost(spent.NanoDollars + row.NanoDollars, spent.NanoCredits + row.NanoCredits);
            }
            else
            {
                avoided = new Cost(avoided.NanoDollars + row.NanoDollars, avoided.NanoCredits + row.NanoCredits);
            }
        }

        return new LedgerSummary(calls, failed, hits, near, joined, input, output, spent, avoided, TimeSpan.FromMicroseconds(latencyUs));
    }
}
