using System.Text;
using Microsoft.Extensions.Configuration;
using Sophia.Api.Composition;

namespace Sophia.Tests.Api;

/// <summary>A value that cannot be stops the start wherever it stands: the binder by itself leaves out the entry of a dictionary or list that has one.</summary>
public sealed class SettingsTests
{
    [Theory]
    [InlineData("Sophia:NearCapacity", "many")]
    [InlineData("Sophia:Cortex:Budget:DollarsPerMonth", "50USD")]
    [InlineData("Sophia:Cortex:Budgets:local:DollarsPerMonth", "50USD")]
    [InlineData("Sophia:Cortex:Budgets:local:WarnAt", "80%")]
    [InlineData("Sophia:Models:x:Kind", "Foo")]
    [InlineData("Sophia:Models:x:Dimensions", "abc")]
    [InlineData("Sophia:Models:x:Timeout", "soon")]
    [InlineData("Sophia:Models:x:Retries", "many")]
    [InlineData("Sophia:Models:x:Local", "on")]
    [InlineData("Sophia:Models:x:PieceIds", "Mine")]
    [InlineData("Sophia:ChatModels:c:Kind", "Foo")]
    [InlineData("Sophia:ChatModels:c:InputDollars", "0,15")]
    [InlineData("Sophia:ChatModels:c:TimeToLive", "a day")]
    public void A_value_of_the_wrong_form_is_refused_with_the_setting_and_the_value(string setting, string value)
    {
        var error = Assert.Throws<ConfigurationException>(() => Read((setting, value)));

        Assert.Contains($"'{value}' at '{setting}'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sophia:Cortex:Budget")]
    [InlineData("Sophia:Cortex:Budgets")]
    [InlineData("Sophia:Cortex:Budgets:local")]
    [InlineData("Sophia:Models:x")]
    [InlineData("Sophia:ChatModels:c")]
    [InlineData("Sophia:ApiKeys")]
    [InlineData("Sophia:ApiKeys:0")]
    [InlineData("Sophia:ApiKeys:0:Tenants")]
    [InlineData("Sophia:ApiKeys:0:Scopes")]
    [InlineData("Sophia:ExternalFunctions:Integrations")]
    [InlineData("Sophia:ExternalFunctions:Integrations:0")]
    [InlineData("Sophia:ExternalFunctions:Integrations:0:Namespaces")]
    [InlineData("Sophia:Gpu")]
    public void A_value_where_settings_of_their_own_belong_is_refused_and_not_shown(string setting)
    {
        var error = Assert.Throws<ConfigurationException>(() => Read((setting, "s3cret")));

        Assert.Contains($"{setting} has a value", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sophia:Models:x:Kindd", "OpenAI", "Sophia:Models:x:Kind?")]
    [InlineData("Sophia:ApiKeys:0:Tenats:0", "acme", "Sophia:ApiKeys:0:Tenants?")]
    public void A_misspelt_name_within_an_entry_is_refused_with_the_nearest(string setting, string value, string near)
    {
        var error = Assert.Throws<ConfigurationException>(() => Read((setting, value)));

        Assert.Contains(near, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sophia:DefaultModel:x")]
    [InlineData("Sophia:ApiKeys:0:Tenants:0:x")]
    [InlineData("Sophia:Models:x:Dimensions:y")]
    public void Settings_below_a_value_are_refused(string setting)
    {
        var error = Assert.Throws<ConfigurationException>(() => Read((setting, "1")));

        Assert.Contains($"There is no setting {setting}.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Entries_of_the_right_form_are_all_read()
    {
        var (api, memory) = Read(
            ("Sophia:Cortex:Budgets:local:DollarsPerMonth", "50.5"), ("Sophia:Cortex:Budgets:other:WarnAt", "0.5"), ("Sophia:Models:x:Kind", "openai"), ("Sophia:Models:x:Timeout", "00:00:05"),
            ("Sophia:ChatModels:c:InputDollars", "0.15"), ("Sophia:ApiKeys:0:Tenants:0", "acme"), ("Sophia:ApiKeys:0:Tenants:1", "globex"), ("Sophia:ApiKeys:1:Tenant", "initech"),
            ("Sophia:ExternalFunctions:Integrations:0:Namespaces:0", "notes"), ("Sophia:NearCapacity", "7"));

        Assert.Equal((50.5, 0.5, 7), (api.Cortex.BudgetOf("local").DollarsPerMonth, api.Cortex.BudgetOf("other").WarnAt, memory.NearCapacity));
        Assert.Equal((TimeSpan.FromSeconds(5), 0.15), (api.Models["x"].Timeout, api.ChatModels["c"].InputDollars));
        Assert.Equal(["acme", "globex"], api.ApiKeys[0].Tenants);
        Assert.Equal(("initech", "notes"), (api.ApiKeys[1].Tenant, api.ExternalFunctions.Integrations[0].Namespaces[0]));
    }

    [Fact]
    public void Empty_sections_of_a_file_are_the_defaults()
    {
        using var json = new MemoryStream(Encoding.UTF8.GetBytes(
            """{"Sophia":{"Models":{},"ChatModels":{},"ApiKeys":[],"Cortex":{"Budgets":{}},"Limits":{},"ExternalFunctions":{"Integrations":[]},"Cluster":{}}}"""));

        var (api, memory) = Settings.Read(new ConfigurationBuilder().AddJsonStream(json).Build());

        Assert.Equal((0, 0, 0), (api.Models.Count, api.ApiKeys.Count, api.Cortex.Budgets.Count));
        Assert.Equal(new ApiOptions().Cluster, api.Cluster);
        Assert.NotNull(memory.Limits);
    }

    private static (ApiOptions Api, Sophia.Memory.MemoryOptions Memory) Read(params (string Name, string Value)[] settings) =>
        Settings.Read(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(static s => KeyValuePair.Create(s.Name, (string?)s.Value))).Build());
}
