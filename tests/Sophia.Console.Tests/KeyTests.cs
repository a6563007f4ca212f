using Microsoft.Playwright;
using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>What a tab remembers belongs to the key that it was done with.</summary>
[Collection(ConsoleTests.Name)]
public sealed class KeyTests(ConsoleHost host)
{
    [SkippableFact]
    public async Task Another_key_sees_nothing_of_what_was_done_with_the_one_before()
    {
        await using var tab = await host.OpenAsync("#/search/not-mine?q=between%20us");
        await Tab.SeesAsync(tab.Page.Locator(".problem"));
        await tab.GoAsync("#/requests");
        await Assertions.Expect(tab.Page.Locator(".request pre")).ToContainTextAsync(["between us"]);
        await Assertions.Expect(tab.Page.Locator(".request pre").First).Not.ToContainTextAsync("SOPHIA_KEY");
        await EnterAsync(tab, "Enter an API key", "one");
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Nothing yet"));
        await OpenAsync(tab, "Search");
        await Assertions.Expect(tab.Page.GetByLabel("Namespace")).ToHaveValueAsync(ConsoleHost.Library);

        await tab.Page.Locator("#query").FillAsync("thread pool");
        await tab.Page.Locator("#query").PressAsync("Enter");
        await Tab.SeesAsync(tab.Page.Locator(".hit").First);
        await OpenAsync(tab, "curl");
        await EnterAsync(tab, "Key ····one", "one");
        await Assertions.Expect(tab.Page.Locator(".request pre").First).ToContainTextAsync("SOPHIA_KEY");
        await EnterAsync(tab, "Key ····one", "another");
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Nothing yet"));
        tab.Expects("404");
        tab.AssertClean();
    }

    private static Task OpenAsync(Tab tab, string page) =>
        tab.Page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Link, new() { Name = page }).ClickAsync();

    private static async Task EnterAsync(Tab tab, string button, string key)
    {
        await tab.Role(AriaRole.Button, button).ClickAsync();
        await tab.Page.GetByLabel("API key").FillAsync(key);
        await tab.Role(AriaRole.Button, "Use this key").ClickAsync();
        await Assertions.Expect(tab.Page.Locator("dialog")).ToHaveCountAsync(0);
    }
}
