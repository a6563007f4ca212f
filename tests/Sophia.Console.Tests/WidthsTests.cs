using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>From a small phone to a wide screen, no width cuts text off, lays it over other text or needs scrolling sideways (WCAG 2.2, 1.4.10).</summary>
[Collection(ConsoleTests.Name)]
public sealed class WidthsTests(ConsoleHost host)
{
    private const int Narrowest = 320;
    private const int Widest = 1600;

    // The style sheets change the layout at whole rem, so one past each is where the wider of two layouts has least room.
    private const int Step = 16;

    private static readonly int[] Widths = [Narrowest, .. Enumerable.Range(0, (Widest - Narrowest) / Step).Select(i => Narrowest + (i * Step) + 1), Widest];

    [SkippableTheory]
    [InlineData("#/search/dotnet?q=thread%20pool", ".hit")]
    [InlineData("#/search/dotnet?q=thread%20pool&beside=lexical", ".columns .hit")]
    [InlineData("#/browse", ".space")]
    [InlineData("#/browse/dotnet", ".record-link")]
    [InlineData("#/record/dotnet/P%3ASystem.IO.Pipelines.PipeScheduler.ThreadPool", ".facts")]
    [InlineData("#/changes/dotnet?from=beginning", ".change")]
    [InlineData("#/import", ".drop")]
    [InlineData("#/requests", ".request")]
    public async Task A_page_can_be_read_at_each_width(string route, string shows)
    {
        // The tab has asked something before it comes to the page of the requests.
        await using var tab = await host.OpenAsync("#/browse/dotnet");
        await Tab.SeesAsync(tab.Page.Locator(".record-link").First);
        await tab.GoAsync(route);
        await Tab.SeesAsync(tab.Page.Locator(shows).First);
        await AssertReadableAsync(tab);
        tab.AssertClean();
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_tiers_can_be_read_at_each_width(bool isBusy)
    {
        await using var tab = await host.OpenAsync("#/browse");
        await host.PostAsync($"/v1/namespaces/{ConsoleHost.Library}/search", new JsonObject { ["query"] = "thread pool" });
        if (isBusy)
        {
            await tab.ChangeAsync("**/v1/tiers", WithLongFigures);
        }

        await tab.GoAsync("#/tiers");
        await Tab.SeesAsync(tab.Role(AriaRole.Region, "This process"));
        await Assertions.Expect(tab.Page.GetByText("888.9M")).ToHaveCountAsync(isBusy ? 4 * 3 : 0);
        await AssertReadableAsync(tab);
        tab.AssertClean();
    }

    // The longest that each figure can become.
    private static JsonNode WithLongFigures(JsonNode answer)
    {
        foreach (var tier in answer["tiers"]!.AsArray())
        {
            tier!["hits"] = 888_888_888;
            tier["misses"] = 8_888;
            tier["promotions"] = 888_888_888;
            tier["errors"] = 8_888;
            tier["hitRatio"] = 0.8888;
            tier["evictions"] = new JsonObject { ["capacity"] = 888_888_888 };
            var latency = tier["latency"]!;
            latency["p50Ms"] = 888.8;
            latency["p95Ms"] = 888.8;
            latency["p99Ms"] = 888.8;
            latency["count"] = 8_888;
            latency["overBudget"] = 7_900;
        }

        return answer;
    }

    private static async Task AssertReadableAsync(Tab tab)
    {
        var found = new List<string>();
        foreach (var width in Widths)
        {
            await tab.Page.SetViewportSizeAsync(width, Look.Light.Height);
            found.AddRange((await tab.ClippedAsync()).Select(line => $"{width}px: {line}"));
        }

        Assert.True(found.Count == 0, string.Join('\n', found));
    }
}
