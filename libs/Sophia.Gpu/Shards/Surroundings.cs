using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>
/// What the records around a record lend it. A turn such as "Yes, next Friday!" has no word of the question that it
/// answers; the turns around it have.
/// <list type="number">
/// <item>Of the neighbours within <see cref="Reach"/> rows each lends a share of its own score, less by
/// <see cref="Decay"/> a row.</item>
/// <item>A turn gains besides by how well its conversation as a whole does: the cube root of the sum of the cubes of its
/// turns' own scores (between their sum and their maximum), as a share of the best conversation's.</item>
/// </list>
/// Only records that pass the filter lend. The weights were chosen on half of the conversations of two public sets;
/// bench/run.sh quality measures them on the other half too.
/// </summary>
internal static class Surroundings
{
    /// <summary>Rows before and behind.</summary>
    public const int Reach = 5;

    public const string PartName = "neighbour";

    private const double TurnShare = 0.2;
    private const double SectionShare = 0.1;
    private const double Decay = 0.8;
    private const double ConversationShare = 0.5;

    /// <summary>Adds the part to every candidate that gains by it.</summary>
    /// <param name="best">The best own score of all.</param>
    public static void Lend(Conversations conversations, List<Candidate> candidates, double best)
    {
        var byRow = new Dictionary<int, Candidate>(candidates.Count);
        var sums = new Dictionary<int, double>();
        foreach (var candidate in candidates)
        {
            byRow[candidate.Row] = candidate;
            if (candidate.OwnScore > 0 && conversations.IsTurn(candidate.Row))
            {
                var group = conversations.GroupOf(candidate.Row);
                sums[group] = sums.GetValueOrDefault(group) + Math.Pow(candidate.OwnScore / best, 3);
            }
        }

        double most = 0;
        foreach (var sum in sums.Values)
        {
            most = Math.Max(most, sum);
        }

        foreach (var candidate in candidates)
        {
            var lent = FromNeighbours(conversations, byRow, candidate.Row);
            if (most > 0 && conversations.IsTurn(candidate.Row) &&
                sums.TryGetValue(conversations.GroupOf(candidate.Row), out var own))
            {
                lent += ConversationShare * best * Math.Cbrt(own / most);
            }

            if (lent > 0)
            {
                candidate.Factors.Add(new ScorePart(PartName, lent, 0, lent));
            }
        }
    }

    private static double FromNeighbours(Conversations conversations, Dictionary<int, Candidate> byRow, int row)
    {
        var rows = conversations.Around(row, out var at);
        var weight = conversations.IsTurn(row) ? TurnShare : SectionShare;
        double lent = 0;
        for (var distance = 1; distance <= Reach; distance++, weight *= Decay)
        {
            lent += weight * (Own(at - distance, rows) + Own(at + distance, rows));
        }

        return lent;

        double Own(int place, ReadOnlySpan<Conversations.Entry> entries) =>
            (uint)place < (uint)entries.Length && byRow.TryGetValue(entries[place].Row, out var other) ? Math.Max(other.OwnScore, 0) : 0;
    }
}
