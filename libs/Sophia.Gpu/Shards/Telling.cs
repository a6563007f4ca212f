using Sophia.Gpu.Text;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Shards;

/// <summary>
/// How much a turn of a conversation tells, and whether it has what the query asks for.
/// <list type="number">
/// <item>Who searches what was said wants what somebody told, most of all of themselves ("I moved to Lisbon"), rather than the question
/// that it answers, which has the same words ("Did you move to Lisbon?"). A question that speaks of who asks it tells too ("I moved to Lisbon,
/// have you been?"): it lost recall where it was taken for one that does not. Of the thirty best turns of two public sets, 0.88 and 0.92 of
/// the marked ones speak of who says them, and 0.61 and 0.67 of the others.</item>
/// <item>A query that asks when, how many or where is answered by a turn that names a time, a number or a place.</item>
/// </list>
/// The weights were chosen on half of the conversations of both sets, and two made milder for a third, of meetings, of which whole passages
/// are marked with the questions in them; bench/run.sh quality measures them on the other halves.
/// </summary>
internal sealed class Telling
{
    /// <summary>The share of the best own score that a turn gains which speaks of who says it, in the past.</summary>
    public const double StatementWeight = 0.16;

    public const string StatementName = "statement";
    public const string AnswerName = "answer";

    private const double AnswerWeight = 0.15;
    private const double OfSelfShare = 0.75;
    private const double OfOthersShare = 0.55;
    private const double OfPastShare = 0.25;

    private readonly TurnTraits _asked;
    private readonly bool _wantsQuestions;

    public Telling(string query, TextAnalyzer analyzer) => _asked = TurnReader.AskedFor(query, analyzer, out _wantsQuestions);

    /// <param name="traits">Of the candidate, which is a turn.</param>
    /// <param name="best">The best own score of all.</param>
    public void AddTo(Candidate candidate, TurnTraits traits, double best)
    {
        if (!_wantsQuestions && ShareOf(traits) is > 0 and var share)
        {
            candidate.Add(new ScorePart(StatementName, share, 0, StatementWeight * best * share));
        }

        if ((traits & _asked) != 0)
        {
            candidate.Add(new ScorePart(AnswerName, 1, 0, AnswerWeight * best));
        }
    }

    private static double ShareOf(TurnTraits traits)
    {
        if (!traits.HasFlag(TurnTraits.Tells) || (traits & (TurnTraits.Asks | TurnTraits.OfSelf)) == TurnTraits.Asks)
        {
            return 0;
        }

        return (traits.HasFlag(TurnTraits.OfSelf) ? OfSelfShare : OfOthersShare) + (traits.HasFlag(TurnTraits.OfPast) ? OfPastShare : 0);
    }
}
