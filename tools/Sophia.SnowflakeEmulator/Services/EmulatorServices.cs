using Sophia.Gpu.Models;
using Sophia.Gpu.Models.Chat;
using Sophia.Memory.Cortex;
using Sophia.Memory.Models;
using Sophia.Snowflake.ExternalFunctions.Ddl;
using Sophia.Snowflake.Local;
using Sophia.Snowflake.Local.Remote;

namespace Sophia.SnowflakeEmulator.Services;

/// <summary>What the database calls: the models of the section <c>Sophia</c>, read as Sophia itself reads them, and the gateways.</summary>
internal static class EmulatorServices
{
    // A gateway's address in Snowflake is https://; this one leads to the service that is configured.
    private const string SophiaUrl = "https://sophia.local";
    private const string SecretHeader = "Sophia-Integration-Secret";

    /// <exception cref="EmulatorConfigurationException">A model or a gateway cannot be; the message says what to change.</exception>
    public static LocalServices Build(EmulatorOptions options, IConfiguration configuration, TimeProvider clock)
    {
        List<LocalGateway> gateways = [.. options.Gateways.Select((gateway, i) => Gateway(gateway, $"Emulator:Gateways:{i}"))];
        if (options.Sophia is { } sophia)
        {
            gateways.Add(new LocalGateway(new Uri(SophiaUrl + "/"), Address(sophia.Url?.TrimEnd('/') + "/v1/snowflake/functions/", "Emulator:Sophia:Url"), SecretHeader, sophia.Secret));
        }

        var models = configuration.GetSection("Sophia");
        try
        {
            // One by one: of a dictionary the binder leaves out the entries that it cannot read.
            List<ChatModel> chat = [.. models.GetSection("ChatModels").GetChildren().OrderBy(static m => m.Key, StringComparer.Ordinal)
                .Select(m => ChatModelFactory.Create(m.Key, m.Get<ChatModelOptions>() ?? new ChatModelOptions(), clock))];
            return new LocalServices { Embedder = Embedder(models, clock), ChatModels = new ChatModelCatalog(chat, null), Gateways = gateways, Clock = TimeProvider.System };
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            throw new EmulatorConfigurationException(error.Message);
        }
    }

    /// <summary>Makes Sophia's functions in PUBLIC where Sophia is configured, by the statements that an account gets.</summary>
    public static async Task MakeFunctionsAsync(LocalSnowflake engine, EmulatorOptions options)
    {
        if (options.Sophia is null) return;
        var ddl = new FunctionDdl { Url = SophiaUrl, Schema = LocalSnowflake.DefaultSchema, AwsRole = "arn:aws:iam::000000000000:role/local" };
        using var session = engine.OpenSession();
        foreach (var statement in LocalSession.Split(ddl.Statements(FunctionForm.Amazon))) await session.ExecuteAsync(statement);
    }

    private static EmbeddingModel Embedder(IConfigurationSection models, TimeProvider clock)
    {
        var name = models["DefaultModel"] ?? ModelFactory.BuiltIn;
        if (name == ModelFactory.BuiltIn) return ModelFactory.Hashed();
        var options = models.GetSection($"Models:{name}").Get<ModelOptions>() ?? throw new ArgumentException($"Sophia:DefaultModel is '{name}', and there is no Sophia:Models:{name}.");
        return ModelFactory.Create(name, options, clock);
    }

    private static LocalGateway Gateway(EmulatorGateway gateway, string at) => gateway.Secret is { Length: > 0 } && string.IsNullOrWhiteSpace(gateway.SecretHeader)
        ? throw new EmulatorConfigurationException($"{at} has a Secret and no SecretHeader to send it in.")
        : new(Address(gateway.Prefix, at + ":Prefix"), Address(gateway.Target, at + ":Target"), gateway.SecretHeader, gateway.Secret);

    private static Uri Address(string? address, string setting) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.AbsoluteUri.EndsWith('/')
            ? uri
            : throw new EmulatorConfigurationException($"{setting} is '{address}': an address of http or https that ends with a slash is wanted.");
}
