using Sophia.Memory.Cortex;
using Sophia.Gpu.Pools;
using Sophia.Memory.Models;
using Sophia.Snowflake.Serving;

namespace Sophia.Api.Composition;

/// <summary>The models of the configuration, and the one that new namespaces use.</summary>
internal static class ModelChoice
{
    /// <exception cref="ConfigurationException">A model cannot be made as it is configured; the message says what to change.</exception>
    public static ModelCatalog Build(ApiOptions api, GpuNode node, string? snowflake, TimeProvider clock)
    {
        try
        {
            return CortexModels.Catalog(api.Models, api.DefaultModel, snowflake, clock, node.Devices[0]);
        }
        catch (ArgumentException error)
        {
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
                models.Add(CortexModels.Create(name, options, snowflake, clock));
            }

            return api.Cortex.Validate() is { } problem ? throw new ArgumentException(problem) : new ChatModelCatalog(models, api.DefaultChatModel);
        }
        catch (ArgumentException error)
        {
            models.ForEach(static model => model.Client.Dispose());
            throw new ConfigurationException(error.Message);
        }
    }
}
