namespace Sophia.Memory.Search.Dates;

/// <summary>
/// Finds what a query says of dates: <c>yesterday</c>, <c>last May</c>, <c>in 2023</c>, <c>March 3rd</c>, <c>two weeks
/// ago</c>, <c>since Monday</c>, <c>2023-05-07</c>. Days are those of UTC.
/// <list type="number">
/// <item>The text is cut into words and numbers; at each, the longest form that begins there is taken.</item>
/// <item>What is not said is taken from the past, of which memories are: <c>May</c> is the latest May that has begun,
/// <c>Friday</c> the latest Friday, <c>last May</c> the latest that is over, <c>last week</c> the week before this, from Monday.</item>
/// <item><c>since</c>, <c>after</c>, <c>before</c>, <c>until</c> make a date the end of an open time, <c>between … and …</c>
/// and <c>from … to …</c> make one time of two.</item>
/// <item>A number alone is no year, and a month that is also another word (<c>may</c>, <c>March</c>, <c>June</c>) is a month
/// only behind such as <c>in</c> and <c>last</c>, or with a day or a year.</item>
/// </list>
/// </summary>
public static class DateReader
{
    /// <summary>Of a query that speaks of more dates, the first count.</summary>
    public const int MostMentions = 8;
    private const int MostTokens = 512;

    /// <summary>The dates of a query, in its order.</summary>
    /// <param name="now">What <c>today</c> is.</param>
    public static IReadOnlyList<DateMention> Read(string? query, DateTimeOffset now)
    {
        // At the ends of time there is no room for what lies before or behind.
        if (string.IsNullOrEmpty(query) || now.UtcDateTime.Year is < DayRange.EarliestYear or > DayRange.LatestYear)
        {
            return [];
        }

        var tokens = DateToken.Read(query, MostTokens);
        var forms = new DateForms(tokens, DateOnly.FromDateTime(now.UtcDateTime));
        List<DateMention>? mentions = null;
        for (var at = 0; at < tokens.Count && (mentions?.Count ?? 0) < MostMentions;)
        {
            if (Mention(tokens, forms, at) is not { } found)
            {
                at++;
                continue;
            }

            var text = query[tokens[at].Start..tokens[at + found.Length - 1].End];
            (mentions ??= []).Add(new DateMention(text, found.From, found.To));
            at += found.Length;
        }

        return mentions ?? [];
    }

    private static (int Length, DateTimeOffset From, DateTimeOffset To)? Mention(List<DateToken> tokens, DateForms forms, int at)
    {
        var word = tokens[at].Text;
        if (word is "between" or "from" && forms.At(at + 1) is { } first && at + 1 + first.Length is var middle && middle < tokens.Count &&
            (tokens[middle].Text == (word == "between" ? "and" : "to") || (word == "from" && tokens[middle].Text is "until" or "till")) &&
            forms.At(middle + 1) is { } last && forms.InYearOf(last, first, at + 1) is var from && last.Range.To > from)
        {
            return (middle + 1 + last.Length - at, Start(from), Start(last.Range.To));
        }

        if (word is "since" or "after" or "before" or "until" or "till" or "seit" or "depuis" or "desde" && forms.At(at + 1) is { } bound)
        {
            var length = bound.Length + 1;
            return word switch
            {
                "after" => (length, Start(bound.Range.To), DateTimeOffset.MaxValue),
                "before" => (length, DateTimeOffset.MinValue, Start(bound.Range.From)),
                "until" or "till" => (length, DateTimeOffset.MinValue, Start(bound.Range.To)),
                _ => (length, Start(bound.Range.From), DateTimeOffset.MaxValue),
            };
        }

        return forms.At(at) is { } found ? (found.Length, Start(found.Range.From), Start(found.Range.To)) : null;
    }

    private static DateTimeOffset Start(DateOnly day) => new(day, TimeOnly.MinValue, TimeSpan.Zero);
}
