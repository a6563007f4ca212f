using Microsoft.Playwright;
using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>What the page of the tiers asks again and again: differences are those of one process, and a failure passes.</summary>
[Collection(ConsoleTests.Name)]
public sealed class TiersTests(ConsoleHost host)
{
    [SkippableFact]
    public async Task Counters_of_two_processes_are_never_subtracted_from_each_other()
    {
        await using var tab = await host.OpenAsync();
        var seen = await tab.Page.EvaluateAsync<string>("""
            async () => {
              const { Watch } = await import('/console/pages/tier-watch.js');
              const watch = new Watch();
              const answer = (id, visits) => ({ process: { id }, tiers: [{ tier: 'L3', state: 'healthy', hits: visits, promotions: visits, errors: 0, evictions: {}, latency: { count: visits, buckets: [] } }] });
              watch.take(answer('a', 10), 0);
              watch.take(answer('b', 100_000), 1000);
              watch.take(answer('a', 14), 2000);
              const ofA = { rates: watch.rates('L3'), hits: watch.recentHits() };
              watch.take(answer('b', 100_006), 4000);
              const ofB = { rates: watch.rates('L3'), hits: watch.recentHits() };
              return JSON.stringify({ ofA, ofB, moves: watch.moves.map((m) => m.text), processes: watch.processes });
            }
            """);
        Assert.Equal(
            """{"ofA":{"rates":[2],"hits":4},"ofB":{"rates":[2],"hits":6},"moves":["6 promoted","4 promoted"],"processes":2}""",
            seen);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task After_an_hour_in_which_nothing_was_asked_the_last_minute_begins_anew()
    {
        await using var tab = await host.OpenAsync();
        var seen = await tab.Page.EvaluateAsync<string>("""
            async () => {
              const { Watch } = await import('/console/pages/tier-watch.js');
              const watch = new Watch();
              const answer = (visits) => ({ process: { id: 'a' }, tiers: [{ tier: 'L3', state: 'healthy', hits: visits, promotions: visits, errors: 0, evictions: {}, latency: { count: visits, buckets: [] } }] });
              watch.take(answer(10), 0);
              watch.take(answer(10_000), 3_600_000);
              const atOnce = { hits: watch.recentHits(), rates: watch.rates('L3') };
              watch.take(answer(10_004), 3_602_000);
              return JSON.stringify({ atOnce, then: { hits: watch.recentHits(), rates: watch.rates('L3') }, moves: watch.moves.map((m) => m.text) });
            }
            """);
        Assert.Equal("""{"atOnce":{"hits":0,"rates":[]},"then":{"hits":4,"rates":[2]},"moves":["4 promoted"]}""", seen);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task The_page_says_when_several_processes_answer()
    {
        await using var tab = await host.OpenAsync("#/browse");
        var answers = 0;
        await tab.ChangeAsync("**/v1/tiers", answer =>
        {
            answer["process"]!["id"] = $"process {answers++ % 2}";
            return answer;
        });
        await tab.GoAsync("#/tiers");
        await Tab.SeesAsync(tab.Page.GetByText("2 processes answered within the last minute"));
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_tick_is_left_out_while_the_answer_before_it_is_waited_for()
    {
        await using var tab = await OpenWithClockAsync();
        var asked = 0;
        await tab.Page.RouteAsync("**/v1/tiers", _ =>
        {
            asked++;
            return Task.CompletedTask;
        });
        await tab.Page.RunAndWaitForRequestAsync(() => tab.Page.Clock.RunForAsync(2000), IsTiers);
        await tab.Page.Clock.RunForAsync(10_000);
        Assert.Equal(1, asked);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task Metrics_that_failed_once_are_asked_for_again_and_those_that_are_forbidden_are_not()
    {
        await using var tab = await host.OpenAsync("#/browse");
        var asked = 0;
        tab.Page.Request += (_, request) => asked += request.Url.EndsWith("/metrics", StringComparison.Ordinal) ? 1 : 0;
        await tab.Page.RouteAsync("**/metrics", route => asked == 1 ? route.FulfillAsync(new() { Status = 503 }) : route.FallbackAsync());
        await tab.GoAsync("#/tiers");
        await Tab.SeesAsync(tab.Role(AriaRole.Region, "This process"));
        await Assertions.Expect(tab.Role(AriaRole.Region, "This process")).ToContainTextAsync("cores");
        tab.Expects("503");

        await tab.Page.RouteAsync("**/metrics", route => route.FulfillAsync(new() { Status = 403 }));
        await tab.Page.Clock.InstallAsync();
        await tab.GoAsync("#/browse");
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Browse"));
        await tab.Page.RunAndWaitForResponseAsync(() => tab.GoAsync("#/tiers"), response => response.Status == 403);
        var before = asked;
        await tab.Page.RunAndWaitForResponseAsync(() => tab.Page.Clock.RunForAsync(2000), response => IsTiers(response.Request));
        await tab.Page.RunAndWaitForResponseAsync(() => tab.Page.Clock.RunForAsync(2000), response => IsTiers(response.Request));
        Assert.Equal(before, asked);
        await tab.CloseAsync();
        tab.Expects("403");
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_failure_that_lasts_is_read_out_once()
    {
        await using var tab = await OpenWithClockAsync();
        await tab.RefuseAsync(IsTiers, 503, "store-unavailable");
        await tab.Page.RunAndWaitForResponseAsync(() => tab.Page.Clock.RunForAsync(2000), response => IsTiers(response.Request));
        var problem = tab.Page.GetByRole(AriaRole.Alert);
        await problem.EvaluateAsync("node => { node.dataset.first = ''; }");
        for (var tick = 0; tick < 3; tick++)
        {
            await tab.Page.RunAndWaitForResponseAsync(() => tab.Page.Clock.RunForAsync(2000), response => IsTiers(response.Request));
        }

        Assert.NotNull(await problem.GetAttributeAsync("data-first"));
        await tab.CloseAsync();
        tab.Expects("503");
        tab.AssertClean();
    }

    private static bool IsTiers(IRequest request) => request.Url.EndsWith("/v1/tiers", StringComparison.Ordinal);

    private async Task<Tab> OpenWithClockAsync()
    {
        var tab = await host.OpenAsync("#/browse");
        await tab.Page.Clock.InstallAsync();
        await tab.GoAsync("#/tiers");
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Tiers"));
        return tab;
    }
}
