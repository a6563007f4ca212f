using System.Collections.Concurrent;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Namespaces;

/// <summary>
/// Namespaces as this process knows them. What is fixed (id, partition, vectors) may be kept for ever; what may change
/// (language, residency, retention) is read again after two seconds where other nodes may change it.
/// </summary>
internal sealed class NamespaceDirectory(IRecordStore store, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<(string Tenant, string Name), Known> _known = new();
    private readonly Lock _keeping = new();
    private readonly List<long> _writing = [];
    private long _changes;

    /// <param name="IsDoubtful">It may be older than what is stored: good for nothing but an outage.</param>
    private sealed record Known(NamespaceInfo Namespace, long ReadAt, bool IsDoubtful = false);

    public ValueTask<NamespaceInfo?> FindAsync(string tenant, string name, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue((tenant, name), out var known) && !known.IsDoubtful && (!store.IsShared || clock.GetElapsedTime(known.ReadAt) < Patience))
        {
            return ValueTask.FromResult<NamespaceInfo?>(known.Namespace);
        }

        return LookUpAsync(tenant, name, known, cancellationToken);
    }

    public async ValueTask<NamespaceInfo> EnsureAsync(string tenant, string name, NamespaceSettings settings, CancellationToken cancellationToken)
    {
        if (await FindAsync(tenant, name, cancellationToken).ConfigureAwait(false) is { } known)
        {
            return known;
        }

        var asked = Asking();
        return KeepRead(await store.EnsureNamespaceAsync(tenant, name, settings, cancellationToken).ConfigureAwait(false), asked);
    }

    /// <param name="change">What it makes of the settings that are stored, null where there is no such namespace yet. It may be asked several times.</param>
    /// <exception cref="RefusedException">A setting that is fixed would change.</exception>
    public async Task<NamespaceInfo> ConfigureAsync(
        string tenant, string name, Func<NamespaceSettings?, NamespaceSettings> change, CancellationToken cancellationToken)
    {
        var asked = Asking();
        var current = await store.FindNamespaceAsync(tenant, name, cancellationToken).ConfigureAwait(false)
            ?? await store.EnsureNamespaceAsync(tenant, name, change(null), cancellationToken).ConfigureAwait(false);
        var (old, wanted) = (current.Settings, change(current.Settings));
        if (!old.HasVectorsOf(wanted))
        {
            throw new RefusedException(
                "namespace-settings-fixed",
                $"The vectors of namespace '{name}' are fixed: source {old.VectorSource}, model {old.VectorModel ?? "none"}, {old.Dimensions} dimensions.",
                "Leave these settings as they are, write into a new namespace, or change the model with POST /v1/namespaces/{ns}/model.");
        }

        if (old == wanted)
        {
            return KeepRead(current, asked);
        }

        using var writing = Writing(current.Id);
        return Keep(await store.UpdateNamespaceAsync(current, change, cancellationToken).ConfigureAwait(false), writing);
    }

    /// <summary>Asks the store, however lately it was asked.</summary>
    public async Task<NamespaceInfo?> RefreshAsync(long id, CancellationToken cancellationToken)
    {
        var asked = Asking();
        return await store.FindNamespaceAsync(id, cancellationToken).ConfigureAwait(false) is { } found ? KeepRead(found, asked) : null;
    }

    private async ValueTask<NamespaceInfo?> LookUpAsync(string tenant, string name, Known? known, CancellationToken cancellationToken)
    {
        var asked = Asking();
        try
        {
            var found = await store.FindNamespaceAsync(tenant, name, cancellationToken).ConfigureAwait(false);
            return found is null ? null : KeepRead(found, asked);
        }
        catch (StoreUnavailableException) when (known is not null)
        {
            // What we know is at worst two seconds older than the outage, and reads may go on from the caches.
            return known.Namespace;
        }
    }

    /// <summary>
    /// The namespace is about to be written: until the result is disposed of, the store is asked for it each time, since the change
    /// may be seen there before it is known here.
    /// </summary>
    public NamespaceWriting Writing(long id)
    {
        lock (_keeping)
        {
            _writing.Add(id);
            foreach (var known in _known.Values.Where(known => known.Namespace.Id == id))
            {
                Doubt(known.Namespace);
            }

            return new NamespaceWriting(this, id, ++_changes, clock.GetTimestamp());
        }
    }

    /// <summary>A namespace's settings on their way to the store.</summary>
    /// <param name="Changes">As <see cref="Asking"/> gives it.</param>
    public sealed record NamespaceWriting(NamespaceDirectory Directory, long Id, long Changes, long At) : IDisposable
    {
        public void Dispose() => Directory.EndWriting(Id);
    }

    /// <summary>This is how the namespace was written.</summary>
    public NamespaceInfo Keep(NamespaceInfo ns, NamespaceWriting writing)
    {
        lock (_keeping)
        {
            // Of two who write at the same time only the store knows the later: it is asked again then.
            if (_changes++ == writing.Changes && _writing.Count(id => id == ns.Id) == 1)
            {
                _known[(ns.Tenant, ns.Name)] = new Known(ns, writing.At);
            }
        }

        return ns;
    }

    /// <summary>The namespace was removed: the store is asked again, and no look-up that is under way is kept.</summary>
    public void Drop(NamespaceInfo ns)
    {
        lock (_keeping)
        {
            _changes++;
            _known.TryRemove((ns.Tenant, ns.Name), out _);
        }
    }

    /// <summary>To be called before the store is asked for what is kept then.</summary>
    private (long Changes, long At) Asking() => (Interlocked.Read(ref _changes), clock.GetTimestamp());

    // What was read may be older than what has been changed since it was asked for; then it is an answer, and not kept.
    private NamespaceInfo KeepRead(NamespaceInfo ns, (long Changes, long At) asked)
    {
        lock (_keeping)
        {
            if (_changes == asked.Changes && !_writing.Contains(ns.Id))
            {
                _known[(ns.Tenant, ns.Name)] = new Known(ns, asked.At);
            }
            else
            {
                Doubt(ns);
            }
        }

        return ns;
    }

    private void EndWriting(long id)
    {
        lock (_keeping)
        {
            // Also when nobody knows whether it was written: a look-up from before is not kept.
            _changes++;
            _writing.Remove(id);
        }
    }

    private void Doubt(NamespaceInfo ns)
    {
        if (_known.TryGetValue((ns.Tenant, ns.Name), out var known))
        {
            _known[(ns.Tenant, ns.Name)] = known with { IsDoubtful = true };
        }
    }
}
