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
