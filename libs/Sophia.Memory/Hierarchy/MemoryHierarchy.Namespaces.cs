using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;

namespace Sophia.Memory.Hierarchy;

// Namespaces: found, made, configured, counted.
public sealed partial class MemoryHierarchy
{
    /// <summary>The namespace, or null when there is none; known ones are found without a visit to the store.</summary>
    public ValueTask<NamespaceInfo?> FindNamespaceAsync(string tenant, string name, CancellationToken cancellationToken) =>
        _namespaces.FindAsync(tenant, name, cancellationToken);

    /// <summary>The namespace that a write goes to; made when it is missing.</summary>
    /// <param name="callerDimensions">Length of the vectors that the first write brings; 0 when it brings none.</param>
    public async ValueTask<NamespaceInfo> NamespaceForWriteAsync(
        string tenant, string name, int callerDimensions, CancellationToken cancellationToken)
    {
        if (await _namespaces.FindAsync(tenant, name, cancellationToken).ConfigureAwait(false) is { } known)
        {
            return known;
        }

        var settings = callerDimensions > 0
            ? new NamespaceSettings { VectorSource = VectorSource.Caller, Dimensions = callerDimensions }
            : DefaultSettings;
        var made = await _namespaces.EnsureAsync(tenant, name, settings, cancellationToken).ConfigureAwait(false);
        if (_cluster is null)
        {
            // A new namespace is empty, so its shard costs nothing to load and the first search finds it warm.
            _shards.Open(made, out _);
        }

        return made;
    }

    /// <summary>Makes a namespace with these settings, or gives it all of them that may change.</summary>
    /// <exception cref="RefusedException">namespace-settings-fixed: vector source, model or dimension would change. model-not-resident.</exception>
    public Task<NamespaceInfo> ConfigureNamespaceAsync(string tenant, string name, NamespaceSettings settings, CancellationToken cancellationToken) =>
        ConfigureNamespaceAsync(tenant, name, _ => settings, cancellationToken);

    /// <summary>Makes a namespace, or changes what may change of it; what others change at the same time stays.</summary>
    /// <param name="change">What it makes of the settings that are stored, null where there is no such namespace yet. It may be asked several times.</param>
    /// <exception cref="RefusedException">namespace-settings-fixed: vector source, model or dimension would change. model-not-resident.</exception>
    public async Task<NamespaceInfo> ConfigureNamespaceAsync(
        string tenant, string name, Func<NamespaceSettings?, NamespaceSettings> change, CancellationToken cancellationToken)
    {
        NamespaceSettings Admitted(NamespaceSettings? current)
        {
            var wanted = change(current);
            if (Models.Identified(wanted.VectorModel) is { } model)
            {
                ModelCatalog.RequireResidency(model, name, wanted.Resident);
            }

            return wanted;
        }

        var configured = await _namespaces.ConfigureAsync(tenant, name, Admitted, cancellationToken).ConfigureAwait(false);
        if (configured.Settings.Resident)
        {
            Archive?.Recall(configured);
        }

        return configured;
    }

    public Task<IReadOnlyList<NamespaceInfo>> ListNamespacesAsync(string tenant, string? after, int limit, CancellationToken cancellationToken) =>
        _store.ListNamespacesAsync(tenant, after, limit, cancellationToken);

    /// <summary>Records that a reader can see now.</summary>
    public Task<long> CountAsync(NamespaceInfo ns, CancellationToken cancellationToken) =>
        _store.CountAsync(ns.Id, Clock.GetUtcNow(), cancellationToken);
}
