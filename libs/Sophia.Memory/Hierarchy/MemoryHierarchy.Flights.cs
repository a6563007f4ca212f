using Sophia.Memory.Caching;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Hierarchy;

/// <summary>Visits to the store: one at a time for a key, however many wait for it.</summary>
public sealed partial class MemoryHierarchy
{
    private Flight Join(NamespaceInfo ns, string key, RecordId id, long cursor, string? epoch)
    {
        var flightKey = new NearKey(ns.Id, key);
        if (_flights.TryGetValue(flightKey, out var flying))
        {
            return flying;
        }

        var landing = new TaskCompletionSource<MemoryRecord?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var own = new Flight(landing.Task, id, ns.Partition, cursor, epoch);
        var joined = _flights.GetOrAdd(flightKey, own);
        if (ReferenceEquals(joined, own))
        {
            _ = FlyAsync(ns, key, flightKey, own, landing);
        }

        return joined;
    }

    // Owned by the landing: every way it can end is handed to those who wait.
    private async Task FlyAsync(NamespaceInfo ns, string key, NearKey flightKey, Flight flight, TaskCompletionSource<MemoryRecord?> landing)
    {
        try
        {
            landing.TrySetResult(await ReadAsync(ns, key).ConfigureAwait(false));
        }
        catch (Exception error)
        {
            landing.TrySetException(error);
        }
        finally
        {
            _flights.TryRemove(new KeyValuePair<NearKey, Flight>(flightKey, flight));
        }
    }

    private async Task<MemoryRecord?> ReadAsync(NamespaceInfo ns, string key)
    {
        using var limit = new CancellationTokenSource(Options.HardTimeout, Clock);
        try
        {
            return await _store.GetAsync(ns, key, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new StoreUnavailableException($"L3 did not answer within {Options.HardTimeout.TotalSeconds:N1} s.");
        }
    }

    // With a stale value at hand the soft limit counts, else the hard one, which the flight itself keeps.
    private Task<MemoryRecord?> WaitAsync(Task<MemoryRecord?> flight, NamespaceInfo ns, string key, CancellationToken cancellationToken) =>
        _near.TryGet(ns.Id, key, out _)
            ? flight.WaitAsync(Options.SoftTimeout, Clock, cancellationToken)
            : flight.WaitAsync(cancellationToken);
}
