using System.Security.Cryptography;
using System.Text;
using k8s.Models;
using Sophia.AppHost.Tests;

namespace Sophia.Deploy.Tests.Manifests;

/// <summary>What deploy/generate.sh wrote is of the sources as they are, and nobody wrote into it since. It takes neither Aspire nor Aspirate.</summary>
public sealed class GeneratedTests
{
    private const string Again = "Run deploy/generate.sh, look at the difference and commit it.";

    private static readonly string Base = Path.Combine(Recording.Root, "deploy", "k8s", "base");

    private static Dictionary<string, string> Stamp => File.ReadLines(Path.Combine(Base, "generated.sha256")).ToDictionary(l => l[66..], l => l[..64]);

    [Fact]
    public void The_base_is_of_the_sources_as_they_are() =>
        Assert.True(Stamp["sources"] == Recording.HashOfSources(), $"The AppHost, its integration, a launch profile or a deploy script changed since the base was made. {Again}");

    [Fact]
    public void The_manifest_and_the_base_are_as_they_were_made()
    {
        var files = Directory.EnumerateFiles(Base, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith("generated.sha256", StringComparison.Ordinal))
            .Append(Path.Combine(Recording.Root, "deploy", "environment", "manifest.json"))
            .ToDictionary(f => Path.GetRelativePath(Recording.Root, f).Replace('\\', '/'), HashOf);

        var stamp = Stamp;
        stamp.Remove("sources");
        Assert.True(files.OrderBy(f => f.Key, StringComparer.Ordinal).SequenceEqual(stamp.OrderBy(f => f.Key, StringComparer.Ordinal)), $"Something was written into the base by hand. {Again}");
    }

    [SkippableFact]
    public void The_base_renders_and_what_it_refers_to_is_there_and_no_secret_stands_in_it()
    {
        Skip.IfNot(Kustomize.Missing is null, Kustomize.Missing);
        var set = ManifestSet.Parse(Kustomize.Render("base"));

        Assert.Empty(ReferenceChecks.Find(set).Concat(PolicyChecks.Texts(set)).Concat(PolicyChecks.Places(set)));
        Assert.Equal(["api", "gpu-tier", "postgres", "redis"], set.Workloads.Select(w => w.Pod.Metadata.Labels["app"]).Order());
        Assert.Equal("postgres", set.All<V1ConfigMap>().Single(m => m.Name() == "api-env").Data["Sophia__Cluster__Membership"]);
    }

    private static string HashOf(string file) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(File.ReadAllText(file).ReplaceLineEndings("\n"))));
}
