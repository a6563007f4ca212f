using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Hierarchy;

// A namespace that goes whole: its records, its settings, its name from the listing.
public sealed partial class MemoryHierarchy
{
    /// <summary>So often is erased what was written between an erasure and the look whether it was the last.</summary>
    private const int MostErasures = 3;

    /// <summary>
    /// Removes a namespace whole: 1. all of its records are forgotten; 2. the copies are waited for as a forget does; 3. one transaction
    /// takes its settings and its name away, unless something was written since the erasure: then all begins again. The step that lets
    /// it disappear is the last, so whoever is interrupted finds it still there and removes it again. The numbers of its changes go on
    /// when it is made anew, so cursors stay good. A dry run counts the same and removes nothing.
    /// </summary>
    /// <exception cref="RefusedException">
    /// model-change-open: its model is being changed, and nothing was erased. namespace-in-use: others wrote to it the whole time; what
    /// was there is erased, and what came last stays. namespace-not-found: somebody else has removed it.
    /// </exception>
    public async Task<ForgetAnswer> RemoveNamespaceAsync(NamespaceInfo ns, bool dryRun, Trail trail, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ns);
        ns = await _namespaces.RefreshAsync(ns.Id, cancellationToken).ConfigureAwait(false) ?? throw ModelChanges.Removed(ns);
        await Changes.RequireNoneOpenAsync(ns, cancellationToken).ConfigureAwait(false);
        var tally = new ForgetTally(dryRun);
        for (var erasures = 0; erasures < MostErasures; erasures++)
        {
            await EraseAllAsync(ns, new ForgetRequest { All = true }, tally, trail, cancellationToken).ConfigureAwait(false);
            if (dryRun)
            {
                return tally.ToAnswer();
            }

            await SettleAsync(ns, tally, cancellationToken).ConfigureAwait(false);
            if (await TakeAwayAsync(ns, cancellationToken).ConfigureAwait(false))
            {
                await _shards.EvictAsync(ns.Id, EvictionReason.Invalidated).ConfigureAwait(false);
                await EvictElsewhereAsync(ns).ConfigureAwait(false);
                return tally.ToAnswer();
            }

            // Others may have removed it and made it anew: what is in it then is none of this removal's.
            if (await _namespaces.RefreshAsync(ns.Id, cancellationToken).ConfigureAwait(false) is not { } there || there.CreatedAt != ns.CreatedAt)
            {
                throw ModelChanges.Removed(ns);
            }

            await Changes.RequireNoneOpenAsync(ns, cancellationToken).ConfigureAwait(false);
        }

        throw new RefusedException(
            "namespace-in-use",
            $"Namespace '{ns.Name}' is still there: {tally.Matched:N0} records were erased with all their versions, and others were written meanwhile.",
            "Stop what writes to it, and send the request again.");
    }

    private async Task<bool> TakeAwayAsync(NamespaceInfo ns, CancellationToken cancellationToken)
    {
        try
        {
            return await _store.RemoveNamespaceAsync(ns, SettingsOfLateWrites, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Also where the answer was lost: what is known here may be of before.
            _namespaces.Drop(ns);
        }
    }

    // Who knows the namespace from before may write to it for a moment yet, and then it is there again: with the vectors that such a write
    // has, or nobody could write to it as it was written to; and what was resident must not leave the company's machines.
    private static NamespaceSettings SettingsOfLateWrites(NamespaceSettings before) => new()
    {
        VectorSource = before.VectorSource, VectorModel = before.VectorModel, Dimensions = before.Dimensions, Resident = before.Resident,
    };
}
