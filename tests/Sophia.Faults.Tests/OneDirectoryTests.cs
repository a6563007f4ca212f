using System.Net;
using Sophia.Faults.Tests.Harness;

namespace Sophia.Faults.Tests;

[Collection(FaultTests.Name)]
public sealed class OneDirectoryTests
{
    [Fact]
    public async Task A_second_process_on_one_data_directory_refuses_and_says_why_and_the_first_goes_on()
    {
        using var folder = new TestFolder();
        var settings = new SophiaSettings { DataDirectory = folder.Path };
        await using var first = await SophiaProcess.StartAsync(settings);
        (await first.Http.PutTextAsync("notes", "before", "written before")).Require(HttpStatusCode.Created);

        await using var second = SophiaProcess.Launch(settings);
        Assert.NotEqual(0, await second.WaitForExitAsync(TimeSpan.FromSeconds(20)));

        Assert.Contains(folder.Path, second.Errors, StringComparison.Ordinal);
        Assert.Contains($"in use by process {first.Id}", second.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Errors, StringComparison.Ordinal);
        (await first.Http.PutTextAsync("notes", "after", "written after")).Require(HttpStatusCode.Created);
        Assert.Equal("written before", (await first.Http.GetRecordAsync("notes", "before")).Require(HttpStatusCode.OK).Content);
    }
}
