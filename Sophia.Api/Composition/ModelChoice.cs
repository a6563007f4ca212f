using Sophia.Gpu.Models;
using Sophia.Gpu.Models.Chat;
using Sophia.Memory.Cortex;
using Sophia.Gpu.Pools;
using Sophia.Memory.Models;
using Sophia.Snowflake.Connecting;
using Sophia.Snowflake.Models;

namespace Sophia.Api.Composition;

/// <summary>The models of the configuration, and the one that new namespaces use.</summary>
internal static class ModelChoice
{
    /// <exception cref="ConfigurationException">A model cannot be made as it is configured; the message says what to change.</exception>
    public static ModelCatalog Build(ApiOptions api, GpuNode node, TimeProvider clock)
    {
        var models = new List<EmbeddingModel> { ModelFactory.Hashed() };
        try
        {
            foreach (var (name, options) in api.Models.OrderBy(static m => m.Key, StringComparer.Ordinal))
            {
                models.Add(ModelFactory.Create(name, options, clock, node.Devices[0]));
            }

            var standard = models.Find(model => model.Name == api.DefaultModel) ?? throw new ArgumentException(
                $"Sophia:DefaultModel is '{api.DefaultModel}', which is none of {string.Join(", ", models.Select(static m => m.Name))}.");
            return new ModelCatalog(models, standard);
        }
        catch (ArgumentException error)
        {
            models.ForEach(static model => model.Embedder.Dispose());
            throw new ConfigurationException(error.Message);
        }
    }

    /// <summary>The models that complete texts, and the one of prompts that name none.</summary>
    /// <exception cref="ConfigurationException">A model cannot be made as it is configured; the message says what to change.</exception>
    public static ChatModelCatalog BuildChat(ApiOptions api, string? snowflake, TimeProvider clock)
    {
        var models = new List<ChatModel>();
        try
        {
            foreach (var (name, options) in api.ChatModels.OrderBy(static m => m.Key, StringComparer.Ordinal))
            {
                models.Add(options.Kind == ChatModelKind.Cortex ? Cortex(name, options, snowflake) : ChatModelFactory.Create(name, options, clock));
            }

            return api.Cortex.Validate() is { } problem ? throw new ArgumentException(problem) : new ChatModelCatalog(models, api.DefaultChatModel);
        }
        catch (ArgumentException error)
        {
            models.ForEach(static model => model.Client.Dispose());
            throw new ConfigurationException(error.Message);
        }
    }

    private static ChatModel Cortex(string name, ChatModelOptions options, string? snowflake)
    {
        if (string.IsNullOrWhiteSpace(snowflake))
        {
            throw new ArgumentException($"Sophia:ChatModels:{name} is of Kind=Cortex, which takes an account: set ConnectionStrings:snowflake. The local Snowflake has no models.");
        }

        try
        {
            return ChatModelFactory.CreateCortex(name, options, new CortexChat(name, SnowflakeDataSources.Open(snowflake, null), options.Model ?? "", options.Timeout));
        }
        catch (SnowflakeDriverMissingException error)
        {
            throw new ArgumentException(error.Message, error);
        }
    }
}
