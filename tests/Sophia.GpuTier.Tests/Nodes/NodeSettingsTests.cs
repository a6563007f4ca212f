using Microsoft.Extensions.Configuration;
using Sophia.GpuTier.Composition;

namespace Sophia.GpuTier.Tests.Nodes;

/// <summary>A node refuses what the API refuses: also a wrong value within a dictionary or a list.</summary>
public sealed class NodeSettingsTests
{
    [Theory]
    [InlineData("Sophia:NearCapacity", "many")]
    [InlineData("Sophia:Models:x:Kind", "Foo")]
    [InlineData("Sophia:Models:x:Dimensions", "abc")]
    public void A_value_of_the_wrong_form_is_refused_with_the_setting_and_the_value(string setting, string value)
    {
        var error = Assert.Throws<FormatException>(() => Read(setting, value));

        Assert.Contains($"'{value}' at '{setting}'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sophia:Models:x")]
    [InlineData("Sophia:ExternalFunctions:Integrations:0")]
    [InlineData("Sophia:ExternalFunctions:Integrations:0:Namespaces")]
    public void A_value_where_settings_of_their_own_belong_is_refused_and_not_shown(string setting)
    {
        var error = Assert.Throws<FormatException>(() => Read(setting, "s3cret"));

        Assert.Contains($"{setting} has a value", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sophia:Cluster:NodeBytes", "99999999999999", "bytes of memory. Set it to at most that")]
    [InlineData("Sophia:Gpu:HostBytes", "99999999999999", "bytes of memory. Set it to at most that")]
    [InlineData("Sophia:Cluster:Address", "0.0.0.0", "in Kubernetes the pod's")]
    public void What_cannot_be_on_this_machine_is_refused_with_what_to_set(string setting, string value, string what)
    {
        var error = Assert.Throws<FormatException>(() => Read(setting, value));

        Assert.Contains(setting, error.Message, StringComparison.Ordinal);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
    }

    private static (NodeOptions Node, Sophia.Memory.MemoryOptions Memory) Read(string name, string value) =>
        NodeOptions.Read(new ConfigurationBuilder().AddInMemoryCollection([new(name, value), new("ConnectionStrings:postgres", "Host=127.0.0.1")]).Build());
}
