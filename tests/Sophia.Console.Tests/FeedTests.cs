using Microsoft.Playwright;
using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>The change feed loses nothing when its connection breaks, and sees that it has.</summary>
[Collection(ConsoleTests.Name)]
public sealed class FeedTests(ConsoleHost host)
{
    [SkippableFact]
    public async Task An_id_without_data_is_the_place_to_go_on_from()
    {
        await using var tab = await host.OpenAsync();
        var asked = new List<string?>();
        var resumed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await tab.Page.RouteAsync("**/changes?*", async route =>
        {
            asked.Add(await route.Request.HeaderValueAsync("Last-Event-ID"));
            if (asked.Count == 1)
            {
                await route.FulfillAsync(new() { ContentType = "text/event-stream", Body = ": sophia\n\nid: AAUAAAAAAAE\n\n" });
                return;
            }

            resumed.TrySetResult();
        });
        await tab.GoAsync($"#/changes/{ConsoleHost.Library}");
        await resumed.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal([null, "AAUAAAAAAAE"], asked.Take(2));
        Assert.Equal(0, await tab.Page.Locator(".change").CountAsync());
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_connection_that_is_silent_for_three_heartbeats_is_made_anew()
    {
        await using var tab = await host.OpenAsync();
        await tab.Page.Clock.InstallAsync();
        var givenUp = await tab.HoldAsync(request => request.Url.Contains("/changes?", StringComparison.Ordinal));
        await tab.Page.RunAndWaitForRequestAsync(() => tab.GoAsync($"#/changes/{ConsoleHost.Library}"), request => request.Url.Contains("/changes?", StringComparison.Ordinal));
        await tab.Page.RunAndWaitForRequestAsync(() => tab.Page.Clock.FastForwardAsync(45_000), request => request.Url.Contains("/changes?", StringComparison.Ordinal));
        await givenUp;
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_feed_that_is_refused_says_that_it_stopped_and_one_that_fails_says_why_it_waits()
    {
        await using var tab = await host.OpenAsync("#/changes/nowhere");
        await Assertions.Expect(tab.Page.Locator(".feed-state")).ToContainTextAsync("stopped");
        await Tab.SeesAsync(tab.Page.Locator(".problem"));
        await tab.RefuseAsync(request => request.Url.Contains("/changes?", StringComparison.Ordinal), 503, "store-unavailable");
        await tab.Role(AriaRole.Button, "Try again").ClickAsync();
        await Tab.SeesAsync(tab.Page.GetByText("As the test wants it."));
        await Assertions.Expect(tab.Page.Locator(".feed-state")).ToContainTextAsync("reconnecting …");
        await tab.AssertAccessibleAsync();
        await tab.CloseAsync();
        tab.Expects("404");
        tab.Expects("503");
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task What_waits_while_the_feed_is_paused_is_counted_whole_and_read_out_only_when_the_state_changes()
    {
        await using var tab = await host.OpenAsync();
        var release = await tab.DelayAsync(request => request.Url.Contains("/changes?", StringComparison.Ordinal));
        await tab.GoAsync($"#/changes/{ConsoleHost.Library}?from=beginning");
        await tab.Role(AriaRole.Button, "Pause").ClickAsync();
        await tab.Page.Locator(".feed-state [role=status]").EvaluateAsync("node => { window.said = 0; new MutationObserver(() => window.said++).observe(node, { childList: true, characterData: true, subtree: true }); }");
        release();
        await Assertions.Expect(tab.Page.Locator(".feed-state")).ToContainTextAsync("10,000 waiting");
        Assert.Equal(0, await tab.Page.EvaluateAsync<int>("() => window.said"));
        await tab.Role(AriaRole.Button, "Go on").ClickAsync();
        await Assertions.Expect(tab.Page.Locator(".change")).ToHaveCountAsync(200);
        await Assertions.Expect(tab.Page.Locator(".feed-state")).ToContainTextAsync("live");
        Assert.True(await tab.Page.EvaluateAsync<int>("() => window.said") > 0);
        tab.AssertClean();
    }
}
