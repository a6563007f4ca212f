using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Snowflake.Serving.Functions;

/// <summary>What Snowflake may call here; from the section Sophia:ExternalFunctions.</summary>
public sealed record ExternalFunctionOptions
{
    /// <summary>Whose gateways may call, and for which tenant. Default: none, and then no call is served.</summary>
    public IReadOnlyList<IntegrationOptions> Integrations { get; init; } = [];

    public BatchLimits Limits { get; init; } = new();
}
