using Sophia.Memory.Models;
using Sophia.Gpu.Pools;
using Sophia.Api.Composition;
using Sophia.Gpu.Models;

namespace Sophia.Tests.Models;

/// <summary>A model that cannot work is refused at start, with the setting's name.</summary>
public sealed class ModelRulesTests
{
    private static readonly ModelOptions Good = new() { Kind = ModelKind.OpenAI, Endpoint = "https://api.openai.com/v1", Model = "text-embedding-3-small", Dimensions = 1536 };

    public static TheoryData<string, string> Wrong => new()
    {
        { "Kind", "Kind is not set" }, { "Endpoint", "Endpoint is not" }, { "Http", "Local=true" }, { "Model", "Model is not set" }, { "Dimensions", "Dimensions is 0" },
        { "BothKeys", "ApiKey and ApiKeyFile" }, { "KeyFile", "which is not there" }, { "BadKey", "cannot stand in a header" }, { "Batch", "BatchTexts is 0" },
        { "Timeout", "Timeout is" }, { "Tokenizer", "only Kind=Onnx" }, { "OnnxFile", "which is not there" }, { "Name", "name is [a-z]" }, { "Hashed", "built-in" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_cannot_be_is_said_with_the_setting_that_fixes_it(string what, string message)
    {
        var (name, options) = what switch
        {
            "Kind" => ("m", Good with { Kind = ModelKind.None }),
            "Endpoint" => ("m", Good with { Endpoint = "api.openai.com" }),
            "Http" => ("m", Good with { Endpoint = "http://models.example/v1" }),
            "Model" => ("m", Good with { Model = " " }),
            "Dimensions" => ("m", Good with { Dimensions = 0 }),
            "BothKeys" => ("m", Good with { ApiKey = "a", ApiKeyFile = "/b" }),
            "KeyFile" => ("m", Good with { ApiKeyFile = "/not/there" }),
            "BadKey" => ("m", Good with { ApiKey = "a\nb" }),
            "Batch" => ("m", Good with { BatchTexts = 0 }),
            "Timeout" => ("m", Good with { Timeout = TimeSpan.Zero }),
            "Tokenizer" => ("m", Good with { Tokenizer = "vocab.txt" }),
            "OnnxFile" => ("m", new ModelOptions { Kind = ModelKind.Onnx, Model = "/not/there.onnx" }),
            "Name" => ("Not A Name", Good),
            _ => ("hashed", Good),
        };

        var error = Assert.Throws<ConfigurationException>(() => Build(
            new ApiOptions { Models = new Dictionary<string, ModelOptions> { [name] = options } }));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains($"Sophia:Models:{name}", error.Message, StringComparison.Ordinal);
    }

    private static ModelCatalog Build(ApiOptions api)
    {
        using var node = GpuNode.Open(new PoolOptions { HostBytes = 1 << 20 }, TimeProvider.System);
        return ModelChoice.Build(api, node, null, TimeProvider.System);
    }

    [Fact]
    public void The_default_model_must_be_one_of_them()
    {
        var error = Assert.Throws<ConfigurationException>(() => Build(new ApiOptions { DefaultModel = "gone" }));
        Assert.Contains("none of hashed", error.Message, StringComparison.Ordinal);
    }
}
