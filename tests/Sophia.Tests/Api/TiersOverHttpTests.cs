using System.Net.Http;

namespace Sophia.Tests.Api;

public sealed class TiersOverHttpTests
{
    [Fact]
    public async Task Each_process_names_itself_so_that_counters_of_two_are_told_apart()
    {
        using var one = new ApiHost();
        using var other = new ApiHost();
        var first = (await one.JsonAsync(HttpMethod.Get, "/v1/tiers")).GetProperty("process");
        var again = (await one.JsonAsync(HttpMethod.Get, "/v1/tiers")).GetProperty("process");
        var another = (await other.JsonAsync(HttpMethod.Get, "/v1/tiers")).GetProperty("process");

        Assert.Equal(first.GetRawText(), again.GetRawText());
        Assert.NotEqual(first.GetProperty("id").GetString(), another.GetProperty("id").GetString());
        Assert.True(first.GetProperty("startedAt").GetDateTimeOffset() <= DateTimeOffset.UtcNow);
        using var metrics = await one.SendAsync(HttpMethod.Get, "/metrics");
        Assert.Contains("sophia_process_start_time_seconds", await metrics.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
