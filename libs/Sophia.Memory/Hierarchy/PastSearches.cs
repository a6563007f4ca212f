using System.Collections.Concurrent;
using Sophia.Memory.Namespaces;

namespace Sophia.Memory.Hierarchy;

/// <summary>
/// Searches in the past that are under way. Each has what it read, with its contents, in a shard of its own that stands in no directory and
/// follows no log, so an erasure waits for it to be over.
/// </summary>
internal sealed class PastSearches
{
    private readonly ConcurrentDictionary<TaskCompletionSource, (long NamespaceId, long Seen)> _underWay = new();

    /// <summary>One begins, before it reads anything; it is over when the result is disposed of.</summary>
    /// <param name="seen">The number up to which the partition's log was known: what was erased by then it does not read.</param>
    public IDisposable Begin(NamespaceInfo ns, long seen)
    {
        var search = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _underWay[search] = (ns.Id, seen);
        return new UnderWay(this, search);
    }

    /// <summary>Waits for those that may have read what was erased up to the number.</summary>
    /// <returns>False where one takes longer.</returns>
    public async Task<bool> AreOverAsync(NamespaceInfo ns, long number, TimeSpan patience, CancellationToken cancellationToken)
    {
        var before = _underWay.Where(search => search.Value.NamespaceId == ns.Id && search.Value.Seen < number).Select(static search => search.Key.Task);
        try
        {
            await Task.WhenAll(before).WaitAsync(patience, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private sealed class UnderWay(PastSearches searches, TaskCompletionSource search) : IDisposable
    {
        public void Dispose()
        {
            searches._underWay.TryRemove(search, out _);
            search.TrySetResult();
        }
    }
}
