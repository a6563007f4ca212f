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

    [SkippableFact]
    public async Task Who_cancels_is_not_asked_for_a_key_again_until_another_page_is_opened()
    {
        await using var tab = await host.OpenAsync("#/browse");
        await tab.Page.Clock.InstallAsync();
        await OpenAsync(tab, "Tiers");
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Tiers"));
        await tab.RefuseAsync(IsTiers, 401, "key-revoked");
        await TickAsync();
        await tab.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Tab.SeesAsync(tab.Page.Locator(".problem"));
        await TickAsync();
        await TickAsync();
        Assert.Equal(0, await tab.Page.Locator("dialog").CountAsync());

        await OpenAsync(tab, "Browse");
        await OpenAsync(tab, "Tiers");
        await Tab.SeesAsync(tab.Page.GetByRole(AriaRole.Dialog));
        tab.Expects("401");
        tab.AssertClean();

        static bool IsTiers(IRequest request) => request.Url.EndsWith("/v1/tiers", StringComparison.Ordinal);
        Task TickAsync() => tab.Page.RunAndWaitForResponseAsync(() => tab.Page.Clock.RunForAsync(2000), response => IsTiers(response.Request));
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
