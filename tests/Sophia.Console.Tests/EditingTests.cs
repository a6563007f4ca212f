using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>The editor writes what was changed in it and nothing else, and does not lose what was written.</summary>
[Collection(ConsoleTests.Name)]
public sealed class EditingTests(ConsoleHost host)
{
    private const long Unsafe = 9_007_199_254_740_993;

    [SkippableFact]
    public async Task What_was_not_touched_is_written_as_it_was_read()
    {
        const string ns = "untouched";
        await PutAsync(ns, new JsonObject { ["content"] = "one\r\ntwo", ["tags"] = new JsonArray("a,b", "c"), ["attributes"] = new JsonObject { ["id"] = Unsafe } });
        await using var tab = await EditAsync(ns);
        await tab.Page.GetByLabel("Tags").FillAsync("a,b\nc\nd");
        await SaveAsync(tab, ns);
        var record = await RecordAsync(ns);
        Assert.Equal(["a,b", "c", "d"], record["tags"]!.AsArray().Select(tag => (string)tag!));
        Assert.Equal("one\r\ntwo", (string)record["content"]!);
        Assert.Equal(Unsafe, (long)record["attributes"]!["id"]!);

        await BeginAsync(tab);
        await tab.Page.GetByLabel("Content").FillAsync("one\ntwo\nthree");
        await SaveAsync(tab, ns);
        record = await RecordAsync(ns);
        Assert.Equal("one\r\ntwo\r\nthree", (string)record["content"]!);
        Assert.Equal(3, record["tags"]!.AsArray().Count);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task Who_takes_theirs_writes_on_from_all_of_theirs()
    {
        const string ns = "theirs";
        const string expires = "2099-01-01T00:00:00Z";
        await PutAsync(ns, new JsonObject { ["content"] = "text", ["tags"] = new JsonArray("mine") });
        await using var tab = await EditAsync(ns);
        await tab.Page.GetByLabel("Content").FillAsync("my text");
        await PutAsync(ns, new JsonObject
        {
            ["content"] = new JsonObject { ["id"] = Unsafe }, ["tags"] = new JsonArray("theirs"), ["expiresAt"] = expires, ["provenance"] = new JsonObject { ["agent"] = "another" },
        });
        await tab.Role(AriaRole.Button, "Save").ClickAsync();
        await tab.Role(AriaRole.Button, "Take theirs and go on editing").ClickAsync();
        await tab.Page.GetByLabel("Tags").FillAsync("theirs, mine");
        await SaveAsync(tab, ns);
        var record = await RecordAsync(ns);
        Assert.Equal(Unsafe, (long)record["content"]!["id"]!);
        Assert.Equal(DateTimeOffset.Parse(expires, null), DateTimeOffset.Parse((string)record["expiresAt"]!, null));
        Assert.Equal("another", (string)record["provenance"]!["agent"]!);
        Assert.Equal(["mine", "theirs"], record["tags"]!.AsArray().Select(tag => (string)tag!).Order());
        tab.Expects("412");
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task Who_writes_over_another_version_changes_only_what_was_changed_here()
    {
        const string ns = "written-over";
        const string expires = "2099-01-01T00:00:00Z";
        await PutAsync(ns, new JsonObject { ["content"] = "text", ["tags"] = new JsonArray("old"), ["attributes"] = new JsonObject { ["owner"] = "me" } });
        await using var tab = await EditAsync(ns);
        await tab.Page.GetByLabel("Content").FillAsync("my text");
        await tab.Page.GetByLabel("Attributes").FillAsync("""{"owner":"nobody"}""");
        await PutAsync(ns, new JsonObject
        {
            ["content"] = "text", ["tags"] = new JsonArray("old", "legal-hold"), ["expiresAt"] = expires, ["provenance"] = new JsonObject { ["agent"] = "another" },
            ["attributes"] = new JsonObject { ["owner"] = "them" },
        });
        await tab.Role(AriaRole.Button, "Save").ClickAsync();
        var conflict = tab.Page.Locator(".conflict");
        await Assertions.Expect(conflict).ToContainTextAsync("legal-hold");
        await Tab.SeesAsync(conflict.Locator(".difference del", new() { HasText = "them" }));
        await tab.AssertAccessibleAsync();
        await tab.Page.RunAndWaitForRequestAsync(() => tab.Role(AriaRole.Button, "Write mine over version 2").ClickAsync(), request => IsRead(request, ns));
        var record = await RecordAsync(ns);
        Assert.Equal("my text", (string)record["content"]!);
        Assert.Equal("nobody", (string)record["attributes"]!["owner"]!);
        Assert.Equal(["legal-hold", "old"], record["tags"]!.AsArray().Select(tag => (string)tag!).Order());
        Assert.Equal(DateTimeOffset.Parse(expires, null), DateTimeOffset.Parse((string)record["expiresAt"]!, null));
        Assert.Equal("another", (string)record["provenance"]!["agent"]!);
        tab.Expects("412");
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task Nothing_can_be_typed_into_a_record_while_it_is_being_saved()
    {
        const string ns = "being-saved";
        await PutAsync(ns, new JsonObject { ["content"] = "before" });
        await using var tab = await EditAsync(ns);
        await tab.RefuseAsync(IsPut, 503, "store-unavailable");
        var release = await tab.DelayAsync(IsPut);
        var content = tab.Page.GetByLabel("Content");
        await content.FillAsync("sent");
        await tab.Page.RunAndWaitForRequestAsync(() => tab.Role(AriaRole.Button, "Save").ClickAsync(), IsPut);
        await content.EvaluateAsync("area => area.focus()");
        await tab.Page.Keyboard.TypeAsync(", and more");
        await Assertions.Expect(content).ToHaveValueAsync("sent");
        release();
        await Tab.SeesAsync(tab.Page.Locator(".problem"));
        await content.PressSequentiallyAsync(", and more");
        await Assertions.Expect(content).ToHaveValueAsync("sent, and more");
        tab.Expects("503");
        tab.AssertClean();

        static bool IsPut(IRequest request) => request.Method == "PUT";
    }

    [SkippableFact]
    public async Task Who_does_not_wait_for_a_save_copies_the_text_and_loses_no_later_one_to_its_answer()
    {
        const string ns = "not-waited-for";
        await PutAsync(ns, new JsonObject { ["content"] = "before" });
        await using var tab = await EditAsync(ns);
        var release = await tab.DelayAsync(IsPut);
        var content = tab.Page.GetByLabel("Content");
        await content.FillAsync("sent");
        await tab.Page.RunAndWaitForRequestAsync(() => tab.Role(AriaRole.Button, "Save").ClickAsync(), IsPut);
        await content.ClickAsync();
        await tab.Page.Keyboard.PressAsync("Control+A");
        Assert.Equal("sent", await content.EvaluateAsync<string>("area => area.value.slice(area.selectionStart, area.selectionEnd)"));
        await Assertions.Expect(tab.Role(AriaRole.Button, "Save")).ToBeDisabledAsync();
        await tab.AssertAccessibleAsync();

        await tab.Role(AriaRole.Button, "Cancel").ClickAsync();
        await BeginAsync(tab);
        await content.FillAsync("written since");
        await tab.ReleaseAsync(release, IsPut);
        await Assertions.Expect(content).ToHaveValueAsync("written since");
        tab.AssertClean();

        static bool IsPut(IRequest request) => request.Method == "PUT";
    }

    [SkippableFact]
    public async Task An_editor_that_was_opened_before_the_past_was_read_keeps_its_text()
    {
        const string ns = "slow-past";
        await PutAsync(ns, new JsonObject { ["content"] = "before" });
        await using var tab = await host.OpenAsync("#/browse");
        var release = await tab.DelayAsync(IsHistory);
        await tab.GoAsync($"#/record/{ns}/key");
        await BeginAsync(tab);
        await tab.Page.GetByLabel("Content").FillAsync("typed meanwhile");
        await tab.Page.RunAndWaitForResponseAsync(
            () =>
            {
                release();
                return Task.CompletedTask;
            },
            response => IsHistory(response.Request));
        await SaveAsync(tab, ns);
        Assert.Equal("typed meanwhile", (string)(await RecordAsync(ns))["content"]!);
        tab.AssertClean();

        static bool IsHistory(IRequest request) => request.Url.Contains("/history?", StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_refused_key_and_a_link_leave_the_text_that_is_not_saved()
    {
        const string ns = "unsaved";
        await PutAsync(ns, new JsonObject { ["content"] = "before" });
        await using var tab = await EditAsync(ns);
        var content = tab.Page.GetByLabel("Content");
        await content.FillAsync("not saved yet");
        await tab.RefuseAsync(request => request.Method == "PUT", 401, "key-missing");
        await tab.Role(AriaRole.Button, "Save").ClickAsync();
        await tab.Page.GetByLabel("API key").FillAsync("another");
        await tab.Role(AriaRole.Button, "Use this key").ClickAsync();
        await Assertions.Expect(tab.Page.Locator(".side")).ToContainTextAsync("Key ····ther");
        await Assertions.Expect(content).ToHaveValueAsync("not saved yet");

        var search = tab.Page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Link, new() { Name = "Search" });
        await search.ClickAsync();
        await tab.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Assertions.Expect(content).ToHaveValueAsync("not saved yet");
        Assert.EndsWith($"#/record/{ns}/key", tab.Page.Url, StringComparison.Ordinal);
        await search.ClickAsync();
        await tab.Role(AriaRole.Button, "Leave it").ClickAsync();
        await Tab.SeesAsync(tab.Page.Locator("#query"));
        tab.Expects("401");
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_new_record_is_opened_as_it_was_written()
    {
        const string ns = "written-anew";
        await using var tab = await host.OpenAsync($"#/record/{ns}?new=1");
        await tab.Page.GetByLabel("Key").FillAsync("key");
        await tab.Page.GetByLabel("Content").FillAsync("as it was written");
        var read = await tab.Page.RunAndWaitForRequestAsync(() => tab.Role(AriaRole.Button, "Write it").ClickAsync(), request => IsRead(request, ns));
        Assert.NotNull(await read.HeaderValueAsync("Sophia-Min-Sequence"));
        await Assertions.Expect(tab.Page.Locator("pre.text")).ToHaveTextAsync("as it was written");
        Assert.EndsWith($"#/record/{ns}/key", tab.Page.Url, StringComparison.Ordinal);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task The_key_can_be_changed_on_a_phone()
    {
        await using var tab = await host.OpenAsync("", Look.Phone);
        await tab.Role(AriaRole.Button, "Enter an API key").ClickAsync();
        await Tab.SeesAsync(tab.Page.GetByLabel("API key"));
        await tab.AssertAccessibleAsync();
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_version_is_shown_as_it_was_though_the_next_came_within_the_same_millisecond()
    {
        const string ns = "same-millisecond";
        await PutAsync(ns, new JsonObject { ["content"] = "the first text" });
        await PutAsync(ns, new JsonObject { ["content"] = "the second text" });
        await using var tab = await host.OpenAsync("#/browse");
        await tab.ChangeAsync("**/history?*", history =>
        {
            foreach (var item in history["items"]!.AsArray())
            {
                item!["recordedAt"] = (string)history["items"]![0]!["recordedAt"]!;
            }

            return history;
        });
        await tab.GoAsync($"#/record/{ns}/key");
        await tab.Page.GetByRole(AriaRole.Slider).PressAsync("ArrowLeft");
        await Assertions.Expect(tab.Page.Locator(".past .difference del")).ToHaveTextAsync("first");
        tab.AssertClean();
    }

    private static bool IsRead(IRequest request, string ns) => request.Method == "GET" && request.Url.EndsWith($"/{ns}/memories/key", StringComparison.Ordinal);

    private Task<JsonNode> RecordAsync(string ns) => host.GetAsync($"/v1/namespaces/{ns}/memories/key");

    // Without Chromium no service was started; the test is skipped when it opens a tab.
    private Task PutAsync(string ns, JsonObject record) => ConsoleHost.Chromium is null ? Task.CompletedTask : host.PutAsync(ns, "key", record);

    private async Task<Tab> EditAsync(string ns)
    {
        var tab = await host.OpenAsync($"#/record/{ns}/key");
        await BeginAsync(tab);
        return tab;
    }

    private static async Task BeginAsync(Tab tab)
    {
        await tab.Role(AriaRole.Button, "Edit").ClickAsync();
        await Tab.SeesAsync(tab.Page.Locator(".editor"));
    }

    /// <summary>Saves and waits until the record is read again, which must see what was saved.</summary>
    private static async Task SaveAsync(Tab tab, string ns)
    {
        var read = await tab.Page.RunAndWaitForRequestAsync(() => tab.Role(AriaRole.Button, "Save").ClickAsync(), request => IsRead(request, ns));
        Assert.NotNull(await read.HeaderValueAsync("Sophia-Min-Sequence"));
        await Tab.SeesAsync(tab.Role(AriaRole.Button, "Edit"));
    }
}
