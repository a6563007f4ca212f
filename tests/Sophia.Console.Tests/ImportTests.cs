using Microsoft.Playwright;
using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>Import takes what was chosen, as it was written.</summary>
[Collection(ConsoleTests.Name)]
public sealed class ImportTests(ConsoleHost host)
{
    [SkippableFact]
    public async Task A_number_too_large_for_a_double_is_imported_as_it_was_written()
    {
        await using var tab = await host.OpenAsync("#/import");
        await tab.Page.GetByLabel("Into namespace").FillAsync("large-numbers");
        await tab.ChooseAsync(("records.ndjson", """{"key":"k","content":{"n":0.12345678901234567891},"attributes":{"id":9007199254740993}}"""));
        await Tab.SeesAsync(tab.Page.GetByText("Browse it"));
        var record = (await host.GetAsync("/v1/namespaces/large-numbers/memories/k")).ToJsonString();
        Assert.Contains("9007199254740993", record, StringComparison.Ordinal);
        Assert.Contains("0.12345678901234567891", record, StringComparison.Ordinal);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task What_is_hidden_in_a_folder_is_not_imported()
    {
        var folder = Directory.CreateTempSubdirectory("sophia-hidden-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "note.md"), "A note.");
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, ".secret.txt"), "A secret.");
            await File.WriteAllTextAsync(Path.Combine(folder.CreateSubdirectory(".hidden").FullName, "token.txt"), "A token.");
            await using var tab = await host.OpenAsync("#/import");
            await tab.Page.GetByLabel("Into namespace").FillAsync("no-secrets");
            await tab.Page.Locator("input[webkitdirectory]").SetInputFilesAsync(folder.FullName);
            await Tab.SeesAsync(tab.Page.GetByText("Browse it"));
            var items = (await host.GetAsync("/v1/namespaces/no-secrets/memories"))["items"]!.AsArray();
            Assert.Equal("note.md#0000", (string)Assert.Single(items)!["key"]!);
            tab.AssertClean();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [SkippableFact]
    public async Task A_document_that_became_shorter_leaves_no_chunk_of_its_former_text()
    {
        await using var tab = await host.OpenAsync("#/import");
        await tab.Page.GetByLabel("Into namespace").FillAsync("shorter");
        await tab.ChooseAsync(("note.md", "# A\n\none\n\n# B\n\ntwo\n\n# C\n\nthree"), ("emptied.md", "A text."), ("note.md#0001.txt", "Another file."));
        await Tab.SeesAsync(tab.Page.GetByText("Browse it"));
        Assert.Equal(["emptied.md#0000", "note.md#0000", "note.md#0001", "note.md#0001.txt#0000", "note.md#0002"], await KeysAsync("shorter"));

        await tab.ChooseAsync(("note.md", "# A\n\none"), ("emptied.md", ""));
        await Assertions.Expect(tab.Page.Locator(".import-line")).ToContainTextAsync("3 chunks removed that the files have no longer");
        await Tab.SeesAsync(tab.Page.GetByText("Browse it"));
        Assert.Equal(["note.md#0000", "note.md#0001.txt#0000"], await KeysAsync("shorter"));
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_drop_whose_page_was_left_before_it_was_read_is_not_sent()
    {
        await using var tab = await host.OpenAsync("#/import");
        await tab.Page.GetByLabel("Into namespace").FillAsync("left-behind");
        await DropAsync(tab, "read => { window.release = () => read(new File(['A text.'], 'late.md')); }");
        await tab.Page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Link, new() { Name = "Browse" }).ClickAsync();
        await Tab.SeesAsync(tab.Role(AriaRole.Heading, "Browse"));
        await tab.Page.EvaluateAsync("() => window.release()");
        // A whole import takes longer than the one that must not be.
        await tab.GoAsync("#/import");
        await tab.Page.GetByLabel("Into namespace").FillAsync("after-it");
        await tab.ChooseAsync(("note.md", "A text."));
        await Tab.SeesAsync(tab.Page.GetByText("Browse it"));
        var known = (await host.GetAsync("/v1/namespaces?limit=500"))["items"]!.AsArray().Select(item => (string)item!["name"]!);
        Assert.DoesNotContain("left-behind", known);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task What_is_dropped_during_an_import_is_refused_and_leaves_the_import_as_it_is()
    {
        await using var tab = await host.OpenAsync("#/import");
        await tab.Page.GetByLabel("Into namespace").FillAsync("busy");
        var givenUp = await tab.HoldAsync(request => request.Method == "POST");
        await tab.ChooseAsync(("note.md", "A text."));
        await Tab.SeesAsync(tab.Role(AriaRole.Button, "Stop"));
        await DropAsync(tab, "(read, failed) => failed(new DOMException('It is gone.', 'NotFoundError'))");
        await Assertions.Expect(tab.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("An import is running.");
        await tab.Role(AriaRole.Button, "Stop").ClickAsync();
        await givenUp;
        await Tab.SeesAsync(tab.Page.GetByText("What has a receipt is stored"));
        await Assertions.Expect(tab.Page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task Files_are_not_taken_without_a_namespace_and_can_be_chosen_again()
    {
        await using var tab = await host.OpenAsync("#/import");
        var name = tab.Page.GetByLabel("Into namespace");
        await name.FillAsync("");
        await tab.ChooseAsync(("note.md", "A text."));
        await Assertions.Expect(name).ToBeFocusedAsync();
        Assert.Equal(0, await tab.Page.Locator("input[type=file]").First.EvaluateAsync<int>("input => input.files.length"));
        await name.FillAsync("named-late");
        await tab.ChooseAsync(("note.md", "A text."));
        await Tab.SeesAsync(tab.Page.GetByText("Browse it"));
        Assert.Equal(["note.md#0000"], await KeysAsync("named-late"));
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task How_many_were_not_taken_is_said_though_not_all_are_shown()
    {
        await using var tab = await host.OpenAsync("#/import");
        await tab.Page.GetByLabel("Into namespace").FillAsync("many-wrong");
        await tab.ChooseAsync(("records.ndjson", string.Concat(Enumerable.Repeat("no record\n", 250)) + """{"key":"k","content":"x"}"""));
        await Tab.SeesAsync(tab.Page.GetByText("250 not taken, the first 200 shown."));
        await Assertions.Expect(tab.Page.Locator(".import-errors li")).ToHaveCountAsync(200);
        await Tab.SeesAsync(tab.Page.GetByText("Browse it"));
        Assert.Equal(["k"], await KeysAsync("many-wrong"));
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_record_that_makes_the_service_refuse_its_batch_is_named_and_the_others_are_taken()
    {
        await using var tab = await host.OpenAsync("#/import");
        await tab.Page.GetByLabel("Into namespace").FillAsync("refused-batch");
        var keys = new List<string>();
        tab.Page.Request += (_, request) =>
        {
            if (request.Method == "POST")
            {
                keys.Add(request.Headers["idempotency-key"]);
            }
        };
        await tab.RefuseAsync(request => request.PostData?.Contains("\"large\"", StringComparison.Ordinal) == true, 413, "too-large");
        var deep = new string('[', 63) + new string(']', 63);
        await tab.ChooseAsync(("records.ndjson", string.Join('\n',
            """{"key":"a","content":"x"}""", $$"""{"key":"deep","content":{{deep}}}""", """{"key":"b","content":"x"}""", """{"key":"large","content":"x"}""", """{"key":"c","content":"x"}""")));

        await Tab.SeesAsync(tab.Page.GetByText("Browse it"));
        var refused = tab.Page.Locator(".import-errors li");
        await Assertions.Expect(refused).ToHaveCountAsync(2);
        await Assertions.Expect(refused.First).ToContainTextAsync("records.ndjson, line 2 malformed-json");
        await Assertions.Expect(refused.Last).ToContainTextAsync("records.ndjson, line 4 too-large");
        Assert.Equal(["a", "b", "c"], await KeysAsync("refused-batch"));
        Assert.Equal(keys.Count, keys.Distinct().Count());
        tab.Expects("400");
        tab.Expects("413");
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task An_import_is_not_cut_to_pieces_when_its_records_are_not_the_reason()
    {
        await using var tab = await host.OpenAsync("#/import");
        await tab.Page.GetByLabel("Into namespace").FillAsync("not-the-reason");
        var sent = 0;
        tab.Page.Request += (_, request) => sent += request.Method == "POST" ? 1 : 0;
        await tab.RefuseAsync(request => request.Method == "POST", 400, "invalid-namespace");
        await tab.ChooseAsync(("records.ndjson", """{"key":"a","content":"x"}""" + "\n" + """{"key":"b","content":"x"}"""));
        await Tab.SeesAsync(tab.Page.GetByText("Stopped. What has a receipt is stored"));
        Assert.Equal(1, sent);
        tab.Expects("400");
        tab.AssertClean();
    }

    [SkippableFact]
    public async Task A_line_that_names_a_field_twice_is_not_taken()
    {
        await using var tab = await host.OpenAsync("#/import");
        await tab.Page.GetByLabel("Into namespace").FillAsync("doubled");
        await tab.ChooseAsync(("records.ndjson", string.Join('\n',
            """{"key":"a","content":"x","content":"y"}""",
            """{"key":"b","content":"x","attributes":{"n":1,"\u006e" :2}}""",
            """{"key":"c","content":{"key":"\"key\":{\\","list":[{"key":1},{"key":2}]},"tags":["key","key"]}""")));
        await Tab.SeesAsync(tab.Page.GetByText("Browse it"));
        await Assertions.Expect(tab.Page.Locator(".import-errors li")).ToHaveTextAsync(
            ["records.ndjson, line 1 not a record: \"content\" is there twice", "records.ndjson, line 2 not a record: \"n\" is there twice"]);
        Assert.Equal(["c"], await KeysAsync("doubled"));
        tab.AssertClean();
    }

    /// <summary>Drops a file that the browser reads as the script says: (read, failed) => ….</summary>
    private static async Task DropAsync(Tab tab, string reading) => await tab.Page.Locator(".drop").EvaluateAsync($$"""
        zone => {
          const entry = { isFile: true, isDirectory: false, name: 'late.md', file: {{reading}} };
          const drop = new Event('drop', { cancelable: true });
          Object.defineProperty(drop, 'dataTransfer', { value: { items: [{ webkitGetAsEntry: () => entry }], files: [] } });
          zone.dispatchEvent(drop);
        }
        """);

    private async Task<IEnumerable<string>> KeysAsync(string ns) =>
        (await host.GetAsync($"/v1/namespaces/{ns}/memories"))["items"]!.AsArray().Select(item => (string)item!["key"]!);
}
