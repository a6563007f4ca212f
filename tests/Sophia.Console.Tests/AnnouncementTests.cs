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
}
