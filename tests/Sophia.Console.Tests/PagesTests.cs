using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>Each page, over 10,000 records, in light, dark and on a phone: it works, complains of nothing, can be read.</summary>
[Collection(ConsoleTests.Name)]
public sealed class PagesTests(ConsoleHost host)
{
    public static TheoryData<string> Looks => ["light", "dark", "phone", "phone-dark"];

    private static Look Named(string look) => look switch { "dark" => Look.Dark, "phone" => Look.Phone, "phone-dark" => Look.PhoneDark, _ => Look.Light };

    [SkippableTheory]
    [MemberData(nameof(Looks))]
    public async Task Tiers_shows_each_engine_its_latency_and_what_it_holds(string look)
    {
        await using var tab = await host.OpenAsync("", Named(look));
        await host.PostAsync($"/v1/namespaces/{ConsoleHost.Library}/search", new JsonObject { ["query"] = "thread pool" });
        var l0 = tab.Role(AriaRole.Region, "L0, gpu memory");
        await Tab.SeesAsync(l0.GetByRole(AriaRole.Img).First);
        await Tab.SeesAsync(l0.GetByRole(AriaRole.Meter));
        await Tab.SeesAsync(l0.GetByText("healthy"));
        await Assertions.Expect(tab.Role(AriaRole.Region, "L3, persistent memory")).ToContainTextAsync("SQLite");
        await Tab.SeesAsync(tab.Role(AriaRole.Region, "This process"));
        await tab.AssertAccessibleAsync();
        await tab.PictureAsync("tiers");
        await tab.PictureAsync("readme-tiers", isWhole: false);
        tab.AssertClean();
    }

    [SkippableTheory]
    [MemberData(nameof(Looks))]
    public async Task Search_shows_hits_with_what_matched_the_parts_of_the_score_and_where_the_time_went(string look)
    {
        await using var tab = await host.OpenAsync($"#/search/{ConsoleHost.Library}?q=thread%20pool", Named(look));
        await Tab.SeesAsync(tab.Page.Locator(".hit").First);
        Assert.Equal(10, await tab.Page.Locator(".hit").CountAsync());
        Assert.Contains("thread", await tab.Page.Locator(".hit mark").First.InnerTextAsync(), StringComparison.OrdinalIgnoreCase);
        await Tab.SeesAsync(tab.Page.Locator(".hit .tone-lexical").First);
        await Tab.SeesAsync(tab.Page.Locator(".waterfall").GetByText("L0 search"));
        await Assertions.Expect(tab.Page.Locator(".answer-line")).ToContainTextAsync("10,000 scanned");
        await tab.AssertAccessibleAsync();
        await tab.PictureAsync("search");
        await tab.PictureAsync("readme-search", isWhole: false);
        tab.AssertClean();
    }

    [SkippableTheory]
    [MemberData(nameof(Looks))]
    public async Task Browse_shows_the_namespaces_and_their_records_page_by_page(string look)
    {
        await using var tab = await host.OpenAsync("#/browse", Named(look));
        await Assertions.Expect(tab.Page.Locator(".space", new() { HasText = ConsoleHost.Library })).ToContainTextAsync("10,000");
        await tab.AssertAccessibleAsync();
        await tab.PictureAsync("namespaces");

        await tab.Page.Locator(".space", new() { HasText = ConsoleHost.Library }).ClickAsync();
        await Tab.SeesAsync(tab.Page.Locator(".record-link").First);
        Assert.Equal(50, await tab.Page.Locator(".record-link").CountAsync());
        var first = await tab.Page.Locator(".record-key").First.InnerTextAsync();
        await tab.Role(AriaRole.Button, "Next").ClickAsync();
        await Tab.SeesAsync(tab.Page.GetByText("Page 2"));
        Assert.True(string.CompareOrdinal(first, await tab.Page.Locator(".record-key").First.InnerTextAsync()) < 0);
        await tab.AssertAccessibleAsync();
        await tab.PictureAsync("records");
        tab.AssertClean();
    }

    [SkippableTheory]
    [MemberData(nameof(Looks))]
    public async Task A_record_shows_its_past_under_a_slider(string look)
    {
        var ns = $"past-{look}";
        foreach (var text in new[] { "The cluster has three nodes in Oslo.", "The cluster has four nodes in Oslo.", "The cluster has four nodes in Bergen and Oslo." })
        {
            await host.PutAsync(ns, "cluster", new JsonObject { ["content"] = text, ["tags"] = new JsonArray("ops"), ["attributes"] = new JsonObject { ["importance"] = 0.8 } });
        }

        await using var tab = await host.OpenAsync($"#/record/{ns}/cluster", Named(look));
        var slider = tab.Page.GetByRole(AriaRole.Slider);
        await Assertions.Expect(tab.Page.Locator(".past")).ToContainTextAsync("how it is now");
        await slider.FocusAsync();
        await slider.PressAsync("ArrowLeft");
        await slider.PressAsync("ArrowLeft");
        await Assertions.Expect(tab.Page.Locator(".past del").First).ToHaveTextAsync("three");
        await Assertions.Expect(tab.Page.Locator(".past-title")).ToContainTextAsync("Version 1");
        await tab.AssertAccessibleAsync();
        await tab.PictureAsync("record");
        tab.AssertClean();
    }

    [SkippableTheory]
    [MemberData(nameof(Looks))]
    public async Task Two_modes_stand_side_by_side_and_say_how_the_ranks_differ(string look)
    {
        await using var tab = await host.OpenAsync($"#/search/{ConsoleHost.Library}?q=compare%20two%20strings&beside=lexical", Named(look));
        await Tab.SeesAsync(tab.Role(AriaRole.Region, "Hits in mode hybrid"));
        await Tab.SeesAsync(tab.Role(AriaRole.Region, "Hits in mode lexical"));
        Assert.Equal(20, await tab.Page.Locator(".hit .moved").CountAsync());
        await tab.AssertAccessibleAsync();
        await tab.PictureAsync("compare");
        tab.AssertClean();
    }
}
