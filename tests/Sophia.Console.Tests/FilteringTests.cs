using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>What is listed, found or forgotten is what the form asks for, and only the answer to the last question is shown.</summary>
[Collection(ConsoleTests.Name)]
public sealed class FilteringTests(ConsoleHost host)
{
    [SkippableFact]
    public async Task Conditions_that_one_filter_cannot_hold_forget_nothing()
    {
        const string ns = "two-conditions";
        await FillAsync(ns, "keep1", "keep2", "gone");
        await using var tab = await host.OpenAsync($"#/browse/{ns}?attr={Uri.EscapeDataString("status:ne:keep1\nstatus:ne:keep2")}");
        var forgets = 0;
        tab.Page.Request += (_, request) => forgets += request.Url.EndsWith("/forget", StringComparison.Ordinal) ? 1 : 0;
        await Assertions.Expect(tab.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Two conditions ask the same of status");
        await tab.Role(AriaRole.Button, "Forget what matches …").ClickAsync();
        await tab.AssertAccessibleAsync();

        await tab.Role(AriaRole.Button, "Remove this condition").Last.ClickAsync();
        await Assertions.Expect(tab.Page.Locator(".record-key")).ToHaveTextAsync(["gone", "keep2"]);
        Assert.Equal(0, await tab.Page.Locator("dialog").CountAsync());
        Assert.Equal(0, forgets);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task The_page_behind_the_last_does_not_say_that_there_are_no_records()
    {
        const string ns = "fifty";
        await FillAsync(ns, [.. Enumerable.Range(0, 50).Select(i => $"k{i:00}")]);
        await using var tab = await host.OpenAsync($"#/browse/{ns}");
        await tab.Role(AriaRole.Button, "Next").ClickAsync();
        await Assertions.Expect(tab.Page.Locator(".record-list")).ToHaveTextAsync("No more records");
        await tab.Role(AriaRole.Button, "Back").ClickAsync();
        await Assertions.Expect(tab.Page.Locator(".record-key")).ToHaveCountAsync(50);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task An_attribute_with_a_colon_in_its_name_is_listed_by_and_forgotten_by_as_it_was_typed()
    {
        const string ns = "colons";
        if (ConsoleHost.Chromium is not null)
        {
            await host.PutAsync(ns, "colon", new JsonObject { ["content"] = "x", ["attributes"] = new JsonObject { ["a:ne"] = 5 } });
            await host.PutAsync(ns, "plain", new JsonObject { ["content"] = "x", ["attributes"] = new JsonObject { ["a"] = 6 } });
        }

        await using var tab = await host.OpenAsync($"#/browse/{ns}?attr={Uri.EscapeDataString("\"a:ne\":eq:5")}");
        await Assertions.Expect(tab.Page.GetByLabel("Attribute")).ToHaveValueAsync("a:ne");
        await Assertions.Expect(tab.Page.Locator(".record-key")).ToHaveTextAsync(["colon"]);
        await tab.Page.ReloadAsync();
        await Assertions.Expect(tab.Page.Locator(".record-key")).ToHaveTextAsync(["colon"]);
        await tab.Role(AriaRole.Button, "Forget what matches …").ClickAsync();
        await tab.Page.Locator("dialog input").FillAsync(ns);
        await tab.Role(AriaRole.Button, "Forget 1 record").ClickAsync();
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Forgotten: 1 record"));
        await tab.Role(AriaRole.Button, "Remove this condition").ClickAsync();
        await Assertions.Expect(tab.Page.Locator(".record-key")).ToHaveTextAsync(["plain"]);
        tab.AssertClean();
    }

    [SkippableTheory]
    [InlineData("01067", "text-zero")]
    [InlineData("\"5\"", "text-five")]
    [InlineData("5", "five")]
    [InlineData("\"open", "text-open")]
    [InlineData("-0.5e1", "minus-five")]
    public async Task A_text_that_looks_like_a_number_can_be_asked_for(string typed, string key)
    {
        const string ns = "look-alikes";
        if (ConsoleHost.Chromium is not null)
        {
            JsonNode? last = null;
            foreach (var (name, value) in new (string, JsonNode)[] { ("text-zero", "01067"), ("text-five", "5"), ("five", 5), ("text-open", "\"open"), ("minus-five", -5) })
            {
                last = await host.PutAsync(ns, name, new JsonObject { ["content"] = "a postal code", ["attributes"] = new JsonObject { ["zip"] = value } });
            }

            await host.IsSearchedAsync(ns, last!);
        }

        await using var tab = await host.OpenAsync($"#/browse/{ns}?attr={Uri.EscapeDataString($"zip:eq:{typed}")}");
        await Assertions.Expect(tab.Page.Locator(".record-key")).ToHaveTextAsync([key]);
        await tab.GoAsync($"#/search/{ns}?q=postal&attr={Uri.EscapeDataString($"zip:eq:{typed}")}");
        await Assertions.Expect(tab.Page.Locator(".hit h3")).ToHaveTextAsync([key]);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_namespace_is_removed_once_its_name_was_typed_and_no_page_has_it_any_more()
    {
        const string ns = "leaving";
        await FillAsync(ns, "one", "two");
        await using var tab = await host.OpenAsync($"#/browse/{ns}?prefix=o");
        await tab.Role(AriaRole.Button, "Remove the namespace …").ClickAsync();
        await Assertions.Expect(tab.Page.Locator("dialog")).ToContainTextAsync("The first 2 keys");
        await tab.AssertAccessibleAsync();
        await tab.Role(AriaRole.Button, "Cancel").ClickAsync();
        await Assertions.Expect(tab.Page.Locator(".record-key")).ToHaveTextAsync(["one"]);

        await tab.Role(AriaRole.Button, "Remove the namespace …").ClickAsync();
        var remove = tab.Page.Locator("dialog").GetByRole(AriaRole.Button, new() { Name = "Remove the namespace" });
        await Assertions.Expect(remove).ToBeDisabledAsync();
        await tab.Page.Locator("dialog input").FillAsync(ns);
        await remove.ClickAsync();
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Removed: leaving, with 2 records"));
        await tab.AssertAccessibleAsync();
        await tab.Role(AriaRole.Link, "Browse the namespaces").ClickAsync();
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Make a namespace"));
        await Assertions.Expect(tab.Role(AriaRole.Heading, ns)).ToHaveCountAsync(0);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_forget_that_is_refused_says_so()
    {
        const string ns = "no-forget";
        await FillAsync(ns, "one");
        await using var tab = await host.OpenAsync($"#/browse/{ns}?prefix=o");
        await tab.RefuseAsync(request => request.Method == "POST" && request.PostData?.Contains("dryRun", StringComparison.Ordinal) == false, 403, "forbidden");
        await tab.Role(AriaRole.Button, "Forget what matches …").ClickAsync();
        await tab.Page.Locator("dialog input").FillAsync(ns);
        await tab.Role(AriaRole.Button, "Forget 1 record").ClickAsync();
        await Assertions.Expect(tab.Page.Locator(".problem")).ToContainTextAsync("As the test wants it.");
        tab.Expects("403");
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_slower_listing_does_not_come_over_the_newer_one()
    {
        const string ns = "slow-list";
        await FillAsync(ns, "slow", "fast");
        await using var tab = await host.OpenAsync($"#/browse/{ns}?prefix=f");
        var givenUp = await tab.HoldAsync(request => request.Url.Contains("prefix=slow", StringComparison.Ordinal));
        var prefix = tab.Page.GetByLabel("Keys that begin with");
        await tab.Page.RunAndWaitForRequestAsync(
            async () =>
            {
                await prefix.FillAsync("slow");
                await prefix.BlurAsync();
            },
            request => request.Url.Contains("prefix=slow", StringComparison.Ordinal));
        await prefix.FillAsync("fast");
        await prefix.BlurAsync();
        await Assertions.Expect(tab.Page.Locator(".record-key")).ToHaveTextAsync(["fast"]);
        await givenUp;
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_record_that_passes_only_far_behind_is_listed()
    {
        // Types come last by key, behind more records than one answer looks at.
        await using var tab = await host.OpenAsync($"#/browse/{ConsoleHost.Library}?tag=type");
        await Assertions.Expect(tab.Page.Locator(".record-key").First).ToContainTextAsync("T:");
        var next = tab.Role(AriaRole.Button, "Next");
        await next.ClickAsync();
        await Tab.SeesAsync(tab.Page.GetByText("Page 2,"));
        await tab.Role(AriaRole.Button, "Back").ClickAsync();
        await Tab.SeesAsync(tab.Page.GetByText("Page 1,"));
        await Assertions.Expect(tab.Page.Locator(".record-key").First).ToContainTextAsync("T:");
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task Next_pressed_twice_is_the_next_page_once()
    {
        await using var tab = await host.OpenAsync($"#/browse/{ConsoleHost.Library}");
        var next = tab.Role(AriaRole.Button, "Next");
        await Tab.SeesAsync(next);
        await next.EvaluateAsync("button => { button.click(); button.click(); }");
        await Tab.SeesAsync(tab.Page.GetByText("Page 2,"));
        await tab.Role(AriaRole.Button, "Back").ClickAsync();
        await Tab.SeesAsync(tab.Page.GetByText("Page 1,"));
        await Assertions.Expect(tab.Role(AriaRole.Button, "Back")).ToBeDisabledAsync();
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_search_whose_words_were_cleared_is_given_up()
    {
        await using var tab = await host.OpenAsync($"#/search/{ConsoleHost.Library}");
        var givenUp = await tab.HoldAsync(IsSearch);
        var query = tab.Page.Locator("#query");
        await query.FillAsync("thread pool");
        await tab.Page.RunAndWaitForRequestAsync(() => query.PressAsync("Enter"), IsSearch);
        await query.FillAsync("");
        await query.PressAsync("Enter");
        await givenUp;
        await Assertions.Expect(tab.Page.Locator(".results")).ToContainTextAsync("10,000 records to search");
        await Assertions.Expect(tab.Page.Locator(".results[aria-busy]")).ToHaveCountAsync(0);
        tab.AssertClean();

        static bool IsSearch(IRequest request) => request.Method == "POST" && request.Url.EndsWith("/search", StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_phrase_that_nothing_has_is_named_as_the_reason()
    {
        await using var tab = await host.OpenAsync($"#/search/{ConsoleHost.Library}?q={Uri.EscapeDataString("\"zebras over Oslo\"")}");
        await Assertions.Expect(tab.Page.Locator(".results .empty")).ToContainTextAsync("No record has the phrase. Take the quotes or the plus away");
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task An_answer_that_is_less_than_was_asked_for_says_so()
    {
        await using var tab = await host.OpenAsync($"#/search/{ConsoleHost.Library}");
        await tab.ChangeAsync("**/search", answer =>
        {
            answer["mode"] = "lexical";
            answer["degraded"] = "model-unavailable: The model does not answer.";
            answer["withoutVector"] = 12;
            answer["partial"] = new JsonObject { ["missing"] = new JsonArray(new JsonObject { ["shard"] = 3, ["reason"] = "being loaded" }) };
            return answer;
        });
        await tab.Page.Locator("#query").FillAsync("thread pool");
        await tab.Page.Locator("#query").PressAsync("Enter");
        await Assertions.Expect(tab.Page.Locator(".results .note.warn")).ToHaveTextAsync(
            "Degraded, searched in mode lexical: model-unavailable: The model does not answer. 12 records without a vector: found by words alone. Partial, without shard 3 (being loaded)");
        await tab.AssertAccessibleAsync();
        tab.AssertClean();
    }

    private async Task FillAsync(string ns, params string[] keys)
    {
        // Without Chromium no service was started; the test is skipped when it opens a tab.
        foreach (var key in ConsoleHost.Chromium is null ? [] : keys)
        {
            await host.PutAsync(ns, key, new JsonObject { ["content"] = key, ["attributes"] = new JsonObject { ["status"] = key } });
        }
    }
}
