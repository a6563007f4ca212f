namespace Sophia.Memory.Search.Dates;

/// <summary>The forms that a date has in a query, each as a match at a token.</summary>
internal sealed class DateForms(List<DateToken> tokens, DateOnly today)
{
    private const int MostUnits = 999;
    private const int FirstBareYear = 1900;
    private const int LastBareYear = 2199;

    /// <summary>The date that begins at the token, and over how many tokens it goes.</summary>
    public Match? At(int at) => at >= tokens.Count ? null
        : Numeric(at) ?? DayOfMonth(at) ?? MonthAndDay(at) ?? MonthAndYear(at) ?? Relative(at) ?? Ago(at) ?? Span(at) ?? Weekday(at) ?? Month(at) ?? BareYear(at);

    /// <summary>Where a date without a year begins, so that it comes before the one that follows: <c>May and July 2024</c>.</summary>
    public DateOnly InYearOf(Match last, Match first, int at) =>
        first.LacksYear && new DateForms(tokens, last.Range.From).At(at) is { } again && again.Length == first.Length ? again.Range.From : first.Range.From;

    internal readonly record struct Match(int Length, DayRange Range, bool LacksYear = false);

    /// <summary><c>2023-05-07</c>, <c>2023-05</c>, <c>7.5.2023</c>.</summary>
    private Match? Numeric(int at)
    {
        var (first, second, third) = (Token(at), Token(at + 1), Token(at + 2));
        if (first is { Length: 4, IsNumber: true } && second is { Gap: "-", Length: 2, IsNumber: true })
        {
            return third is { Gap: "-", Length: 2, IsNumber: true } ? Of(3, DayRange.Day(first.Number, second.Number, third.Number))
                : third.Gap == "-" ? null : Of(2, DayRange.Month(first.Number, second.Number));
        }

        return first is { Length: <= 2, IsNumber: true } && second is { Gap: ".", Length: <= 2, IsNumber: true } && third is { Gap: ".", Length: 4, IsNumber: true }
            ? Of(3, DayRange.Day(third.Number, second.Number, first.Number)) : null;
    }

    /// <summary><c>3 March 2023</c>, <c>the 3rd of March</c>, <c>7 de mayo de 2023</c>, <c>3. März</c>.</summary>
    private Match? DayOfMonth(int at)
    {
        if (Token(at) is not { IsNumber: true, Length: <= 2 } day)
        {
            return null;
        }

        var next = AfterOrdinal(at + 1);
        next += DateWords.Joining.Contains(Token(next).Text) ? 1 : 0;
        return MonthOf(next) is { } month ? WithYear(at, next + 1, month, day.Number) : null;
    }

    /// <summary><c>March 3rd</c>, <c>March 3, 2023</c>, <c>March 3-5, 2023</c>; <c>April 1-31</c> ends with the month.</summary>
    private Match? MonthAndDay(int at)
    {
        if (MonthOf(at) is not { } month || Token(at + 1) is not { IsNumber: true, Length: <= 2 } day)
        {
            return null;
        }

        var next = AfterOrdinal(at + 2);
        return Token(next) is { Gap: "-" or "–", IsNumber: true, Length: <= 2, Number: <= 31 } last && last.Number > day.Number
            ? WithYear(at, AfterOrdinal(next + 1), month, day.Number, last.Number) : WithYear(at, next, month, day.Number);
    }

    /// <summary><c>May 2023</c>, <c>mayo de 2023</c>.</summary>
    private Match? MonthAndYear(int at)
    {
        if (MonthOf(at) is not { } month)
        {
            return null;
        }

        var year = DateWords.Joining.Contains(Token(at + 1).Text) ? at + 2 : at + 1;
        return Token(year) is { IsNumber: true, Length: 4 } number ? Of(year + 1 - at, DayRange.Month(number.Number, month)) : null;
    }

