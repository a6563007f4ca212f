using System.Text;
using System.Text.Json.Nodes;
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
        await tab.Page.Locator("input[type=file]").First.SetInputFilesAsync(new Microsoft.Playwright.FilePayload
        {
            Name = "records.ndjson", MimeType = "application/x-ndjson", Buffer = Encoding.UTF8.GetBytes("""{"key":"k","content":{"n":0.12345678901234567891},"attributes":{"id":9007199254740993}}"""),
        });
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
}
