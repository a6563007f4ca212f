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
}
