using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>While the store is away, the console shows what the service still has.</summary>
[Collection(ConsoleTests.Name)]
public sealed class StaleReadTests(ConsoleHost host)
{
    [SkippableFact]
    public async Task A_copy_is_shown_with_its_mark_while_settings_and_history_cannot_be_read()
    {
        const string ns = "store-away";
        if (ConsoleHost.Chromium is not null)
        {
            await host.PutAsync(ns, "key", new JsonObject { ["content"] = "what is still here" });
        }

        await using var tab = await host.OpenAsync("#/browse");
        await tab.RefuseAsync(request => request.Url.Contains("/history", StringComparison.Ordinal) || request.Url.EndsWith($"/namespaces/{ns}", StringComparison.Ordinal), 503, "store-unavailable");
        await tab.Page.RouteAsync($"**/{ns}/memories/key", async route =>
        {
            var answer = await route.FetchAsync();
            await route.FulfillAsync(new() { Response = answer, Headers = new Dictionary<string, string>(answer.Headers) { ["sophia-stale"] = "true" } });
        });
        await tab.GoAsync($"#/record/{ns}/key");
        await Assertions.Expect(tab.Page.Locator("pre.text")).ToHaveTextAsync("what is still here");
        await Tab.SeesAsync(tab.Page.GetByText("stale: L3 does not answer"));
        await Tab.SeesAsync(tab.Role(AriaRole.Region, "Through time").GetByRole(AriaRole.Alert));
        await tab.Role(AriaRole.Button, "Edit").ClickAsync();
        await Assertions.Expect(tab.Page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(2);
        await Assertions.Expect(tab.Page.Locator("pre.text")).ToHaveTextAsync("what is still here");
        tab.Expects("503");
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_namespace_is_searched_while_the_others_cannot_be_listed()
    {
        await using var tab = await host.OpenAsync();
        await tab.RefuseAsync(request => request.Url.Contains("/v1/namespaces?", StringComparison.Ordinal), 503, "store-unavailable");
        await tab.GoAsync($"#/search/{ConsoleHost.Library}?q=thread%20pool");
        await Tab.SeesAsync(tab.Page.Locator(".hit").First);
        await Tab.SeesAsync(tab.Page.GetByText("The others cannot be listed: As the test wants it."));
        await tab.AssertAccessibleAsync();
        tab.Expects("503");
        tab.AssertClean();
    }
}
