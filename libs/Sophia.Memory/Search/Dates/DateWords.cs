using System.Collections.Frozen;

namespace Sophia.Memory.Search.Dates;

/// <summary>The words by which queries speak of dates, in lower case.</summary>
internal static class DateWords
{
    /// <summary>English, German, French and Spanish month names, 1–12.</summary>
    public static readonly FrozenDictionary<string, int> Months = Numbered(
    [
        "january jan januar jänner janvier enero",
        "february feb februar février fevrier febrero",
        "march mar märz maerz mars marzo",
        "april apr avril abril",
        "may mai mayo",
        "june jun juni juin junio",
        "july jul juli juillet julio",
        "august aug août aout agosto",
        "september sep sept septembre septiembre setiembre",
        "october oct oktober octobre octubre",
        "november nov novembre noviembre",
        "december dec dezember décembre decembre diciembre",
    ]);

    /// <summary>Months that are also other words or people's names: alone they are no dates.</summary>
    public static readonly FrozenSet<string> AmbiguousMonths = Set("may mayo march mar mars april apr avril june jan mai august jun jul sep oct nov dec agosto abril julio");

    /// <summary>0 for Sunday, as <see cref="DayOfWeek"/> has it.</summary>
    public static readonly FrozenDictionary<string, int> Weekdays = Numbered(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
        .ToFrozenDictionary(static pair => pair.Key, static pair => pair.Value % 7, StringComparer.Ordinal);

    public static readonly FrozenDictionary<string, int> Counts = Numbered(
        ["one a an", "two couple", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]);

    /// <summary>Words behind which a month or a year is one.</summary>
    public static readonly FrozenSet<string> Introducing = Set("in during since until till before after by of from to between and early late mid im seit en du de depuis desde last next past previous");

    public static readonly FrozenSet<string> Previous = Set("last past previous");

    /// <summary>Between a day, its month and its year.</summary>
    public static readonly FrozenSet<string> Joining = Set("of de del the");

    public static readonly FrozenSet<string> Ordinals = Set("st nd rd th er");

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);

    private static FrozenDictionary<string, int> Numbered(string[] lines)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < lines.Length; i++)
        {
            foreach (var word in lines[i].Split(' '))
            {
                numbers.Add(word, i + 1);
            }
        }

        return numbers.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
