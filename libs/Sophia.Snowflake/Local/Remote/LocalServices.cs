using Sophia.Memory.Cortex;
using Sophia.Memory.Models;

namespace Sophia.Snowflake.Local.Remote;

/// <summary>What the local Snowflake calls outside of itself. With none of it, the functions that need it fail as they do in an account that has not got them.</summary>
public sealed record LocalServices
{
    /// <summary>Makes the vectors of AI_EMBED, EMBED_TEXT_768, EMBED_TEXT_1024 and AI_SIMILARITY; null: no such model is available.</summary>
    public EmbeddingModel? Embedder { get; init; }

    /// <summary>Answer AI_COMPLETE and COMPLETE, each under its name.</summary>
    public ChatModelCatalog ChatModels { get; init; } = new([], null);

    /// <summary>What stands for the cloud's gateways between Snowflake and the services that external functions call.</summary>
    public IReadOnlyList<LocalGateway> Gateways { get; init; } = [];

    /// <summary>How calls go out; null: over the network, from a connection pool of the engine's.</summary>
    public HttpMessageHandler? Transport { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>
/// Stands for a gateway of Amazon's or Azure's: what an external function calls under an https:// address goes on to a service that
/// can be reached from here, with the secret that the gateway adds. Other addresses are not called: a statement must not reach into the network.
/// </summary>
/// <param name="Prefix">What the addresses of functions begin with, such as https://sophia.local/functions/; ends with a slash.</param>
/// <param name="Target">What stands there instead, such as http://localhost:5080/v1/snowflake/functions/; ends with a slash.</param>
/// <param name="SecretHeader">The header that the gateway adds; null for none.</param>
/// <param name="Secret">Its value.</param>
public sealed record LocalGateway(Uri Prefix, Uri Target, string? SecretHeader = null, string? Secret = null)
{
    /// <summary>The address to call for a function's, always one below <see cref="Target"/>; null where this gateway is not the one.</summary>
    public Uri? TargetOf(string url)
    {
        if (!url.StartsWith(Prefix.AbsoluteUri, StringComparison.Ordinal) || !FunctionAddress.IsPlain(url))
        {
            return null;
        }

        // Appended and not resolved: what is behind the prefix may look like an address of its own.
        return Uri.TryCreate(Target.AbsoluteUri + url[Prefix.AbsoluteUri.Length..], UriKind.Absolute, out var target)
            && target.AbsoluteUri.StartsWith(Target.AbsoluteUri, StringComparison.Ordinal) ? target : null;
    }
}
