using Sophia.Console.Tests.Harness;

namespace Sophia.Console.Tests;

/// <summary>Import takes what was chosen, as it was written.</summary>
[Collection(ConsoleTests.Name)]
public sealed class ImportTests(ConsoleHost host)
{
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