    /// <summary><c>yesterday</c>, <c>last week</c>, <c>this year</c>, <c>last May</c>, <c>next Friday</c>.</summary>
    private Match? Relative(int at)
    {
        var (word, unit) = (Token(at).Text, Token(at + 1).Text);
        switch (word)
        {
            case "today" or "tonight":
                return Of(1, DayRange.Day(today));
            case "yesterday":
                return Of(1, DayRange.Day(today.AddDays(-1)));
            case "tomorrow":
                return Of(1, DayRange.Day(today.AddDays(1)));
            case "day" when unit == "before" && Token(at + 2).Text == "yesterday":
                return Of(3, DayRange.Day(today.AddDays(-2)));
            case "this" when unit is "morning" or "afternoon" or "evening":
                return Of(2, DayRange.Day(today));
            case "last" when unit is "night" or "evening":
                return Of(2, DayRange.Day(today.AddDays(-1)));
        }

        var step = word is "last" or "previous" ? -1 : word == "this" ? 0 : word == "next" ? 1 : (int?)null;
        if (step is not { } away)
        {
            return null;
        }

        var said = Shifted(unit, away);
        if (DatedWeekday(at + 1) is { } dated)
        {
            // Of last Friday, March 3, 2023 the date says the day; of next Friday, March 20 the word says the year.
            return dated.LacksYear && said is { } meant && (meant.From.Month, meant.From.Day) == (dated.Range.From.Month, dated.Range.From.Day)
                ? Of(dated.Length + 1, meant) : dated with { Length = dated.Length + 1 };
        }

        return said is { } range ? Of(2, range) : null;
    }

    private DayRange? Shifted(string unit, int step)
    {
        switch (unit)
        {
            case "week":
                return DayRange.WeekOf(today.AddDays(7 * step));
            case "weekend":
                var week = DayRange.WeekOf(today.AddDays(7 * step));
                return week with { From = week.To.AddDays(-2) };
            case "month":
                return DayRange.Month(today.AddMonths(step).Year, today.AddMonths(step).Month);
            case "year":
                return DayRange.Year(today.Year + step);
        }

        if (DateWords.Weekdays.TryGetValue(unit, out var weekday))
        {
            var back = Back(weekday);
            return step < 0 ? DayRange.Day(today.AddDays(back == 0 ? -7 : -back))
                : step > 0 ? DayRange.Day(today.AddDays(7 - back)) : DayRange.Day(DayRange.WeekOf(today).From.AddDays((weekday + 6) % 7));
        }

        if (!DateWords.Months.TryGetValue(unit, out var month) || (step == 0 && DateWords.AmbiguousMonths.Contains(unit)))
        {
            return null;
        }

        return DayRange.Month(today.Year + (step < 0 ? month < today.Month ? 0 : -1 : step > 0 && month <= today.Month ? 1 : 0), month);
    }

    /// <summary><c>two weeks ago</c>, <c>a couple of days ago</c>: days exactly, the week around, the month, the year.</summary>
    private Match? Ago(int at)
    {
        var start = at;
        at += Token(at).Text == "a" && Token(at + 1).Text == "couple" ? 1 : 0;
        if (CountOf(at) is not { } count)
        {
            return null;
        }

        var unit = at + (Token(at + 1).Text == "of" ? 2 : 1);
        if (Token(unit + 1).Text != "ago")
        {
            return null;
        }

        return Of(unit + 2 - start, Token(unit).Text switch
        {
            "day" or "days" => DayRange.Day(today.AddDays(-count)),
            "week" or "weeks" => new DayRange(today.AddDays((-7 * count) - 3), today.AddDays((-7 * count) + 4)),
            "month" or "months" => DayRange.Month(today.AddMonths(-count).Year, today.AddMonths(-count).Month),
            "year" or "years" => DayRange.Year(today.Year - count),
            _ => null,
        });
    }

