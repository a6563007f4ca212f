using System.Collections.Frozen;

namespace Sophia.Gpu.Text;

/// <summary>
/// English words that say little on their own. They are indexed like others; a query leaves them out as long as it has
/// other words, so that "to be or not to be" can still be found.
/// </summary>
internal static class EnglishStopWords
{
    private static readonly FrozenSet<string> Words = (
        "a about above after again against all am an and any are arent as at be because been before being below between both but by " +
        "can cant cannot could couldnt did didnt do does doesnt doing dont down during each few for from further had hadnt has hasnt " +
        "have havent having he hed her here hers herself him himself his how i id if im in into is isnt it its itself ive just me more " +
        "most my myself no nor not now of off on once only or other our ours ourselves out over own same she should shouldnt so " +
        "some such than that the their theirs them themselves then there these they theyre this those through to too under until up " +
        "very was wasnt we were werent what when where which while who whom why will with wont would wouldnt you youd youre your " +
        "yours yourself yourselves").Split(' ').ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Lookup =
        Words.GetAlternateLookup<ReadOnlySpan<char>>();

    public static bool Contains(ReadOnlySpan<char> word) => Lookup.Contains(word);
}
