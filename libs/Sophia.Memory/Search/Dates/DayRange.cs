namespace Sophia.Memory.Search.Dates;

/// <summary>Whole days.</summary>
/// <param name="From">Inclusive.</param>
/// <param name="To">Exclusive.</param>
internal readonly record struct DayRange(DateOnly From, DateOnly To)
{
    internal const int EarliestYear = 1000;
    internal const int LatestYear = 9000;

    public static DayRange Day(DateOnly day) => new(day, day.AddDays(1));

    /// <summary>Monday to Sunday.</summary>
    public static DayRange WeekOf(DateOnly day)
    {
        var monday = day.AddDays(-(((int)day.DayOfWeek + 6) % 7));
        return new DayRange(monday, monday.AddDays(7));
    }

    public static DayRange? Month(int year, int month) =>
        year is < EarliestYear or > LatestYear || month is < 1 or > 12 ? null
        : new DayRange(new DateOnly(year, month, 1), new DateOnly(year, month, 1).AddMonths(1));

    public static DayRange? Year(int year) =>
        year is < EarliestYear or > LatestYear ? null : new DayRange(new DateOnly(year, 1, 1), new DateOnly(year + 1, 1, 1));

    /// <summary>Null where there is no such day.</summary>
    public static DayRange? Day(int year, int month, int day) =>
        Month(year, month) is null || day < 1 || day > DateTime.DaysInMonth(year, month) ? null : Day(new DateOnly(year, month, day));
}
