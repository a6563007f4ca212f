using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>
/// What the records around a record lend it. A turn such as "Yes, next Friday!" has no word of the question that it
/// answers; the turns around it have.
/// <list type="number">
/// <item>A turn gains by its window, the turns up to <see cref="WindowReach"/> before and behind with itself, scored as one
/// text (BM25) as a share of the best window's.</item>
/// <item>It gains besides by how well its conversation as a whole does: the cube root of the sum of the cubes of its turns'
/// own scores (between their sum and their maximum), as a share of the best conversation's.</item>
/// <item>A turn where only vectors are asked for is lent a share of the own score of each neighbour within <see cref="Reach"/>
/// rows, less by <see cref="Decay"/> a row.</item>
/// </list>
/// Sections of documents are lent nothing: they are long, and say themselves what they are about; what their neighbours lent
/// them cost recall where it was measured. The shares of a turn, with <see cref="Telling.StatementWeight"/>, add up to one, so that it competes
/// fairly with records that stand alone; where only vectors are asked for, that part's share goes to the others.
/// Only records that pass the filter lend. The weights were chosen on half of the conversations of one public set;
/// bench/run.sh quality measures them on the other half and on another set.
/// </summary>
internal static class Surroundings
{
    /// <summary>Rows before and behind whose own scores count.</summary>
    public const int Reach = 5;

    /// <summary>Turns before and behind that make a window.</summary>
    public const int WindowReach = 2;

    /// <summary>How much the length of a window counts against it.</summary>
    public const double WindowB = 0.5;

    /// <summary>How much the length of a turn counts against it: less than in documents, where it tells padding.</summary>
    public const double TurnB = 0.4;

    public const string PartName = "neighbour";

    private const double OwnShare = 0.37;
    private const double WindowShare = 0.29;
    private const double ConversationShare = 0.18;
    private const double TurnShare = 0.07;
    private const double Decay = 0.8;

    /// <summary>Adds the part to every candidate that gains by it.</summary>
    /// <param name="best">The best own score of all.</param>
    /// <param name="hasWindows">The candidates' windows are scored: the query has words.</param>
    public static void Lend(Conversations conversations, List<Candidate> candidates, double best, bool hasWindows)
    {
        var ownScores = new Dictionary<int, double>(candidates.Count);
        var sums = new Dictionary<int, double>();
        double bestWindow = 0;
        foreach (var candidate in candidates)
        {
            ownScores[candidate.Row] = Math.Max(candidate.OwnScore, 0);
            bestWindow = Math.Max(bestWindow, candidate.Window);
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

        var all = hasWindows ? 1 : 1 - Telling.StatementWeight;
        foreach (var candidate in candidates)
        {
            var isTurn = conversations.IsTurn(candidate.Row);
            var lent = isTurn && !hasWindows ? FromNeighbours(conversations, ownScores, candidate.Row, TurnShare / all) : 0;
            if (isTurn)
            {
                candidate.Shrink(OwnShare / all);
            }

            if (candidate.Window > 0)
            {
                lent += WindowShare * best * candidate.Window / bestWindow;
            }

            if (isTurn && sums.TryGetValue(conversations.GroupOf(candidate.Row), out var own))
            {
                lent += ConversationShare / all * best * Math.Cbrt(own / most);
            }

            if (lent > 0)
            {
                candidate.Add(new ScorePart(PartName, lent, 0, lent));
            }
        }
    }

    private static double FromNeighbours(Conversations conversations, Dictionary<int, double> ownScores, int row, double weight)
    {
        var rows = conversations.Around(row, out var at);
        double lent = 0;
        for (var distance = 1; distance <= Reach; distance++, weight *= Decay)
        {
            lent += weight * (Own(at - distance, rows) + Own(at + distance, rows));
        }

        return lent;

        double Own(int place, ReadOnlySpan<Conversations.Entry> entries) =>
            (uint)place < (uint)entries.Length ? ownScores.GetValueOrDefault(entries[place].Row) : 0;
    }
}