    /// <summary><c>last 3 days</c>, <c>past two months</c>, <c>past week</c>: up to and with today.</summary>
    private Match? Span(int at)
    {
        if (!DateWords.Previous.Contains(Token(at).Text))
        {
            return null;
        }

        var said = CountOf(at + 1);
        var count = said ?? 1;
        DateOnly? from = Token(said is null ? at + 1 : at + 2).Text switch
        {
            "days" or "day" => today.AddDays(-count),
            "weeks" or "week" => today.AddDays(-7 * count),
            "months" or "month" => today.AddMonths(-count),
            "years" or "year" => today.AddYears(-count),
            _ => null,
        };
        return from is { } day ? Of(said is null ? 2 : 3, new DayRange(day, today.AddDays(1))) : null;
    }

    /// <summary><c>Friday</c>; of <c>Friday, March 3, 2023</c> the date says the day.</summary>
    private Match? Weekday(int at)
    {
        if (!DateWords.Weekdays.TryGetValue(Token(at).Text, out var weekday))
        {
            return null;
        }

        return DatedWeekday(at) ?? Of(1, DayRange.Day(today.AddDays(-Back(weekday))));
    }

    private Match? DatedWeekday(int at)
    {
        var next = Token(at + 1).Text == "the" ? at + 2 : at + 1;
        return DateWords.Weekdays.ContainsKey(Token(at).Text) && Token(next).Gap is " " or ", " && (Numeric(next) ?? DayOfMonth(next) ?? MonthAndDay(next)) is { } said
            ? said with { Length = next + said.Length - at } : null;
    }

    private Match? Month(int at) =>
        MonthOf(at) is { } month && (!DateWords.AmbiguousMonths.Contains(Token(at).Text) || IsIntroduced(at))
            ? Of(1, DayRange.Month(today.Year - (month > today.Month ? 1 : 0), month), lacksYear: true) : null;

    private Match? BareYear(int at) =>
        Token(at) is { IsNumber: true, Length: 4, Number: >= FirstBareYear and <= LastBareYear } year && IsIntroduced(at) && Token(at + 1) is not { Touches: true, Length: > 0 }
            ? Of(1, DayRange.Year(year.Number)) : null;

    private bool IsIntroduced(int at) =>
        at > 0 && tokens[at].Gap is " " && (DateWords.Introducing.Contains(tokens[at - 1].Text) || tokens[at - 1].Text is "year" or "jahr" or "année" or "año");

    /// <param name="lastDay">0 for one day.</param>
    private Match? WithYear(int start, int at, int month, int day, int lastDay = 0)
    {
        var year = DateWords.Joining.Contains(Token(at).Text) ? at + 1 : at;
        if (Token(year) is { IsNumber: true, Length: 4 } said)
        {
            return Of(year + 1 - start, Days(said.Number, month, day, lastDay));
        }

        // The latest such day, which for 29 February may be years back.
        for (var back = 0; back <= 8; back++)
        {
            if (Days(today.Year - back, month, day, lastDay) is { } range && range.From <= today)
            {
                return Of(at - start, range, lacksYear: true);
            }
        }

        return null;
    }

    private static DayRange? Days(int year, int month, int day, int lastDay) =>
        DayRange.Day(year, month, day) is not { } first ? null
        : lastDay == 0 ? first
        : first with { To = new DateOnly(year, month, Math.Min(lastDay, DateTime.DaysInMonth(year, month))).AddDays(1) };

    private int AfterOrdinal(int at) => Token(at) is { Touches: true } suffix && DateWords.Ordinals.Contains(suffix.Text) ? at + 1 : at;

    /// <summary>Days since that weekday, 0 when it is today.</summary>
    private int Back(int weekday) => ((int)today.DayOfWeek - weekday + 7) % 7;

    private int? MonthOf(int at) => DateWords.Months.TryGetValue(Token(at).Text, out var month) ? month : null;

    private int? CountOf(int at) =>
        Token(at) is { Number: > 0 and <= MostUnits } number ? number.Number : DateWords.Counts.TryGetValue(Token(at).Text, out var count) ? count : null;

    private DateToken Token(int at) => at < tokens.Count ? tokens[at] : new DateToken("", 0, 0, -1, "");

    private static Match? Of(int length, DayRange? range, bool lacksYear = false) => range is { } found ? new Match(length, found, lacksYear) : null;
}
