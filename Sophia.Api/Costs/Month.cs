using System.Globalization;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Cortex;

namespace Sophia.Api.Costs;

/// <summary>A calendar month in UTC, by the days of the ledger.</summary>
internal readonly record struct Month(string Name, int FirstDay, int LastDay)
{
    /// <exception cref="ProblemException">invalid-request.</exception>
    public static Month Read(QueryValues query, TimeProvider clock)
    {
        var first = clock.GetUtcNow();
        if (query.One("month") is { } text && !DateTimeOffset.TryParseExact(
            text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out first))
        {
            throw Refuse.Field("month", "It is not a month.", "Write it as 2027-01, or leave it out for this month.");
        }

        first = new DateTimeOffset(first.Year, first.Month, 1, 0, 0, 0, TimeSpan.Zero);
        var day = ModelLedger.DayOf(first);
        return new Month(first.ToString("yyyy-MM", CultureInfo.InvariantCulture), day, day + DateTime.DaysInMonth(first.Year, first.Month) - 1);
    }
}
