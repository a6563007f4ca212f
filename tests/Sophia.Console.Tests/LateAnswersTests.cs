using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>An answer that comes after its page was left changes nothing of the page that is open.</summary>
[Collection(ConsoleTests.Name)]
public sealed class LateAnswersTests(ConsoleHost host)
{
    [SkippableFact]
    public async Task Leaving_a_forget_under_way_is_asked_first_and_its_answer_leaves_the_next_page_alone()
    {
        const string ns = "late-forget";
        await FillAsync(ns);
        await using var tab = await host.OpenAsync($"#/browse/{ns}?prefix=k");
        var release = await tab.DelayAsync(IsForget);
        await tab.Role(AriaRole.Button, "Forget what matches …").ClickAsync();
        await tab.Page.Locator("dialog input").FillAsync(ns);
        await tab.Page.RunAndWaitForRequestAsync(() => tab.Role(AriaRole.Button, "Forget 1 record").ClickAsync(), IsForget);
        await LeaveAsync(tab, "Tiers");
        await tab.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        Assert.Contains($"#/browse/{ns}", tab.Page.Url, StringComparison.Ordinal);

        await LeaveAsync(tab, "Tiers");
        await tab.Role(AriaRole.Button, "Leave it").ClickAsync();
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Tiers"));
        await tab.ReleaseAsync(release, IsForget);
        Assert.EndsWith("#/tiers", tab.Page.Url, StringComparison.Ordinal);
        Assert.Empty((await host.GetAsync($"/v1/namespaces/{ns}/memories"))["items"]!.AsArray());
        tab.AssertClean();

        static bool IsForget(IRequest request) => request.Url.EndsWith("/forget", StringComparison.Ordinal) && request.PostData?.Contains("dryRun", StringComparison.Ordinal) == false;
    }

    [SkippableFact]
    public async Task A_dry_run_is_made_once_and_asks_nothing_on_another_page()
    {
        const string ns = "late-dry-run";
        await FillAsync(ns);
        await using var tab = await host.OpenAsync($"#/browse/{ns}?prefix=k");
        var asked = 0;
        tab.Page.Request += (_, request) => asked += IsForget(request) ? 1 : 0;
        var givenUp = await tab.HoldAsync(IsForget);
        var button = tab.Role(AriaRole.Button, "Forget what matches …");
        await tab.Page.RunAndWaitForRequestAsync(() => button.EvaluateAsync("button => { button.click(); button.click(); }"), IsForget);
        await LeaveAsync(tab, "Tiers");
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Tiers"));
        await givenUp;
        Assert.Equal(1, asked);
        Assert.Equal(0, await tab.Page.Locator("dialog").CountAsync());
        tab.AssertClean();

        static bool IsForget(IRequest request) => request.Url.EndsWith("/forget", StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_question_goes_with_the_page_that_asks_it()
    {
        const string ns = "left-question";
        await FillAsync(ns);
        await using var tab = await host.OpenAsync("#/tiers");
        await tab.GoAsync($"#/record/{ns}/key");
        await tab.Role(AriaRole.Button, "Forget …").ClickAsync();
        await Tab.SeesAsync(tab.Page.Locator("dialog"));
        await tab.Page.GoBackAsync();
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Tiers"));
        await Assertions.Expect(tab.Page.Locator("dialog")).ToHaveCountAsync(0);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task What_a_search_can_be_told_comes_too_late_for_the_page_that_was_opened_since()
    {
        await using var tab = await host.OpenAsync("#/tiers");
        var release = await tab.DelayAsync(IsDescription);
        await tab.Page.RunAndWaitForRequestAsync(() => LeaveAsync(tab, "Search"), IsDescription);
        await LeaveAsync(tab, "Browse");
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Browse"));
        await tab.ReleaseAsync(release, IsDescription);
        Assert.EndsWith("#/browse", tab.Page.Url, StringComparison.Ordinal);
        tab.AssertClean();

        static bool IsDescription(IRequest request) => request.Url.EndsWith("/openapi/v1.json", StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_namespace_that_was_made_late_is_not_opened_over_another_page()
    {
        await using var tab = await host.OpenAsync("#/browse");
        var release = await tab.DelayAsync(IsPut);
        await tab.Page.GetByLabel("Name", new() { Exact = true }).FillAsync("made-late");
        await tab.Page.RunAndWaitForRequestAsync(() => tab.Role(AriaRole.Button, "Make it").ClickAsync(), IsPut);
        await LeaveAsync(tab, "Tiers");
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Tiers"));
        await tab.ReleaseAsync(release, IsPut);
        Assert.EndsWith("#/tiers", tab.Page.Url, StringComparison.Ordinal);
        tab.AssertClean();

        static bool IsPut(IRequest request) => request.Method == "PUT";
    }

    private static Task LeaveAsync(Tab tab, string page) =>
        tab.Page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Link, new() { Name = page }).ClickAsync();

    // Without Chromium no service was started; the test is skipped when it opens a tab.
    private Task FillAsync(string ns) => ConsoleHost.Chromium is null ? Task.CompletedTask : host.PutAsync(ns, "key", new JsonObject { ["content"] = "x" });
}
