using Sophia.Api.Access;
using Sophia.Snowflake.Serving.Functions;
using Sophia.Gpu.Grains;
using Sophia.Gpu.Models;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Models.Chat;
using Sophia.Memory.Cortex;
using Sophia.Snowflake.Flushing;

namespace Sophia.Api.Composition;

/// <summary>The settings of the edge, from the configuration section Sophia beside those of the memory.</summary>
public sealed record ApiOptions
{
    /// <summary>Where the embedded engines keep their files. Default: ./data.</summary>
    public string DataDirectory { get; init; } = "./data";

    /// <summary>The greatest body of any request, in bytes. Default: 64 MiB.</summary>
    public int MaxRequestBytes { get; init; } = 64 << 20;

    /// <summary>The most records in one POST …/memories. Default: 1,000.</summary>
    public int MaxBatchItems { get; init; } = 1000;

    /// <summary>How long open requests may go on after a stop was asked for. Default: 10 s.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a change feed without changes sends a comment, to keep proxies from closing it. Default: 15 s.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Whether start-up prints the table of tiers. Default: true.</summary>
    public bool Announce { get; init; } = true;

    /// <summary>Models beside the built-in one, by name.</summary>
    public IReadOnlyDictionary<string, ModelOptions> Models { get; init; } = new Dictionary<string, ModelOptions>();

    /// <summary>The model of namespaces that do not choose. Default: hashed, the built-in one.</summary>
    public string DefaultModel { get; init; } = ModelFactory.BuiltIn;

    /// <summary>Models that complete texts, by name. None by default.</summary>
    public IReadOnlyDictionary<string, ChatModelOptions> ChatModels { get; init; } = new Dictionary<string, ChatModelOptions>();

    /// <summary>The model of prompts that name none. Default: the cheapest that the prompt may go to.</summary>
    public string? DefaultChatModel { get; init; }

    /// <summary>The cache in front of models.</summary>
    public CortexOptions Cortex { get; init; } = new();

    public IReadOnlyList<ApiKeyOptions> ApiKeys { get; init; } = [];

    /// <summary>The devices of L0 and how their memory is divided.</summary>
    public PoolOptions Gpu { get; init; } = new();

    /// <summary>Where the nodes of L0 are; by default shards are searched in this process.</summary>
    public ClusterSettings Cluster { get; init; } = new();

    /// <summary>What is written to Snowflake, and when.</summary>
    public SnowflakeOptions Snowflake { get; init; } = new();

    /// <summary>What Snowflake may call here.</summary>
    public ExternalFunctionOptions ExternalFunctions { get; init; } = new();
}
