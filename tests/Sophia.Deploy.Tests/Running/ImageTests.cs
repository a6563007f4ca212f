using System.Net;
using System.Net.Http.Headers;
using System.Reflection.PortableExecutable;
using k8s.Models;
using Sophia.AppHost.Tests;
using Sophia.Deploy.Tests.Harness;
using Sophia.Deploy.Tests.Manifests;
using Sophia.Tests.Infrastructure;

namespace Sophia.Deploy.Tests.Running;

/// <summary>What the images do, outside a container: the publish step, the entry point, the health check, and the environment of the manifests.</summary>
[Collection(ProcessTests.Name)]
public sealed class ImageTests(ImageTests.Artifacts artifacts) : IClassFixture<ImageTests.Artifacts>
{
    /// <summary>What publishing makes on the way: the libraries are compiled once.</summary>
    public sealed class Artifacts : IDisposable
    {
        public string Folder { get; } = Directory.CreateTempSubdirectory("sophia-artifacts-").FullName;

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }

    [SkippableFact]
    public async Task The_published_api_starts_with_what_the_manifests_give_it_and_asks_for_a_key()
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);
        Skip.IfNot(PostgresServer.Missing is null, PostgresServer.Missing);
        Skip.IfNot(RedisServer.Missing is null, RedisServer.Missing);
        var folder = Directory.CreateTempSubdirectory("sophia-image-").FullName;
        Publish("Sophia.Api", folder);
        Assert.Equal(IsArm ? Machine.Arm64 : Machine.Amd64, CompiledFor(Path.Combine(folder, "Sophia.Api.dll")));
        AssertWithoutCompiler(folder);
        var set = ManifestSet.Parse(Kustomize.Render("dev"));
        string Secret(string name, string key) => System.Text.Encoding.UTF8.GetString(set.All<V1Secret>().Single(s => s.Name() == name).Data[key]);
        using var postgres = await Database.StartAsync("sophia");
        using var redis = RedisServer.StartNew(Secret("sophia-secrets", "REDIS_PASSWORD"));

        var environment = EnvironmentOf(set, "api");
        environment["ConnectionStrings__postgres"] = environment["ConnectionStrings__postgres"].Replace("Host=postgres;", $"Host=127.0.0.1;Port={postgres.Port};", StringComparison.Ordinal);
        environment["ConnectionStrings__redis"] = environment["ConnectionStrings__redis"].Replace("redis:6379", $"127.0.0.1:{redis.Port}", StringComparison.Ordinal);
        environment["Sophia__DataDirectory"] = Path.Combine(folder, "data");
        // The operator's key is told on the terminal alone, so another stands in for it.
        environment["Sophia__ApiKeys__0__Hash"] = "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("key of the test"u8));
        await using (var api = ServiceProcess.StartPublished(Path.Combine(folder, "Sophia.Api.dll"), environment))
        {
            await api.IsHealthyAsync();
            var record = new Uri("/v1/namespaces/n/memories/a", UriKind.Relative);
            using var refused = await api.Http.PutAsync(record, new StringContent("a cat"));
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);

            api.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Secret("sophia-scrape", "key"));
            using var scraper = await api.Http.PutAsync(record, new StringContent("a cat"));
            Assert.Equal(HttpStatusCode.Forbidden, scraper.StatusCode);
            Assert.Contains("sophia_write_waiting", await api.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative)), StringComparison.Ordinal);

            api.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "key of the test");
            using var written = await api.Http.PutAsync(record, new StringContent("a cat"));
            Assert.Equal(HttpStatusCode.Created, written.StatusCode);
            Assert.Equal(0, await api.StopAsync());
        }

        Directory.Delete(folder, recursive: true);
    }

    [SkippableFact]
    public async Task The_published_gpu_tier_starts_with_what_the_manifests_give_it()
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);
        Skip.IfNot(PostgresServer.Missing is null, PostgresServer.Missing);
        var set = ManifestSet.Parse(Kustomize.Render("gh200"));
        using var postgres = await Database.StartAsync("sophia");
        var folder = Directory.CreateTempSubdirectory("sophia-node-").FullName;
        Publish("Sophia.GpuTier", folder);
        var environment = EnvironmentOf(set, "gpu-tier");
        Assert.Equal("cuda", environment["Sophia__Gpu__Device"]);

        // What the cluster would fill in, and the GPU that is not here.
        environment["ConnectionStrings__postgres"] = postgres.ConnectionString("sophia");
        environment["Sophia__Gpu__Device"] = "host";
        environment["Sophia__DataDirectory"] = Path.Combine(folder, "data");
        environment["Sophia__Cluster__NodePort"] = environment["Sophia__Cluster__GatewayPort"] = "0";
        await using (var node = ServiceProcess.StartPublished(Path.Combine(folder, "Sophia.GpuTier.dll"), environment))
        {
            await node.IsHealthyAsync();
            var check = HealthCheck.Replace("8080", $"{node.Http.BaseAddress!.Port}", StringComparison.Ordinal);
            Kustomize.Run("bash", "-c", check);
            Assert.Throws<InvalidOperationException>(() => Kustomize.Run("bash", "-c", check.Replace("/health", "/nothing", StringComparison.Ordinal)));
            Assert.Contains("node-1/", await node.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative)), StringComparison.Ordinal);
            Assert.Equal(0, await node.StopAsync());
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>The command of the GPU tier's HEALTHCHECK, which its shell runs.</summary>
    private static string HealthCheck
    {
        get
        {
            var line = File.ReadLines(Path.Combine(Recording.Root, "deploy", "images", "Dockerfile.gh200")).Single(l => l.StartsWith("HEALTHCHECK", StringComparison.Ordinal));
            var command = System.Text.Json.JsonSerializer.Deserialize<string[]>(line[line.IndexOf('[', StringComparison.Ordinal)..])!;
            Assert.Equal(["/bin/bash", "-c"], command[..2]);
            return command[2];
        }
    }

    /// <summary>
    /// What runs on GH200 nodes is made on any machine: what is not managed code is all there, and of the processor that was asked for, as is
    /// what was compiled beforehand.
    /// </summary>
    [Fact]
    public void What_is_published_for_the_other_processor_has_that_processors_libraries_and_code()
    {
        var folder = Directory.CreateTempSubdirectory("sophia-other-").FullName;
        Publish("Sophia.GpuTier", folder, IsArm ? "amd64" : "arm64");

        var libraries = LibrariesOf(folder);
        Assert.All(libraries, library => Assert.Equal(!IsArm, library.Value));
        var packaged = Path.Combine(Path.GetDirectoryName(ServiceProcess.BuildOf("Sophia.GpuTier"))!, "runtimes", IsArm ? "linux-x64" : "linux-arm64", "native");
        Assert.Equal(Directory.EnumerateFiles(packaged).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal), libraries.Keys);
        Assert.Contains("libe_sqlite3.so", libraries.Keys);
        AssertWithoutCompiler(folder);
        Assert.All(Directory.EnumerateFiles(folder, "Sophia.*.dll").Append(Path.Combine(folder, "Npgsql.dll")), assembly => Assert.Equal(IsArm ? Machine.Amd64 : Machine.Arm64, CompiledFor(assembly)));
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Orleans's packages name the C# compiler, 20 MB, and do not call it.</summary>
    private static void AssertWithoutCompiler(string folder) => Assert.Empty(Directory.EnumerateFiles(folder, "Microsoft.CodeAnalysis*"));

    private static bool IsArm => System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64;

    private void Publish(string project, string folder, string? processor = null) => Kustomize.Run(
        "env", $"SOPHIA_PUBLISH_ARTIFACTS={artifacts.Folder}", Path.Combine(Recording.Root, "deploy", "images", "publish.sh"), project, processor ?? (IsArm ? "arm64" : "amd64"), folder);

    /// <summary>Null for an assembly that has no code compiled beforehand. Its header names the processor, combined with a number for Linux (pedecoder.h of the runtime).</summary>
    private static Machine? CompiledFor(string assembly)
    {
        const ushort Linux = 0x7B79;
        using var reader = new PEReader(File.OpenRead(assembly));
        var headers = reader.PEHeaders;
        return headers.CorHeader!.ManagedNativeHeaderDirectory.Size > 0 ? (Machine)((ushort)headers.CoffHeader.Machine ^ Linux) : null;
    }

    /// <summary>The ELF files in a folder, and whether each is for arm64: e_machine, two bytes at 18, is 183 there and 62 for amd64.</summary>
    private static SortedDictionary<string, bool> LibrariesOf(string folder)
    {
        var libraries = new SortedDictionary<string, bool>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var head = new byte[20];
            using var stream = File.OpenRead(file);
            if (stream.ReadAtLeast(head, 20, throwOnEndOfStream: false) < 20 || !head.AsSpan(0, 4).SequenceEqual("\u007FELF"u8)) continue;
            libraries[Path.GetRelativePath(folder, file)] = BitConverter.ToUInt16(head, 18) switch { 183 => true, 62 => false, var other => throw new InvalidOperationException($"{file} is for the processor {other}.") };
        }

        return libraries;
    }

    /// <summary>
    /// What Kubernetes gives a container: its ConfigMaps and Secrets, a later one winning, then the variables that it names itself,
    /// with an address and a node's name as the cluster would give them. A Secret that an operator of the cluster makes is empty.
    /// </summary>
    private static Dictionary<string, string> EnvironmentOf(ManifestSet set, string deployment)
    {
        var environment = new Dictionary<string, string>();
        var container = set.All<V1Deployment>().Single(d => d.Name() == deployment).Spec.Template.Spec.Containers.Single();
        foreach (var source in container.EnvFrom)
        {
            var pairs = source.ConfigMapRef is { } map
                ? set.All<V1ConfigMap>().Single(m => m.Name() == map.Name).Data
                : set.All<V1Secret>().Single(s => s.Name() == source.SecretRef.Name).Data.ToDictionary(d => d.Key, d => System.Text.Encoding.UTF8.GetString(d.Value));
            foreach (var (name, value) in pairs)
            {
                environment[name] = value;
            }
        }

        foreach (var variable in container.Env ?? [])
        {
            if (variable.ValueFrom?.SecretKeyRef?.Optional == true)
            {
                continue;
            }

            environment[variable.Name] = variable.Value ?? variable.ValueFrom?.FieldRef?.FieldPath switch { "status.podIP" => "127.0.0.1", "spec.nodeName" => "node-1", _ => "" };
        }

        return environment;
    }
}
