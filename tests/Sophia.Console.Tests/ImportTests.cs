using System.Text;
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
        await ChooseAsync(tab, ("records.ndjson", """{"key":"k","content":{"n":0.12345678901234567891},"attributes":{"id":9007199254740993}}"""));
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
        await ChooseAsync(tab, ("note.md", "# A\n\none\n\n# B\n\ntwo\n\n# C\n\nthree"), ("emptied.md", "A text."), ("note.md#0001.txt", "Another file."));
        await Tab.SeesAsync(tab.Page.GetByText("Browse it"));
        Assert.Equal(["emptied.md#0000", "note.md#0000", "note.md#0001", "note.md#0001.txt#0000", "note.md#0002"], await KeysAsync("shorter"));

        await ChooseAsync(tab, ("note.md", "# A\n\none"), ("emptied.md", ""));
        await Assertions.Expect(tab.Page.Locator(".import-line")).ToContainTextAsync("3 chunks removed that the files have no longer");
        await Tab.SeesAsync(tab.Page.GetByText("Browse it"));
        Assert.Equal(["note.md#0000", "note.md#0001.txt#0000"], await KeysAsync("shorter"));
        tab.AssertClean();
    }

    private static Task ChooseAsync(Tab tab, params (string Name, string Text)[] files) =>
        tab.Page.Locator("input[type=file]").First.SetInputFilesAsync(files.Select(f => new FilePayload { Name = f.Name, MimeType = "text/plain", Buffer = Encoding.UTF8.GetBytes(f.Text) }));

    private async Task<IEnumerable<string>> KeysAsync(string ns) =>
        (await host.GetAsync($"/v1/namespaces/{ns}/memories"))["items"]!.AsArray().Select(item => (string)item!["key"]!);
}
