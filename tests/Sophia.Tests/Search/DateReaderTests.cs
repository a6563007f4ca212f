using System.Globalization;
using CsCheck;
using Sophia.Memory.Search.Dates;

namespace Sophia.Tests.Search;

/// <summary>What queries say of dates, on Wednesday 18 March 2026.</summary>
public sealed class DateReaderTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 18, 15, 30, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("what did we say today", "today", "2026-03-18", "2026-03-19")]
    [InlineData("Yesterday's meeting", "Yesterday", "2026-03-17", "2026-03-18")]
    [InlineData("the day before yesterday", "day before yesterday", "2026-03-16", "2026-03-17")]
    [InlineData("dinner last night", "last night", "2026-03-17", "2026-03-18")]
    [InlineData("last week", "last week", "2026-03-09", "2026-03-16")]
    [InlineData("this week", "this week", "2026-03-16", "2026-03-23")]
    [InlineData("last weekend", "last weekend", "2026-03-14", "2026-03-16")]
    [InlineData("last month", "last month", "2026-02-01", "2026-03-01")]
    [InlineData("next year", "next year", "2027-01-01", "2028-01-01")]
    [InlineData("Where did Ann go last May?", "last May", "2025-05-01", "2025-06-01")]
    [InlineData("last March", "last March", "2025-03-01", "2025-04-01")]
    [InlineData("last February", "last February", "2026-02-01", "2026-03-01")]
    [InlineData("next May", "next May", "2026-05-01", "2026-06-01")]
    [InlineData("in May", "May", "2025-05-01", "2025-06-01")]
    [InlineData("in march", "march", "2026-03-01", "2026-04-01")]
    [InlineData("sales in 2023", "2023", "2023-01-01", "2024-01-01")]
    [InlineData("trip in May 2023", "May 2023", "2023-05-01", "2023-06-01")]
    [InlineData("March 3rd", "March 3rd", "2026-03-03", "2026-03-04")]
    [InlineData("the 3rd of March", "3rd of March", "2026-03-03", "2026-03-04")]
    [InlineData("March 30", "March 30", "2025-03-30", "2025-03-31")]
    [InlineData("on March 3, 2021", "March 3, 2021", "2021-03-03", "2021-03-04")]
    [InlineData("3 March 2021", "3 March 2021", "2021-03-03", "2021-03-04")]
    [InlineData("February 29", "February 29", "2024-02-29", "2024-03-01")]
    [InlineData("February 30", "February", "2026-02-01", "2026-03-01")]
    [InlineData("two weeks ago", "two weeks ago", "2026-03-01", "2026-03-08")]
    [InlineData("3 days ago", "3 days ago", "2026-03-15", "2026-03-16")]
    [InlineData("a couple of months ago", "a couple of months ago", "2026-01-01", "2026-02-01")]
    [InlineData("a year ago", "a year ago", "2025-01-01", "2026-01-01")]
    [InlineData("in the last 3 days", "last 3 days", "2026-03-15", "2026-03-19")]
    [InlineData("the past week", "past week", "2026-03-11", "2026-03-19")]
    [InlineData("on Monday", "Monday", "2026-03-16", "2026-03-17")]
    [InlineData("last Wednesday", "last Wednesday", "2026-03-11", "2026-03-12")]
    [InlineData("next Friday", "next Friday", "2026-03-20", "2026-03-21")]
    [InlineData("since Monday", "since Monday", "2026-03-16", null)]
    [InlineData("after 2024-05-07", "after 2024-05-07", "2024-05-08", null)]
    [InlineData("before 2023", "before 2023", null, "2023-01-01")]
    [InlineData("until last May", "until last May", null, "2025-06-01")]
    [InlineData("between May and July 2024", "between May and July 2024", "2024-05-01", "2024-08-01")]
    [InlineData("between November and February 2024", "between November and February 2024", "2023-11-01", "2024-03-01")]
    [InlineData("between May 2024 and July 2024", "between May 2024 and July 2024", "2024-05-01", "2024-08-01")]
    [InlineData("between March 3 and March 10, 2023", "between March 3 and March 10, 2023", "2023-03-03", "2023-03-11")]
    [InlineData("from December 20 to January 5, 2023", "from December 20 to January 5, 2023", "2022-12-20", "2023-01-06")]
    [InlineData("between last May and today", "between last May and today", "2025-05-01", "2026-03-19")]
    [InlineData("on Friday, March 3, 2023", "Friday, March 3, 2023", "2023-03-03", "2023-03-04")]
    [InlineData("on Friday, 2023-03-03", "Friday, 2023-03-03", "2023-03-03", "2023-03-04")]
    [InlineData("on Friday 3.3.2023", "Friday 3.3.2023", "2023-03-03", "2023-03-04")]
    [InlineData("next Friday, March 20", "next Friday, March 20", "2026-03-20", "2026-03-21")]
    [InlineData("last Friday, March 3, 2023", "last Friday, March 3, 2023", "2023-03-03", "2023-03-04")]
    [InlineData("April 1-31, 2023", "April 1-31, 2023", "2023-04-01", "2023-05-01")]
    [InlineData("February 2-30", "February 2-30", "2026-02-02", "2026-03-01")]
    [InlineData("April 1-32", "April 1", "2025-04-01", "2025-04-02")]
    [InlineData("Friday the 3rd of March 2023", "Friday the 3rd of March 2023", "2023-03-03", "2023-03-04")]
    [InlineData("between Friday, March 3 and Monday, March 13, 2023", "between Friday, March 3 and Monday, March 13, 2023", "2023-03-03", "2023-03-14")]
    [InlineData("May 3-5, 2023", "May 3-5, 2023", "2023-05-03", "2023-05-06")]
    [InlineData("May 3rd–5th", "May 3rd–5th", "2025-05-03", "2025-05-06")]
    [InlineData("in apr", "apr", "2025-04-01", "2025-05-01")]
    [InlineData("from 2024-05-07 to 2024-05-09", "from 2024-05-07 to 2024-05-09", "2024-05-07", "2024-05-10")]
    [InlineData("log of 2024-05-07T10:00", "2024-05-07", "2024-05-07", "2024-05-08")]
    [InlineData("2024-05", "2024-05", "2024-05-01", "2024-06-01")]
    [InlineData("am 7.5.2023", "7.5.2023", "2023-05-07", "2023-05-08")]
    [InlineData("am 3. März", "3. März", "2026-03-03", "2026-03-04")]
    [InlineData("im Oktober 2022", "Oktober 2022", "2022-10-01", "2022-11-01")]
    [InlineData("le 14 juillet 2022", "14 juillet 2022", "2022-07-14", "2022-07-15")]
    [InlineData("el 7 de mayo de 2023", "7 de mayo de 2023", "2023-05-07", "2023-05-08")]
    public void A_date_is_read_with_the_words_that_say_it(string query, string text, string? from, string? to)
    {
        var mention = Assert.Single(DateReader.Read(query, Now));

        Assert.Equal(text, mention.Text);
        Assert.Equal(At(from, DateTimeOffset.MinValue), mention.From);
        Assert.Equal(At(to, DateTimeOffset.MaxValue), mention.To);
    }

    [Theory]
    [InlineData("it may rain")]
    [InlineData("this may be wrong")]
    [InlineData("they march on")]
    [InlineData("April likes tea")]
    [InlineData("What APR has the loan")]
    [InlineData("who likes mayo")]
    [InlineData("room 2023")]
    [InlineData("version 10.0.2023.1x")]
    [InlineData("call 1234-56-7890")]
    [InlineData("2023-13-45")]
    [InlineData("an hour ago")]
    [InlineData("99999 years ago")]
    [InlineData("a man walked")]
    [InlineData("")]
    [InlineData(null)]
    public void What_is_no_date_is_read_as_none(string? query) => Assert.Empty(DateReader.Read(query, Now));

    [Fact]
    public void Several_dates_are_read_in_their_order()
    {
        var found = DateReader.Read("what changed in 2021, last May and yesterday?", Now);

        Assert.Equal(["2021", "last May", "yesterday"], found.Select(mention => mention.Text));
    }

    [Fact]
    public void Any_text_is_read_without_failing_into_times_that_have_a_length_and_words_that_stand_in_it()
    {
        string[] words =
        [
            "last", "next", "this", "past", "between", "and", "from", "to", "since", "before", "after", "until", "in", "of", "the", "a", "couple", "two", "week",
            "weeks", "months", "years", "days", "ago", "May", "march", "february", "29", "31", "3", "rd", "1000", "9000", "9999", "0000", "2023", "999", "Monday",
            "-", ".", "2024-02-30", "2024-05", "é", "😀", "Ⅻ", "٣",
        ];
        Gen.Int[0, words.Length - 1].Array[0, 14].Select(Gen.Bool, Gen.OneOf(Gen.Const(Now), Gen.DateTimeOffset)).Sample((chosen, spaced, now) =>
        {
            var query = string.Join(spaced ? " " : "", chosen.Select(i => words[i]));
            foreach (var mention in DateReader.Read(query, now))
            {
                Assert.True(mention.From < mention.To, query);
                Assert.Contains(mention.Text, query, StringComparison.Ordinal);
            }
        });
    }

    private static DateTimeOffset At(string? day, DateTimeOffset open) =>
        day is null ? open : new DateTimeOffset(DateOnly.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture), TimeOnly.MinValue, TimeSpan.Zero);
}
