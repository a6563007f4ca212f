using System.Text.Json.Serialization;

namespace Sophia.Client;

/// <summary>How a namespace remembers. What is null is left to the service.</summary>
public sealed record NamespaceSettings
{
    /// <summary>Who makes the vectors: <c>embedder</c>, <c>caller</c> or <c>none</c>.</summary>
    public string? VectorSource { get; init; }

    /// <summary>The name of the model that makes the vectors; the service has a default.</summary>
    public string? Model { get; init; }

    /// <summary>The identity of the model that made the vectors.</summary>
    public string? VectorModel { get; init; }
    public int? Dimensions { get; init; }

    /// <summary>Of stemming and stop words: <c>en</c>, <c>de</c>, <c>fr</c>, <c>es</c> or <c>none</c>. It may change at any time.</summary>
    public string? Language { get; init; }

    /// <summary>True: its content never leaves the company's machines.</summary>
    public bool? Resident { get; init; }

    /// <summary>How long history is kept behind the current versions, in whole seconds; null from the service: for ever.</summary>
    public long? LogRetentionSeconds { get; init; }
}

/// <param name="Count">Records that readers see.</param>
public sealed record NamespaceInfo([property: JsonRequired] string Name, long Count, NamespaceSettings? Settings, DateTimeOffset? CreatedAt);
