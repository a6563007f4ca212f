namespace Sophia.Memory.Namespaces;

/// <summary>Where the vectors of a namespace come from.</summary>
public enum VectorSource
{
    /// <summary>Sophia's configured embedder makes them from text; callers may not bring their own.</summary>
    Embedder,

    /// <summary>The caller brings them, with records and with queries; records without one are found by words only.</summary>
    Caller,

    /// <summary>There are none: words only.</summary>
    None,
}

/// <summary>What can be set for a namespace. Vector source, model and dimension are fixed when it is created.</summary>
public sealed record NamespaceSettings
{
    public VectorSource VectorSource { get; init; } = VectorSource.Embedder;

    /// <summary>The model's name when the source is the embedder.</summary>
    public string? VectorModel { get; init; }

    /// <summary>Length of the vectors, 1–4,096; 0 when there are none.</summary>
    public int Dimensions { get; init; }

    /// <summary>Language of stemming, stop words and accents: one of <see cref="NamespaceRules.Languages"/>.</summary>
    public string Language { get; init; } = "en";

    /// <summary>Resident namespaces never leave the company's machines: no mirror, no Cortex, no external model.</summary>
    public bool Resident { get; init; }

    /// <summary>How long history is kept behind the current versions; null for ever.</summary>
    public TimeSpan? LogRetention { get; init; }

    /// <summary>Whether its vectors come from the same place, and can be compared with the other's.</summary>
    public bool HasVectorsOf(NamespaceSettings other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return VectorSource == other.VectorSource && VectorModel == other.VectorModel && Dimensions == other.Dimensions;
    }
}

/// <summary>A namespace of a tenant.</summary>
/// <param name="Id">Of the tenant's name for ever: one that is removed and made anew has it again, and another time of creation.</param>
/// <param name="Partition">The log partition that its changes go to, 0–63.</param>
public sealed record NamespaceInfo(
    long Id, string Tenant, string Name, int Partition, NamespaceSettings Settings, DateTimeOffset CreatedAt);
