using System.Net;
using System.Text.Json;
using Sophia.Faults.Tests.Harness;
using Sophia.GpuTier.Tests.Harness;

namespace Sophia.GpuTier.Tests;

/// <summary>A GPU that the driver names and that cannot be opened: the process starts without it, and says which and why.</summary>
[Collection(ClusterTests.Name)]
public sealed class GpuAtStartTests(Database database)
{
    [SkippableTheory]
    [InlineData("cuInit", 802, "fabric manager")]
    [InlineData("cuCtxCreate", 802, "fabric manager")]
    [InlineData("cuCtxCreate", 46, "nvidia-smi")]
    [InlineData("cuCtxCreate", 2, "Another process")]
    [InlineData("cuModuleLoad", 802, "fabric manager")]
    [InlineData("cuMemAlloc", 2, "Another process")]
    [InlineData("cuMemGetInfo", 802, "of its memory are free")]
    public async Task A_node_none_of_whose_GPUs_can_be_opened_says_why_in_its_health_and_its_log_and_is_to_be_started_again(string function, int error, string advice)
    {
        using var driver = new CudaStandIn();
        using var folder = new TestFolder();
        await using var node = Launch("Sophia.GpuTier", folder, driver.Environment(function, error));

        var health = JsonDocument.Parse(await AnsweredAsync(node, "/health", HttpStatusCode.ServiceUnavailable)).RootElement;

        Assert.Contains(advice, health.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Contains(advice, Assert.Single(health.GetProperty("notOpened").EnumerateArray()).GetString(), StringComparison.Ordinal);
        await AnsweredAsync(node, "/alive", HttpStatusCode.ServiceUnavailable);
        Assert.Contains(advice, node.Shown, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_node_starts_with_the_GPUs_that_can_be_opened_and_names_the_other()
    {
        using var driver = new CudaStandIn();
        using var folder = new TestFolder();
        await using var node = Launch("Sophia.GpuTier", folder, driver.Environment("cuCtxCreate", 802, gpus: 2));

        // The stand-in computes nothing, so the check of the one that is used fails; that passes, and is no reason for another process.
        var health = JsonDocument.Parse(await AnsweredAsync(node, "/health", HttpStatusCode.ServiceUnavailable)).RootElement;

        Assert.StartsWith("n/1: ", health.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("n/0: ", Assert.Single(health.GetProperty("notOpened").EnumerateArray()).GetString(), StringComparison.Ordinal);
        Assert.Contains("NVIDIA Stand-in 1", health.GetProperty("engine").GetString(), StringComparison.Ordinal);
        await AnsweredAsync(node, "/alive", HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task A_node_whose_sizes_are_configured_starts_without_the_GPU_that_has_no_memory_free_just_now()
    {
        using var driver = new CudaStandIn();
        using var folder = new TestFolder();
        var environment = driver.Environment("cuMemGetInfo", 2, gpus: 2);
        environment["Sophia__Gpu__VectorCacheBytes"] = $"{512 << 20}";
        await using var node = Launch("Sophia.GpuTier", folder, environment);

        var health = JsonDocument.Parse(await AnsweredAsync(node, "/health", HttpStatusCode.ServiceUnavailable)).RootElement;

        var notOpened = Assert.Single(health.GetProperty("notOpened").EnumerateArray()).GetString();
        Assert.StartsWith("n/0: ", notOpened, StringComparison.Ordinal);
        Assert.Contains("Another process holds its memory", notOpened, StringComparison.Ordinal);
        Assert.Contains("NVIDIA Stand-in 1", health.GetProperty("engine").GetString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_service_whose_GPU_cannot_be_opened_answers_from_host_memory_and_says_so()
    {
        using var driver = new CudaStandIn();
        using var folder = new TestFolder();
        await using var api = Launch("Sophia.Api", folder, driver.Environment("cuCtxCreate", 802));

        await AnsweredAsync(api, "/alive", HttpStatusCode.OK);
        var gpu = JsonDocument.Parse(await AnsweredAsync(api, "/v1/gpu", HttpStatusCode.OK)).RootElement;

        var notOpened = Assert.Single(gpu.GetProperty("notOpened").EnumerateArray());
        Assert.Equal("n/0", notOpened.GetProperty("name").GetString());
        Assert.Equal("NVIDIA Stand-in 0", notOpened.GetProperty("model").GetString());
        Assert.Contains("fabric manager", notOpened.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal("host", Assert.Single(gpu.GetProperty("devices").EnumerateArray()).GetProperty("kind").GetString());
    }

    private SophiaProcess Launch(string service, TestFolder folder, Dictionary<string, string> environment)
    {
        if (service == "Sophia.GpuTier")
        {
            (environment["Sophia__Cluster__NodePort"], environment["Sophia__Cluster__GatewayPort"]) = (RunningCluster.TakePort(), RunningCluster.TakePort());
        }

        return SophiaProcess.Launch(new SophiaSettings
        {
            Service = service, DataDirectory = folder.Path, Environment = environment, Postgres = service == "Sophia.GpuTier" ? database.New() : null,
        });
    }

    private static async Task<string> AnsweredAsync(SophiaProcess process, string path, HttpStatusCode status)
    {
        var body = "";
        await Eventually.IsTrueAsync(
            async () =>
            {
                Assert.False(process.HasExited, process.Shown);
                try
                {
                    (var answered, body) = await RunningCluster.SendAsync(process, HttpMethod.Get, path);
                    return answered == status;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            $"{path} answers {status}", () => process.Shown);
        return body;
    }
}
