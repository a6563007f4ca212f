using System.Globalization;
using System.Net;
using Sophia.Faults.Tests.Harness;

namespace Sophia.Faults.Tests;

[Collection(FaultTests.Name)]
public sealed class DiskFullTests
{
    private const int Megabytes = 32;
    private const int BallastBytes = 12 << 20;

    [SkippableFact]
    public async Task A_full_disk_refuses_writes_while_reads_and_search_go_on_and_room_ends_it()
    {
        using var disk = new SmallDisk(Megabytes);
        var ballast = Path.Combine(disk.Path, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[BallastBytes]);
        await using var process = await SophiaProcess.StartAsync(new SophiaSettings { DataDirectory = Path.Combine(disk.Path, "data") });
        var first = (await process.Http.PutTextAsync("notes", "first", "the cat sleeps on the server")).Require(HttpStatusCode.Created);

        var stored = new List<string>();
        Answer? refusal = null;
        for (var n = 0; refusal is null; n++)
        {
            Assert.True(n < 1000, "The disk did not fill.");
            var key = string.Create(CultureInfo.InvariantCulture, $"large-{n}");
            var answer = await process.Http.PutTextAsync("notes", key, Large(key));
            if (answer.Status == HttpStatusCode.Created)
            {
                stored.Add(key);
            }
            else
            {
                refusal = answer;
            }
        }

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "store-full"), (refusal.Status, refusal.Code));
        Assert.True(refusal.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.NotEmpty(stored);
        foreach (var key in stored)
        {
            Assert.Equal(Large(key), (await process.Http.GetRecordAsync("notes", key)).Require(HttpStatusCode.OK).Content);
        }

        Assert.Contains("first", await process.Http.SearchAsync("notes", "sleeping cats", first.Sequence));
        Assert.Equal(stored.Count + 1, (await process.Http.ReadAllAsync("notes")).Count);
        Assert.Equal("degraded", (await process.Http.TierAsync("L3")).State);

        File.Delete(ballast);
        (await process.Http.PutTextAsync("notes", "after", "there is room again")).Require(HttpStatusCode.Created);
        Assert.Equal("there is room again", (await process.Http.GetRecordAsync("notes", "after")).Require(HttpStatusCode.OK).Content);
        Assert.Equal(stored.Count + 2, (await process.Http.ReadAllAsync("notes")).Count);
        Assert.Equal("healthy", (await process.Http.TierAsync("L3")).State);
    }

    // 64 KiB that no compression makes much smaller.
    private static string Large(string key)
    {
        var bytes = new byte[48 << 10];
        new Random(key.Length + int.Parse(key.AsSpan(6), CultureInfo.InvariantCulture)).NextBytes(bytes);
        return Convert.ToBase64String(bytes);
    }
}
