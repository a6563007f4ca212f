using Sophia.Snowflake.Flushing;

namespace Sophia.Snowflake.Tests.Flushing;

public sealed class SnowflakeOptionsTests
{
    public static TheoryData<string, SnowflakeOptions> BareNumbers => new()
    {
        { "EraseTimeout", new() { EraseTimeout = TimeSpan.Parse("30", System.Globalization.CultureInfo.InvariantCulture) } },
        { "CheckInterval", new() { CheckInterval = TimeSpan.FromDays(60) } },
        { "FlushInterval", new() { FlushInterval = TimeSpan.FromDays(15) } },
        { "StatementTimeout", new() { StatementTimeout = TimeSpan.FromDays(300) } },
        { "SampleInterval", new() { SampleInterval = TimeSpan.FromDays(60) } },
    };

    [Theory]
    [MemberData(nameof(BareNumbers))]
    public void A_time_of_more_than_a_day_is_refused_and_the_message_says_what_a_bare_number_is(string name, SnowflakeOptions options)
    {
        var message = options.Validate();

        Assert.StartsWith($"Sophia:Snowflake:{name} is ", message, StringComparison.Ordinal);
        Assert.Contains("1.00:00:00 (a bare number is days)", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Times_up_to_a_day_are_taken()
    {
        var day = TimeSpan.FromDays(1);

        Assert.Null(new SnowflakeOptions { EraseTimeout = day, CheckInterval = day, FlushInterval = day, StatementTimeout = day, SampleInterval = day }.Validate());
        Assert.Null(new SnowflakeOptions().Validate());
    }
}
