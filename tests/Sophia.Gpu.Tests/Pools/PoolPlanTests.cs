using CsCheck;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Pools;

namespace Sophia.Gpu.Tests.Pools;

public sealed class PoolPlanTests
{
    private const long GiB = 1L << 30;

    private static DeviceFacts Cuda(string model, double gib) => new("0", DeviceKind.Cuda, model, (long)(gib * GiB), new Version(9, 0));

    [Theory]
    [InlineData("NVIDIA GH200 480GB", 95.6, "GH200-96", 41, 27, 20, 8)]
    [InlineData("NVIDIA GH200 144G HBM3e", 143.2, "GH200-144", 61.5, 40.5, 30, 12)]
    [InlineData("NVIDIA H100 80GB HBM3", 79.6, "H100-80", 34.17, 22.5, 16.67, 6.67)]
    [InlineData("NVIDIA H200", 139.8, "H200-141", 60, 40, 30, 11)]
    [InlineData("NVIDIA A10", 22.5, "A10-24", 10.25, 6.75, 5, 2)]
    [InlineData("NVIDIA A100-SXM4-40GB", 40, "by proportion", 17.08, 11.25, 8.33, 3.33)]
    public void A_device_is_divided_by_its_profile(string model, double gib, string name, double models, double cache, double vectors, double buffer)
    {
        var profile = DeviceProfile.Of(Cuda(model, gib));

        Assert.Equal(name, profile.Name);
        Assert.Equal([models, cache, vectors, buffer], profile.Bytes.Select(b => Math.Round((double)b / GiB, 2)));
    }

    [Fact]
    public void What_is_granted_fits_into_what_is_free_and_is_whole_pages() =>
        Gen.Select(Gen.Double[2, 200], Gen.Double[0.05, 1]).Sample((gib, free) =>
        {
            var facts = Cuda("NVIDIA H200", gib);
            var freeBytes = (long)(facts.TotalBytes * free);
            if (freeBytes < 2 * GiB)
            {
                return;
            }

            var plan = PoolPlan.For(facts, freeBytes, new PoolOptions());

            Assert.True(plan.Granted.Sum() <= freeBytes - GiB);
            Assert.All(plan.Granted, granted => Assert.Equal(0, granted % plan.PageBytes));
            Assert.All(plan.Granted.Zip(plan.Profile.Bytes), pair => Assert.True(pair.First <= pair.Second));
        });

    [Fact]
    public void Configured_sizes_are_taken_and_the_others_share_the_rest()
    {
        var plan = PoolPlan.For(Cuda("NVIDIA H200", 139), 139 * GiB, new PoolOptions { VectorCacheBytes = 100 * GiB });

        Assert.Equal(100 * GiB, plan.Granted[(int)PoolKind.VectorCache]);
        Assert.InRange(plan.Granted.Sum(), 137 * GiB, 138 * GiB);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused_with_what_to_change()
    {
        var refused = Assert.Throws<ArgumentException>(() => PoolPlan.For(
            new DeviceFacts("host", DeviceKind.Host, "host memory", 10 * GiB, null), 10 * GiB, new PoolOptions { ModelsBytes = 6 * GiB, VectorCacheBytes = 5 * GiB }));
        Assert.Contains("Lower them by 1,073,741,824, or raise Sophia:Gpu:HostBytes", refused.Message, StringComparison.Ordinal);

        Assert.Throws<ArgumentException>(() => PoolPlan.For(new DeviceFacts("host", DeviceKind.Host, "host memory", 10 * GiB, null), 10 * GiB, new PoolOptions { ModelsBytes = 10 * GiB }));
        Assert.Throws<ArgumentException>(() => PoolPlan.For(new DeviceFacts("host", DeviceKind.Host, "host memory", 10 * GiB, null), 10 * GiB, new PoolOptions { BufferBytes = 7 }));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(GiB / 2)]
    public void A_GPU_without_free_memory_is_no_fault_of_sizes_that_nobody_configured(long free)
    {
        var refused = Assert.Throws<DeviceMemoryException>(() => PoolPlan.For(Cuda("NVIDIA H200", 139), free, new PoolOptions()));
        Assert.Contains($"{free:N0} bytes of its memory are free", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Lower them", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30 * GiB)]
    [InlineData(101 * GiB)]
    public void A_GPU_that_is_busy_is_no_fault_of_sizes_for_which_it_has_the_memory(long free)
    {
        var refused = Assert.Throws<DeviceMemoryException>(() => PoolPlan.For(Cuda("NVIDIA H200", 139), free, new PoolOptions { VectorCacheBytes = 100 * GiB }));
        Assert.Contains("Another process holds its memory", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Lower", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(139 * GiB)]
    public void Sizes_for_which_a_GPU_has_not_the_memory_are_refused_be_it_busy_or_not(long free)
    {
        var refused = Assert.Throws<ArgumentException>(() => PoolPlan.For(Cuda("NVIDIA H200", 139), free, new PoolOptions { VectorCacheBytes = 140 * GiB }));
        Assert.Contains("Lower them by", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sizes_whose_sum_is_beyond_64_bits_are_refused_as_others_are()
    {
        var refused = Assert.Throws<ArgumentException>(() => PoolPlan.For(
            Cuda("NVIDIA H200", 139), 139 * GiB, new PoolOptions { ModelsBytes = 5_000_000_000_000_000_000, VectorCacheBytes = 5_000_000_000_000_000_000 }));
        Assert.Contains("take 10,000,000,000,000,000,000 bytes together", refused.Message, StringComparison.Ordinal);
    }
}
