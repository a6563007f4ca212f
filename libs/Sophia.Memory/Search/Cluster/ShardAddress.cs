using System.Globalization;
using Sophia.Memory.Namespaces;

namespace Sophia.Memory.Search.Cluster;

/// <summary>
/// Which shard: a namespace, seen with one language and one model, and the number of the shard in it. Its text form names it
/// among the nodes of a cluster.
/// </summary>
/// <param name="Number">From 0, in the order in which shards were opened.</param>
/// <param name="Model">The model's identity where Sophia makes the vectors; else null.</param>
public sealed record ShardAddress(long NamespaceId, int Number, string Language, string? Model)
{
    public static ShardAddress Of(NamespaceInfo ns, int number) => new(ns.Id, number, ns.Settings.Language, ns.Settings.VectorModel);

    /// <exception cref="FormatException">The text is not one that <see cref="ToString"/> made.</exception>
    public static ShardAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('.', 4);
        return parts.Length == 4 && long.TryParse(parts[0], CultureInfo.InvariantCulture, out var ns) &&
            int.TryParse(parts[1], CultureInfo.InvariantCulture, out var number)
            ? new ShardAddress(ns, number, parts[2], parts[3].Length == 0 ? null : parts[3])
            : throw new FormatException($"'{text}' is not the address of a shard.");
    }

    /// <summary>Namespace, number, language and model, with dots between; languages have none.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{NamespaceId}.{Number}.{Language}.{Model}");
}
