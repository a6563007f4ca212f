using Microsoft.Extensions.Configuration;
using Sophia.Api.Composition;
using Sophia.Gpu.Pools;
using Sophia.Memory;
using Sophia.Memory.Cortex;

namespace Sophia.Tests.Api;

/// <summary>Sizes beyond what the process can have are refused at the start, with the setting, its value and the limit.</summary>
public sealed class SizesTests
{
    private const string FarTooMuch = "99999999999999";

    [Theory]
    [InlineData("Sophia:ShardLimitBytes")]
    [InlineData("Sophia:ShardMostBytes")]
    [InlineData("Sophia:TailLimitBytes")]
    [InlineData("Sophia:Cluster:NodeBytes")]
    [InlineData("Sophia:Gpu:HostBytes")]
    public void A_size_in_memory_beyond_what_the_process_can_have_is_refused_with_the_limit(string setting)
    {
        var error = Assert.Throws<ConfigurationException>(() => Read((setting, FarTooMuch)));

        Assert.Contains($"{setting} is 99,999,999,999,999", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{AvailableMemory.Limit.Bytes:N0} bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void So_is_the_budget_of_answers_whose_vectors_and_places_are_in_memory() => Assert.Contains(
        $"Sophia:Cortex:CacheBytes is 99,999,999,999,999, and {AvailableMemory.Limit.Of} {AvailableMemory.Limit.Bytes:N0} bytes", new CortexOptions { CacheBytes = 99_999_999_999_999 }.Validate(), StringComparison.Ordinal);

    [Theory]
    [InlineData("12GB")]
    [InlineData("12 GiB")]
    [InlineData("99999999999999999999")]
    public void A_size_that_is_no_number_is_refused_with_how_to_write_it(string value)
    {
        var error = Assert.Throws<ConfigurationException>(() => Read(("Sophia:Gpu:HostBytes", value)));

        Assert.Contains($"'{value}' at 'Sophia:Gpu:HostBytes'", error.Message, StringComparison.Ordinal);
        Assert.Contains("such as 12884901888 for 12 GiB", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("::ffff:0.0.0.0")]
    public void An_address_by_which_nobody_reaches_the_node_is_refused_with_which_to_set(string address)
    {
        var error = Assert.Throws<ConfigurationException>(() => Read(
            ("Sophia:Cluster:Address", address), ("Sophia:Cluster:Membership", "postgres"), ("Sophia:Cluster:HoldsShards", "true"), ("ConnectionStrings:postgres", "Host=127.0.0.1")));

        Assert.Contains($"Sophia:Cluster:Address is {address}", error.Message, StringComparison.Ordinal);
        Assert.Contains("in Kubernetes the pod's", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_process_can_have_is_taken() => Read(
        ("Sophia:ShardLimitBytes", $"{AvailableMemory.Limit.Bytes}"), ("Sophia:ShardMostBytes", $"{AvailableMemory.Limit.Bytes}"), ("Sophia:Gpu:HostBytes", "0x40000000"));

    [Fact]
    public void Bytes_of_the_host_s_pools_are_not_looked_at_where_GPUs_have_them() => Read(("Sophia:Gpu:HostBytes", FarTooMuch), ("Sophia:Gpu:Device", "cuda"));

    [Fact]
    public void Pools_of_more_than_the_machine_has_are_not_granted()
    {
        var error = Assert.Throws<ArgumentException>(() => GpuNode.Open(new PoolOptions { HostBytes = 99_999_999_999_999 }, TimeProvider.System));
        Assert.Contains("Sophia:Gpu:HostBytes is 99,999,999,999,999", error.Message, StringComparison.Ordinal);
    }

    private static void Read(params (string Name, string Value)[] settings) => Settings.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => new KeyValuePair<string, string?>(s.Name, s.Value))).Build());
}
