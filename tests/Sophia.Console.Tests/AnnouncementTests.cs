using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>What happens is said once to those who do not see the page, and not again while nothing has changed.</summary>
[Collection(ConsoleTests.Name)]
public sealed class AnnouncementTests(ConsoleHost host)
{
    [SkippableFact]
    public async Task The_proof_of_a_forget_is_read_out_and_has_the_focus()
    {
        const string ns = "announced";
        if (ConsoleHost.Chromium is not null)
        {
            await host.PutAsync(ns, "key", new JsonObject { ["content"] = "x" });
        }

        await using var tab = await host.OpenAsync($"#/record/{ns}/key");
        await tab.Role(AriaRole.Button, "Forget …").ClickAsync();
        await tab.Role(AriaRole.Button, "Forget 1 record").ClickAsync();
        await Assertions.Expect(tab.Page.Locator(".proof")).ToBeFocusedAsync();
        await Assertions.Expect(tab.Page.Locator("#live")).ToHaveTextAsync("Forgotten: 1 record");
        await tab.AssertAccessibleAsync();
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task Copies_that_did_not_confirm_are_asked_about_again_until_they_have()
    {
        const string ns = "asked-again";
        if (ConsoleHost.Chromium is not null)
        {
            await host.PutAsync(ns, "key", new JsonObject { ["content"] = "x" });
        }

        await using var tab = await host.OpenAsync($"#/record/{ns}/key");
        var forgets = 0;
        await tab.Page.RouteAsync(
            static url => url.EndsWith("/forget", StringComparison.Ordinal), async route =>
            {
                var answer = await route.FetchAsync();
                var body = JsonNode.Parse(await answer.TextAsync())!;
                if (!(bool)body["dryRun"]! && ++forgets == 1)
                {
                    body["notConfirmed"] = new JsonArray(new JsonObject { ["tier"] = "L0", ["node"] = null, ["shard"] = 0, ["reason"] = "It is still being loaded." });
                }

                await route.FulfillAsync(new() { Response = answer, Body = body.ToJsonString() });
            });
        await tab.Role(AriaRole.Button, "Forget …").ClickAsync();
        await tab.Role(AriaRole.Button, "Forget 1 record").ClickAsync();
        await tab.Role(AriaRole.Button, "Ask again").ClickAsync();

        await Assertions.Expect(tab.Page.Locator("#live")).ToHaveTextAsync("Asked again: all copies are confirmed to be gone");
        await Assertions.Expect(tab.Page.Locator(".proof")).ToBeFocusedAsync();
        await Assertions.Expect(tab.Role(AriaRole.Button, "Ask again")).ToHaveCountAsync(0);
        Assert.Equal(2, forgets);
        await tab.AssertAccessibleAsync();
        tab.AssertClean();
    }
}
