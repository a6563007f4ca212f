using System.Reflection;
using Orleans.GrainDirectory;
using Orleans.Metadata;
using Orleans.Runtime;
using Sophia.Gpu.Grains.Hosting;
using Sophia.Gpu.Grains.Nodes;

namespace Sophia.GpuTier.Tests.Nodes;

/// <summary>What nodes of two versions have in common while one is replaced by the other.</summary>
public sealed class MixedVersionsTests
{
    /// <summary>
    /// The attribute comes with the manifest of grains that all nodes share. One of a version that does not have the directory could not call the
    /// grain at all, nor could a service that asks by it: its forgets, evictions and removals failed.
    /// </summary>
    [Fact]
    public void No_grain_names_a_directory_that_a_node_of_the_version_before_may_not_have()
    {
        var grains = typeof(NoDirectory).Assembly.GetTypes().Where(static type => type.IsAssignableTo(typeof(IGrainBase)) && !type.IsAbstract).ToArray();

        Assert.True(grains.Length >= 2);
        Assert.All(grains, static grain => Assert.Null(grain.GetCustomAttribute<GrainDirectoryAttribute>()));
    }

    [Fact]
    public void Grains_that_every_node_has_are_in_no_directory_and_shards_in_that_of_all()
    {
        var directory = new NoDirectory();
        var type = typeof(NodesGrain).GetCustomAttribute<GrainTypeAttribute>()!.GetGrainType(null!, typeof(NodesGrain));

        Assert.True(directory.TryResolveGrainDirectory(type, null, out var none));
        Assert.Same(directory, none);
        Assert.False(directory.TryResolveGrainDirectory(GrainType.Create("shard"), null, out _));
        // By which those of the version before know it.
        Assert.Equal("nodes", type.ToString());
    }
}
