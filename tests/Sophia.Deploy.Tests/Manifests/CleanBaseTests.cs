using Sophia.AppHost.Tests;

namespace Sophia.Deploy.Tests.Manifests;

/// <summary>What Aspirate wrote is not trusted: deploy/clean-base.sh refuses what is missing or not resolved, and takes secrets out.</summary>
public sealed class CleanBaseTests : IDisposable
{
    private const string Given = "given-by-the-operator";
    private readonly string _folder = Directory.CreateTempSubdirectory("sophia-base-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_setting_made_of_a_secret_leaves_the_config_map_and_others_stay()
    {
        Write("api", "    - HTTP_PORTS=8080", $"    - ConnectionStrings__redis=redis:6379,password={Given}", "    - Sophia__ApiKeys__0__Name=first", "    - ASPNETCORE_URLS=http://+:8080;");

        Clean();

        var left = File.ReadAllLines(Path.Combine(_folder, "api", "kustomization.yaml")).Where(l => l.Contains('=', StringComparison.Ordinal));
        Assert.Equal(["    - HTTP_PORTS=8080"], left);
    }

    [Fact]
    public void A_config_map_of_secrets_alone_goes_with_what_refers_to_it()
    {
        Write("api", $"    - REDIS_PASSWORD={Given}");

        Clean();

        var files = string.Concat(Directory.EnumerateFiles(Path.Combine(_folder, "api")).Select(File.ReadAllText));
        Assert.DoesNotContain("api-env", files, StringComparison.Ordinal);
        Assert.Contains("terminationGracePeriodSeconds", files, StringComparison.Ordinal);
    }

    [Fact]
    public void A_resource_that_was_skipped_is_named()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "redis"));

        Assert.Contains("left out the resource api", Assert.Throws<InvalidOperationException>(Clean).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("    - URL=http://{other.bindings.http.host}")]
    [InlineData("    - A B={uri-encoded.value}")]
    public void A_reference_that_was_not_resolved_is_refused(string setting)
    {
        Write("api", "    - HTTP_PORTS=8080", setting);

        Assert.Contains("did not resolve", Assert.Throws<InvalidOperationException>(Clean).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_outside_the_config_map_is_refused()
    {
        Write("api", "    - HTTP_PORTS=8080");
        File.AppendAllText(Path.Combine(_folder, "api", "deployment.yaml"), $"\n# {Given}");

        Assert.Contains("a secret", Assert.Throws<InvalidOperationException>(Clean).Message, StringComparison.Ordinal);
    }

    /// <summary>As Aspirate 9.1 writes a service.</summary>
    private void Write(string name, params string[] settings)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        File.WriteAllText(Path.Combine(folder, "kustomization.yaml"), $"resources:\n- deployment.yaml\n\nconfigMapGenerator:\n- name: {name}-env\n  literals:\n{string.Join('\n', settings)}\n\n");
        File.WriteAllText(Path.Combine(folder, "deployment.yaml"), $"---\nspec:\n      containers:\n      - name: {name}\n        envFrom:\n        - configMapRef:\n            name: {name}-env\n      terminationGracePeriodSeconds: 180");
    }

    private void Clean()
    {
        var manifest = Path.Combine(_folder, "manifest.json");
        File.WriteAllText(manifest, "{\n  \"resources\": {\n    \"api\": {\n      \"type\": \"project.v0\"\n    }\n  }\n}\n");
        Kustomize.Run("bash", Path.Combine(Recording.Root, "deploy", "clean-base.sh"), manifest, _folder, Given);
    }
}
