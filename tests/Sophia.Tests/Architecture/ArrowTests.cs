using System.Xml.Linq;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Architecture;

/// <summary>Dependencies point one way: docs/architecture.md draws the arrows, this holds them.</summary>
public sealed class ArrowTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Sophia.Memory"] = [],
        ["Sophia.Client"] = [],
        ["Sophia.ServiceDefaults"] = [],
        ["Sophia.Stores"] = ["Sophia.Memory"],
        ["Sophia.Gpu"] = ["Sophia.Memory"],
        ["Sophia.Snowflake"] = ["Sophia.Memory"],
        ["Sophia.Snowflake.Serving"] = ["Sophia.Memory", "Sophia.Gpu", "Sophia.Snowflake"],
        ["Sophia.Gpu.Grains"] = ["Sophia.Memory", "Sophia.Gpu"],
        ["Sophia.GpuTier"] = ["Sophia.Memory", "Sophia.Gpu", "Sophia.Gpu.Grains", "Sophia.Stores", "Sophia.Snowflake", "Sophia.Snowflake.Serving", "Sophia.ServiceDefaults"],
        ["Sophia.Api"] = ["Sophia.Memory", "Sophia.Stores", "Sophia.Gpu", "Sophia.Gpu.Grains", "Sophia.Snowflake", "Sophia.Snowflake.Serving", "Sophia.ServiceDefaults"],
        ["Sophia.Cli"] = ["Sophia.Client", "Sophia.Snowflake"],
        ["Sophia.SnowflakeEmulator"] = ["Sophia.Snowflake", "Sophia.Gpu"],
        ["Sophia.Hosting.Snowflake"] = [],
        ["Sophia.AppHost"] = ["Sophia.Api", "Sophia.GpuTier", "Sophia.Cli", "Sophia.SnowflakeEmulator", "Sophia.Hosting.Snowflake"],
    };

    private static readonly string[] DriversAndWeb =
        ["Microsoft.Data.Sqlite", "Npgsql", "StackExchange.Redis", "ILGPU", "Microsoft.AspNetCore.App", "Snowflake.Data", "DuckDB.NET.Data.Full"];

    private static IEnumerable<(string Name, XDocument Project)> Projects() =>
        Directory.EnumerateFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories)
            .Where(path => !Path.GetRelativePath(Repository.Root, path).StartsWith("tests", StringComparison.Ordinal))
            .Where(path => !Path.GetRelativePath(Repository.Root, path).StartsWith("bench", StringComparison.Ordinal))
            .Select(path => (Path.GetFileNameWithoutExtension(path), XDocument.Load(path)));

    private static IEnumerable<string> Names(XDocument project, string element) =>
        project.Descendants(element).Select(e => e.Attribute("Include")!.Value.Replace('\\', '/'));

    [Fact]
    public void Every_project_references_only_what_the_architecture_allows()
    {
        var wrong = from p in Projects()
                    from reference in Names(p.Project, "ProjectReference").Select(Path.GetFileNameWithoutExtension)
                    where !Allowed.TryGetValue(p.Name, out var allowed) || !allowed.Contains(reference)
                    select $"{p.Name} → {reference}";

        Assert.Empty(wrong);
        Assert.Equal(Allowed.Keys.Order(), Projects().Select(p => p.Name).Order());
    }

    [Fact]
    public void The_core_knows_no_web_no_driver_and_no_gpu_library()
    {
        var memory = Projects().Single(p => p.Name == "Sophia.Memory").Project;

        Assert.Empty(Names(memory, "PackageReference").Concat(Names(memory, "FrameworkReference")).Intersect(DriversAndWeb));
    }

    [Fact]
    public void Ilgpu_is_known_to_its_device_and_the_kernels_alone()
    {
        var gpu = Path.Combine(Repository.Root, "libs", "Sophia.Gpu");
        string[] known = [Path.Combine("Devices", "Ilgpu"), "Kernels"];
        var elsewhere = Directory.EnumerateFiles(gpu, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(gpu, file))
            .Where(file => !file.StartsWith("obj", StringComparison.Ordinal) && !file.StartsWith("bin", StringComparison.Ordinal))
            .Where(file => !known.Any(folder => file.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)))
            .Where(file => File.ReadLines(Path.Combine(gpu, file)).Any(line => line.StartsWith("using ILGPU", StringComparison.Ordinal)));

        Assert.Empty(elsewhere);
    }

    [Fact]
    public void What_is_compiled_keeps_the_arrows_too()
    {
        var memory = typeof(Sophia.Memory.Hierarchy.MemoryHierarchy).Assembly.GetReferencedAssemblies().Select(a => a.Name!).ToArray();
        var gpu = typeof(Sophia.Gpu.Shards.HostShardEngine).Assembly.GetReferencedAssemblies().Select(a => a.Name!).ToArray();

        Assert.DoesNotContain(memory, name => name.StartsWith("Sophia.", StringComparison.Ordinal) || name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
        Assert.DoesNotContain("Sophia.Stores", gpu);
    }
}
