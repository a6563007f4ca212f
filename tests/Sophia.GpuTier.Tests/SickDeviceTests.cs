using System.Net;
using System.Text.Json;
using Sophia.Faults.Tests.Harness;
using Sophia.GpuTier.Tests.Harness;

namespace Sophia.GpuTier.Tests;

/// <summary>A node whose device computes nothing: it answers from host memory until its shards are elsewhere, and gets none.</summary>
[Collection(ClusterTests.Name)]
public sealed class SickDeviceTests(Database database)
{
    private const int Namespaces = 8;

    /// <summary>Puts a device into the node's process whose kernel check fails while a file is there.</summary>
    private static readonly string Hook = AppContext.BaseDirectory.Replace("Sophia.GpuTier.Tests", "Sophia.GpuTier.SickDevice", StringComparison.Ordinal) + "Sophia.GpuTier.SickDevice.dll";

    [SkippableFact]
    public async Task A_node_whose_device_fails_is_emptied_without_a_wrong_or_partial_answer_and_takes_shards_again_when_it_is_well()
    {
        using var folder = new TestFolder();
        var sick = Path.Combine(folder.Path, "sick");
        await using var cluster = new RunningCluster(database.New());
        var node = await cluster.StartNodeAsync(("DOTNET_STARTUP_HOOKS", Hook), ("SICK_DEVICE_FILE", sick), ("Sophia__Cluster__DeviceSettling", "00:00:05"));
        var api = await cluster.StartApiAsync(isClustered: true);
        await RunningCluster.ReachesNodesAsync(api);
        var fleets = new Fleets(api, Namespaces, 400);
        await fleets.FillAsync();
        await fleets.AreWholeAsync();
        Assert.Equal(Namespaces, (await Fleets.ServedAsync(node)).Count);
        // Nothing is missing while the shards go over: each answer is whole though it might be partial.
        await using var load = fleets.Search(allowPartial: true);

        // Alone it goes on to serve.
        await File.WriteAllTextAsync(sick, "");
        await Eventually.IsTrueAsync(async () => (await HealthAsync(node)).Status == HttpStatusCode.ServiceUnavailable, "the node says that its device fails", () => node.Shown);
        Assert.Contains("CUDA error 802", (await HealthAsync(node)).Reason, StringComparison.Ordinal);
        await load.AnsweredAsync(50);

        var other = await cluster.StartNodeAsync();
        await Eventually.IsTrueAsync(async () => (await Fleets.ServedAsync(node)).Count == 0, "its shards are elsewhere", () => node.Shown + other.Shown);
        await fleets.FillAsync(Namespaces, 10);
        Assert.Equal(10, await fleets.CountAsync(Namespaces));
        await Eventually.IsTrueAsync(async () => (await Fleets.ServedAsync(other)).Count == Namespaces + 1, "the other node serves them, and the new one", () => node.Shown + other.Shown);

        File.Delete(sick);
        await Eventually.IsTrueAsync(async () => (await HealthAsync(node)).Status == HttpStatusCode.OK, "the node is well", () => node.Shown, TimeSpan.FromSeconds(90));
        await Eventually.IsTrueAsync(async () => (await Fleets.ServedAsync(node)).Count > 0, "it takes shards again", () => node.Shown + other.Shown, TimeSpan.FromSeconds(90));
        await load.AnsweredAsync(50);
        await load.DisposeAsync();

        Assert.True(load.Wrong.IsEmpty, string.Join(Environment.NewLine, load.Wrong));
    }

    [SkippableFact]
    public async Task A_node_that_has_lost_its_device_is_not_alive_so_that_it_is_started_again()
    {
        using var folder = new TestFolder();
        var sick = Path.Combine(folder.Path, "sick");
        await using var cluster = new RunningCluster(database.New());
        var node = await cluster.StartNodeAsync(("DOTNET_STARTUP_HOOKS", Hook), ("SICK_DEVICE_FILE", sick));
        Assert.Equal(HttpStatusCode.OK, await AliveAsync(node));

        // What passes by itself is no reason for another process.
        await File.WriteAllTextAsync(sick, "");
        await Eventually.IsTrueAsync(async () => (await HealthAsync(node)).Status == HttpStatusCode.ServiceUnavailable, "the node says that its device fails", () => node.Shown);
        Assert.Equal(HttpStatusCode.OK, await AliveAsync(node));

        await File.WriteAllTextAsync(sick, "lost");
        await Eventually.IsTrueAsync(async () => await AliveAsync(node) == HttpStatusCode.ServiceUnavailable, "the node is not alive", () => node.Shown);
        Assert.Contains("start it again", (await HealthAsync(node)).Reason, StringComparison.Ordinal);
    }

    private static async Task<HttpStatusCode> AliveAsync(SophiaProcess node) => (await RunningCluster.SendAsync(node, HttpMethod.Get, "/alive")).Status;

    private static async Task<(HttpStatusCode Status, string? Reason)> HealthAsync(SophiaProcess node)
    {
        var (status, body) = await RunningCluster.SendAsync(node, HttpMethod.Get, "/health");
        return (status, JsonDocument.Parse(body).RootElement.GetProperty("reason").GetString());
    }
}
