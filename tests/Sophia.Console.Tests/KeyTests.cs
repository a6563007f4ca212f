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
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Tiers"));
        await OpenAsync(tab, "curl");
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Nothing yet"));
        tab.Expects("404");
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task What_stands_in_the_address_is_not_asked_again_with_another_key()
    {
        await using var tab = await host.OpenAsync("#/tiers");
        await EnterAsync(tab, "Enter an API key", "one");
        await tab.GoAsync($"#/search/{ConsoleHost.Library}?q=between%20us");
        await Tab.SeesAsync(tab.Page.Locator(".hit").First);
        var asked = 0;
        tab.Page.Request += (_, request) => asked += request.Method == "POST" ? 1 : 0;
        await EnterAsync(tab, "Key ····one", "another");
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Tiers"));
        Assert.EndsWith("#/tiers", tab.Page.Url, StringComparison.Ordinal);
        Assert.Equal(0, asked);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task An_import_that_has_ended_is_not_shown_to_another_key()
    {
        await using var tab = await host.OpenAsync("#/import");
        await EnterAsync(tab, "Enter an API key", "one");
        await tab.Page.GetByLabel("Into namespace").FillAsync("ended");
        await tab.ChooseAsync(("records.ndjson", "no record"));
        await Tab.SeesAsync(tab.Page.GetByText("Browse it"));
        await EnterAsync(tab, "Key ····one", "another");
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Tiers"));
        await Assertions.Expect(tab.Page.Locator(".import-errors")).ToHaveCountAsync(0);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task An_import_ends_with_the_key_that_it_was_begun_with()
    {
        const string ns = "two-keys";
        await using var tab = await host.OpenAsync("#/import");
        await EnterAsync(tab, "Enter an API key", "one");
        await tab.Page.GetByLabel("Into namespace").FillAsync(ns);
        await tab.ChooseAsync(("note.md", "# A\n\none\n\n# B\n\ntwo"));
        await Tab.SeesAsync(tab.Page.GetByText("Browse it"));

        var asked = 0;
        tab.Page.Request += (_, request) => asked += request.Url.Contains(ns, StringComparison.Ordinal) ? 1 : 0;
        var release = await tab.DelayAsync(request => request.Method == "POST");
        await tab.Page.RunAndWaitForRequestAsync(() => tab.ChooseAsync(("note.md", "# A\n\none")), request => request.Method == "POST");
        await EnterAsync(tab, "Key ····one", "another");
        release();

        await Tab.SeesAsync(tab.Page.GetByText("The key was changed; drop the files again to import with the new one."));
        Assert.Equal(1, asked);
        Assert.Equal(2, (await host.GetAsync($"/v1/namespaces/{ns}/memories"))["items"]!.AsArray().Count);
        await OpenAsync(tab, "curl");
        await tab.Page.GetByLabel("Also what the pages ask by themselves").CheckAsync();
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Requests"));
        await Assertions.Expect(tab.Page.Locator(".request", new() { HasText = ns })).ToHaveCountAsync(0);
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
        await TickAsync(tab);
        await tab.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Tab.SeesAsync(tab.Page.Locator(".problem"));
        await TickAsync(tab);
        await TickAsync(tab);
        Assert.Equal(0, await tab.Page.Locator("dialog").CountAsync());

        await tab.Role(AriaRole.Button, "Enter an API key").ClickAsync();
        await tab.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await TickAsync(tab);
        await TickAsync(tab);
        Assert.Equal(0, await tab.Page.Locator("dialog").CountAsync());

        await OpenAsync(tab, "Browse");
        await OpenAsync(tab, "Tiers");
        await Tab.SeesAsync(tab.Page.GetByRole(AriaRole.Dialog));
        tab.Expects("401");
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task The_page_is_drawn_once_for_a_key_however_often_it_was_refused_meanwhile()
    {
        var isRefused = true;
        await using var tab = await host.OpenAsync("#/browse");
        await tab.Page.Clock.InstallAsync();
        await OpenAsync(tab, "Tiers");
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Tiers"));
        await tab.RefuseAsync(request => isRefused && IsTiers(request), 401, "key-revoked");
        await TickAsync(tab);
        await TickAsync(tab);
        await TickAsync(tab);
        isRefused = false;
        await tab.Page.Locator("#main").EvaluateAsync("""
            main => {
              window.drawn = 0;
              new MutationObserver((changes) => { for (const { addedNodes } of changes) window.drawn += addedNodes.length; }).observe(main, { childList: true });
            }
            """);
        await tab.Page.GetByLabel("API key").FillAsync("one");
        await tab.Role(AriaRole.Button, "Use this key").ClickAsync();
        await Tab.SeesAsync(tab.Role(AriaRole.Button, "Key ····one"));
        await Tab.SeesAsync(tab.Page.Locator("main[data-page=tiers] h1"));
        Assert.Equal(1, await tab.Page.EvaluateAsync<int>("() => window.drawn"));
        tab.Expects("401");
        tab.AssertClean();
    }

    private static bool IsTiers(IRequest request) => request.Url.EndsWith("/v1/tiers", StringComparison.Ordinal);

    private static Task<IResponse> TickAsync(Tab tab) => tab.Page.RunAndWaitForResponseAsync(() => tab.Page.Clock.RunForAsync(2000), response => IsTiers(response.Request));

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
