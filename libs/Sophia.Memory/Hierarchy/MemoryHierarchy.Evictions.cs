using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Hierarchy;

/// <summary>What a cache that keeps its entries as records needs: to see its records come and go, and to take some out.</summary>
public sealed partial class MemoryHierarchy
{
    /// <summary>Told of changes of all namespaces, before the cursor passes them. It must be quick, and must not throw.</summary>
    /// <remarks>Where nobody wants contents (<see cref="WantContentsAsync"/>), what other processes wrote comes without its record.</remarks>
    internal event Action<IReadOnlyList<LogEntry>>? Changed;

    /// <summary>From here on, and until the lease is given back, changes of the namespace come with their contents.</summary>
    internal ValueTask<IDisposable> WantContentsAsync(NamespaceInfo ns, CancellationToken cancellationToken) =>
        _tail.WantContentsAsync(ns.Partition, cancellationToken);

    /// <summary>Erases records as a forget does, each only while the version is the current one; returns for each whether it went.</summary>
    /// <exception cref="StoreUnavailableException"/>
    /// <exception cref="StoreFullException"/>
    /// <exception cref="TooManyWritesException"/>
    internal async Task<bool[]> EvictAsync(IReadOnlyList<(NamespaceInfo Namespace, string Key, Sequence Current)> records)
    {
        var groups = new WriteGroup[records.Count];
        for (var i = 0; i < groups.Length; i++)
        {
            var (ns, key, current) = records[i];
            groups[i] = new WriteGroup([new ForgetOperation(ns, key, IdOf(ns, key))]) { Guard = new GroupGuard(ns, key, current) };
        }

        // All at once: the committer makes a few transactions of them.
        var outcomes = await Task.WhenAll(groups.Select(group => WriteAsync(group, new Trail()))).ConfigureAwait(false);
        return [.. outcomes.Select(static outcome => !outcome.GuardFailed)];
    }
}
