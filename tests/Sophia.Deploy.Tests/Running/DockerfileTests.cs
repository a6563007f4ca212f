using System.Text.RegularExpressions;
using Sophia.AppHost.Tests;
using Sophia.Deploy.Tests.Manifests;

namespace Sophia.Deploy.Tests.Running;

/// <summary>What can be seen of the images without a container engine: what they are made from, as whom they run, what they say of themselves.</summary>
public sealed partial class DockerfileTests
{
    private static string Images => Path.Combine(Recording.Root, "deploy", "images");

    [Theory]
    [InlineData("api", "Sophia.Api.dll")]
    [InlineData("gh200", "Sophia.GpuTier.dll")]
    public void An_image_is_of_pinned_images_not_root_labelled_and_starts_its_service(string image, string service)
    {
        var file = File.ReadAllText(Path.Combine(Images, $"Dockerfile.{image}"));

        Assert.Empty(Findings(file));
        Assert.Contains($"\"{service}\"]", file[file.IndexOf("ENTRYPOINT", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("USER 1654\n", "", "runs as root")]
    [InlineData("USER 1654\n", "USER root\n", "runs as root")]
    [InlineData(":10.0-noble AS build", ":latest AS build", "is not pinned")]
    [InlineData("org.opencontainers.image.revision", "revision", "lacks the label org.opencontainers.image.revision")]
    [InlineData("--platform=$BUILDPLATFORM ", "", "by emulation")]
    public void What_is_broken_is_found(string old, string @new, string finding)
    {
        var file = File.ReadAllText(Path.Combine(Images, "Dockerfile.gh200"));
        Assert.Contains(old, file, StringComparison.Ordinal);

        Assert.Contains(Findings(file.Replace(old, @new, StringComparison.Ordinal)), f => f.Contains(finding, StringComparison.Ordinal));
    }

    [Fact]
    public void Both_are_built_for_both_processors_with_a_list_of_what_is_in_them()
    {
        var script = File.ReadAllText(Path.Combine(Images, "build.sh"));

        Assert.Contains("--platform linux/amd64,linux/arm64", script, StringComparison.Ordinal);
        Assert.Contains("--sbom=true --provenance=mode=max --push", script, StringComparison.Ordinal);
        Assert.Contains("may be amd64 or arm64", Refused("publish.sh", "Sophia.Api", "riscv64", Path.GetTempPath()), StringComparison.Ordinal);
        Assert.Contains("latest does not", Refused("build.sh", "registry.example.com/sophia", "latest"), StringComparison.Ordinal);
        Assert.All(["publish.sh", "build.sh"], name => Assert.Contains("Usage:", Refused(name), StringComparison.Ordinal));
    }

    private static string Refused(string script, params string[] arguments) =>
        Assert.Throws<InvalidOperationException>(() => Kustomize.Run("bash", [Path.Combine(Images, script), .. arguments])).Message;

    private static IEnumerable<string> Findings(string file)
    {
        var stages = Stage().Matches(file).Select(m => (Platform: m.Groups[1].Value, Image: m.Groups[2].Value)).ToList();
        if (stages.Count < 2) yield return "It is built in one stage: the SDK would be in the image.";
        if (stages[0].Platform.Length == 0) yield return "It is built by emulation where the other processor is asked for.";
        foreach (var (_, from) in stages.Where(s => !Pinned().IsMatch(s.Image))) yield return $"The image {from} is not pinned to a version.";
        if (User().Matches(file).LastOrDefault() is not { } user || user.Groups[1].Value is "0" or "root") yield return "It runs as root.";
        foreach (var label in new[] { "title", "version", "revision" }.Select(l => $"org.opencontainers.image.{l}").Where(l => !file.Contains($"{l}=\"", StringComparison.Ordinal))) yield return $"It lacks the label {label}.";
    }

    [GeneratedRegex(@"^FROM (--platform=\$BUILDPLATFORM )?(\S+)", RegexOptions.Multiline)]
    private static partial Regex Stage();

    [GeneratedRegex(@":[0-9]+[.][0-9]+")]
    private static partial Regex Pinned();

    [GeneratedRegex(@"^USER (\S+)", RegexOptions.Multiline)]
    private static partial Regex User();
}
