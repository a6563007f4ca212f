using Sophia.Gpu.Models;
using Sophia.Gpu.Models.Chat;
using Sophia.Memory.Cortex;
using Sophia.Memory.Models;
using Sophia.Snowflake.Connecting;
using Sophia.Snowflake.Models;

namespace Sophia.Snowflake.Serving;

/// <summary>Makes models of the configuration, those of Cortex among them, which are asked through an account.</summary>
public static class CortexModels
{
    /// <summary>The built-in model and those of the configuration.</summary>
    /// <param name="standard">Sophia:DefaultModel, the one of namespaces that do not choose.</param>
    /// <param name="account">ConnectionStrings:snowflake; null: none is configured.</param>
    /// <exception cref="ArgumentException">A model cannot be made as it is configured, or the standard one is none of them; the message says what to change.</exception>
    public static ModelCatalog Catalog(
        IReadOnlyDictionary<string, ModelOptions> configured, string standard, string? account, TimeProvider clock, Sophia.Gpu.Pools.PooledDevice device)
    {
        ArgumentNullException.ThrowIfNull(configured);
        var models = new List<EmbeddingModel> { ModelFactory.Hashed() };
        try
        {
            foreach (var (name, options) in configured.OrderBy(static m => m.Key, StringComparer.Ordinal))
            {
                models.Add(Create(name, options, account, clock, device));
            }

            return new ModelCatalog(models, models.Find(model => model.Name == standard) ?? throw new ArgumentException(
                $"Sophia:DefaultModel is '{standard}', which is none of {string.Join(", ", models.Select(static m => m.Name))}."));
        }
        catch (ArgumentException)
        {
            models.ForEach(static model => model.Embedder.Dispose());
            throw;
        }
    }

    /// <param name="account">ConnectionStrings:snowflake; null: none is configured.</param>
    /// <inheritdoc cref="ModelFactory.Create"/>
    public static EmbeddingModel Create(string name, ModelOptions options, string? account, TimeProvider clock, Sophia.Gpu.Pools.PooledDevice? device)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Kind == ModelKind.Cortex
            ? ModelFactory.CreateCortex(name, options, () => new CortexEmbedder(name, Account($"Sophia:Models:{name}", account), options.Model!, options.Dimensions, options.Timeout), clock)
            : ModelFactory.Create(name, options, clock, device);
    }

    /// <param name="account">ConnectionStrings:snowflake; null: none is configured.</param>
    /// <inheritdoc cref="ChatModelFactory.Create"/>
    public static ChatModel Create(string name, ChatModelOptions options, string? account, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Kind == ChatModelKind.Cortex
            ? ChatModelFactory.CreateCortex(name, options, () => new CortexChat(name, Account($"Sophia:ChatModels:{name}", account), options.Model!, options.Timeout), clock)
            : ChatModelFactory.Create(name, options, clock);
    }

    private static System.Data.Common.DbDataSource Account(string setting, string? account)
    {
        if (string.IsNullOrWhiteSpace(account))
        {
            throw new ArgumentException($"{setting} is of Kind=Cortex, which takes an account: set ConnectionStrings:snowflake. The local Snowflake has no models.");
        }

        try
        {
            return SnowflakeDataSources.Open(account, null);
        }
        catch (SnowflakeDriverMissingException error)
        {
            throw new ArgumentException(error.Message, error);
        }
    }
}
