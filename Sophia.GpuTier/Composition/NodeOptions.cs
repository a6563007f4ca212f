using Sophia.Gpu.Grains;
using Sophia.Gpu.Models;
using Sophia.Gpu.Pools;
using Sophia.Memory;
using Sophia.ServiceDefaults;
using Sophia.Snowflake.Flushing;
using Sophia.Snowflake.Serving.Functions;

namespace Sophia.GpuTier.Composition;

/// <summary>The settings of a node of L0, from the configuration section Sophia beside those of the memory.</summary>
public sealed record NodeOptions
{
    public const string Section = "Sophia";

    /// <summary>Where large shards keep the float32 originals of their vectors while they are loaded. Default: ./data.</summary>
    public string DataDirectory { get; init; } = "./data";

    /// <summary>Models beside the built-in one, by name; those of the API, since vectors that are missing are made here too.</summary>
    public IReadOnlyDictionary<string, ModelOptions> Models { get; init; } = new Dictionary<string, ModelOptions>();

    /// <summary>The model of sophia_embed and sophia_similarity, as the API has it. Default: hashed, the built-in one.</summary>
    public string DefaultModel { get; init; } = ModelFactory.BuiltIn;

    /// <summary>What Snowflake may call here. Default: nothing.</summary>
    public ExternalFunctionOptions ExternalFunctions { get; init; } = new();

    /// <summary>When the node's pools and GPUs are written to Snowflake; the mirror is the API's.</summary>
    public SnowflakeOptions Snowflake { get; init; } = new();

    /// <summary>The devices of the node and how their memory is divided.</summary>
    public PoolOptions Gpu { get; init; } = new();

    public ClusterSettings Cluster { get; init; } = new() { Membership = "postgres" };

    /// <exception cref="FormatException">An unknown setting or a value that cannot be; the message says how to fix it.</exception>
    public static (NodeOptions Node, MemoryOptions Memory) Read(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var section = configuration.GetSection(Section);
        try
        {
            section.RefuseUnknown([typeof(NodeOptions), typeof(MemoryOptions)]);
            configuration.RefuseUnknownConnections();
            var node = section.Get<NodeOptions>() ?? new NodeOptions();
            var memory = section.Get<MemoryOptions>() ?? new MemoryOptions();
            var hasPostgres = configuration.GetConnectionString("postgres") is { Length: > 0 };
            return (memory.Validate() ?? node.Validate(hasPostgres)) is { } problem ? throw new FormatException(problem) : (node, memory);
        }
        catch (InvalidOperationException e)
        {
            throw new FormatException($"A setting of {Section} has a value of the wrong form: {e.Message}", e);
        }
    }

    private string? Validate(bool hasPostgres) =>
        string.IsNullOrWhiteSpace(DataDirectory) ? "Sophia:DataDirectory is empty. Name a directory, such as ./data."
        : !hasPostgres ? "ConnectionStrings:postgres is not set. A node of L0 reads the memories from PostgreSQL: give its connection string."
        : Cluster.IsOff ? "Sophia:Cluster:Membership is off: a node that nobody finds. Set it to postgres or localhost."
        : Snowflake.Validate() ?? Gpu.Validate() ?? Cluster.Validate(hasPostgres);
}
