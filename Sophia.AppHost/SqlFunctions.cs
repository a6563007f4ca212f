using System.Security.Cryptography;
using System.Text;

namespace Sophia.AppHost;

/// <summary>SOPHIA_VECTOR_SEARCH and its like in the emulator's SQL.</summary>
internal static class SqlFunctions
{
    /// <summary>The emulator calls the API, which knows it by a secret of this machine's; an account reaches Sophia through a gateway of its own.</summary>
    public static IResourceBuilder<SnowflakeResource> WithFunctionsOf(this IResourceBuilder<SnowflakeResource> snowflake, IResourceBuilder<ProjectResource> api)
    {
        if (snowflake.Resource.Emulator is not { } emulator)
        {
            return snowflake;
        }

        var secret = ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(snowflake.ApplicationBuilder, $"{snowflake.Resource.Name}-functions-secret", special: false);
        snowflake.ApplicationBuilder.CreateResourceBuilder(emulator)
            .WithEnvironment("Emulator__Sophia__Url", api.GetEndpoint("http"))
            .WithEnvironment("Emulator__Sophia__Secret", $"{secret}");
        api.WithEnvironment("Sophia__ExternalFunctions__Integrations__0__Name", "emulator")
            .WithEnvironment("Sophia__ExternalFunctions__Integrations__0__Tenant", "local")
            .WithEnvironment(async context => context.EnvironmentVariables["Sophia__ExternalFunctions__Integrations__0__SecretHash"] =
                "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(await secret.GetValueAsync(context.CancellationToken) ?? ""))));
        return snowflake;
    }
}
