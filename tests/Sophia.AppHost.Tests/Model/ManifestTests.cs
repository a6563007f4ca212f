using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Sophia.AppHost.Tests.Model;

/// <summary>What the AppHost publishes.</summary>
public sealed class ManifestTests
{
    [Fact]
    public async Task The_manifest_in_the_repository_is_what_the_apphost_publishes()
    {
        var folder = Directory.CreateTempSubdirectory("sophia-manifest-").FullName;
        var file = Path.Combine(folder, "manifest.json");
        using var apphost = Process.Start(new ProcessStartInfo("dotnet", [typeof(LocalEngines).Assembly.Location, "--publisher", "manifest", "--output-path", file]) { RedirectStandardOutput = true })!;
        await apphost.StandardOutput.ReadToEndAsync();
        await apphost.WaitForExitAsync();
        Assert.Equal(0, apphost.ExitCode);

        Assert.Equal(await ResourcesAsync(Path.Combine(Recording.Root, "deploy", "environment", "manifest.json")), await ResourcesAsync(file));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task It_has_each_resource_of_the_system_and_of_settings_that_services_read_all()
    {
        var resources = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Recording.Root, "deploy", "environment", "manifest.json")))!["resources"]!.AsObject();

        Assert.Equal(["api", "gpu-tier", "postgres", "redis"], resources.Where(r => (string)r.Value!["type"]! is "project.v0" or "container.v0").Select(r => r.Key).Order());
        Assert.Equal(["api-key-hash", "postgres-password", "redis-password", "snowflake-private-key"],
            resources.Where(r => (bool?)r.Value!["inputs"]?["value"]?["secret"] == true).Select(r => r.Key).Order());
        var api = resources["api"]!["env"]!.AsObject().ToDictionary(e => e.Key, e => (string)e.Value!);
        Assert.Equal("{redis.connectionString}", api["ConnectionStrings__redis"]);
        Assert.Equal("{sophia.connectionString}", api["ConnectionStrings__postgres"]);
        Assert.Equal("{lake.connectionString}", api["ConnectionStrings__snowflake"]);
        Assert.Equal("{api-key-hash.value}", api["Sophia__ApiKeys__0__Hash"]);
        Assert.Equal("{sophia.connectionString}", (string)resources["gpu-tier"]!["env"]!["ConnectionStrings__postgres"]!);
        Assert.All(["api", "gpu-tier"], service => Assert.DoesNotContain("ASPNETCORE_FORWARDEDHEADERS_ENABLED", resources[service]!["env"]!.AsObject().Select(e => e.Key)));
        // A secret is given once, in its connection string; and TLS ends before the services.
        Assert.DoesNotContain(api.Keys, name => name.EndsWith("_PASSWORD", StringComparison.Ordinal) || name.EndsWith("_URI", StringComparison.Ordinal));
        Assert.All(["api", "gpu-tier"], service => Assert.Equal(["http"], resources[service]!["bindings"]!.AsObject().Select(b => b.Key)));
    }

    /// <summary>The resources, without the folders that their projects lie in, which are relative to the file.</summary>
    private static async Task<string> ResourcesAsync(string file)
    {
        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(file))!;
        foreach (var (_, resource) in manifest["resources"]!.AsObject())
        {
            if ((string?)resource!["path"] is { } path)
            {
                resource["path"] = Path.GetFileName(path);
            }
        }

        return manifest.ToJsonString();
    }
}
