using System.Runtime.CompilerServices;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Hierarchy;

public sealed partial class MemoryHierarchy
{
    private const int ChangePage = 256;

    // What each reader of a feed has in memory while he takes his time.
    private const long ChangeBytes = 1 << 20;

    /// <summary>The place in the log up to which this process knows the namespace's partition.</summary>
    public async Task<Sequence> NowAsync(NamespaceInfo ns, CancellationToken cancellationToken)
    {
        var now = await _store.ReadWatermarksAsync(cancellationToken).ConfigureAwait(false);
        return Sequence.Of(ns.Partition, now[ns.Partition]);
    }

    /// <summary>Every change of a namespace after a sequence, in order, and those to come; ends only by cancellation.</summary>
    /// <exception cref="RefusedException">log-trimmed: the log no longer has all changes after the sequence.</exception>
    public async IAsyncEnumerable<LogEntry> ChangesAsync(
        NamespaceInfo ns, Sequence from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await RequireUntrimmedAsync(ns, from.Number, cancellationToken).ConfigureAwait(false);
        var isTrimmed = (ns.Settings.LogRetention ?? Options.LogRetention) is not null;
        var entries = new List<LogEntry>(ChangePage);
        using var contents = await _tail.WantContentsAsync(ns.Partition, cancellationToken).ConfigureAwait(false);
        var rows = new PageRows(ChangePage, ChangeBytes);
        for (var after = from.Number; ;)
        {
            var next = _tail.NextAsync(ns.Partition);
            var erasures = _tail.ErasuresOf(ns.Partition);
            var wasHeld = _tail.HoldsAfter(ns.Partition, after);
            var reached = await _tail.ReadAsync(ns, after, rows, entries, cancellationToken).ConfigureAwait(false);
            if (isTrimmed && reached > after && !(wasHeld && _tail.HoldsAfter(ns.Partition, after)))
            {
                // What memory holds has no holes. After the read: a slow reader is told that the retention has overtaken it, rather than given a log with a hole.
                await RequireUntrimmedAsync(ns, after, cancellationToken).ConfigureAwait(false);
            }

            var (given, isOld) = (after, false);
            foreach (var entry in entries)
            {
                // The reader may have taken long over the one before: what has been forgotten meanwhile is not given any more.
                isOld = _tail.ErasuresOf(ns.Partition) != erasures;
                if (isOld)
                {
                    break;
                }

                yield return entry;
                given = entry.Sequence.Number;
            }

            if (isOld)
            {
                after = given;
                continue;
            }

            if (reached == after)
            {
                await next.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            after = reached;
        }
    }

    private async ValueTask RequireUntrimmedAsync(NamespaceInfo ns, long after, CancellationToken cancellationToken)
    {
        var trimmed = await _store.ReadTrimmedAsync(ns, cancellationToken).ConfigureAwait(false);
        if (after < trimmed)
        {
            throw new RefusedException(
                "log-trimmed", $"The log of '{ns.Name}' begins after {Sequence.Of(ns.Partition, trimmed).ToToken()}; what came before is past its retention.",
                "List the records, then follow the changes from 'now'.");
        }
    }
}
