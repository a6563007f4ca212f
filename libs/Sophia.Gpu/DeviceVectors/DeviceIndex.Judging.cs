using Sophia.Gpu.Devices;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>Whether what devices found is the answer.</summary>
internal sealed partial class DeviceIndex
{
    /// <param name="wereCut">There are rows that are not among those found.</param>
    private unsafe Verdict Judge(VectorPages.Lease pages, DeviceShares shares, PreparedQuery query, BestRows found, bool wereCut, int capacity, TopRows top)
    {
        var (scores, owners) = (new double[found.Rows.Length], new int[found.Rows.Length]);
        var count = 0;
        var isContradicted = false;
        for (var i = 0; i < found.Rows.Length; i++)
        {
            var slot = found.Rows[i];
            // Rows that came after this search's view are looked at when it is done, like all that changed.
            if (slot < pages.Used && Volatile.Read(ref *pages.OwnerOf(slot)) is >= 0 and var owner)
            {
                if (!pages.IsIntact(slot))
                {
                    top.Suspect(slot);
                    continue;
                }

                (scores[count], owners[count]) = (DotProduct.Exact(query.Floats, new ReadOnlySpan<float>(pages.OriginalOf(slot), pages.Stride)), owner);
                if (scores[count++] > found.Uppers[i] && !WasChangedSince(slot, shares))
                {
                    isContradicted = true;
                    VectorMeters.Contradicted.Add(1);
                    Changed(slot);
                }
            }
        }

        VectorMeters.Rescored.Add(count);
        if (isContradicted)
        {
            return Verdict.Contradicted;
        }

        if (wereCut && !IsLastOneCertain(scores.AsSpan(0, count), found.Uppers, capacity))
        {
            return Verdict.Doubt;
        }

        for (var i = 0; i < count; i++)
        {
            top.Offer(owners[i], scores[i]);
        }

        return Verdict.Certain;
    }

    /// <summary>Then the searches look at it once more, and its page is written anew.</summary>
    private bool WasChangedSince(int slot, DeviceShares shares) => _passes[shares.OwnerOf(slot / _rowsPerUnit)].IsChanged(slot);

    private static bool IsLastOneCertain(ReadOnlySpan<double> scores, float[] uppers, int capacity)
    {
        if (scores.Length < capacity)
        {
            return false;
        }

        var sorted = scores.ToArray();
        Array.Sort(sorted);
        return sorted[^capacity] > uppers.Min();
    }

    private enum Verdict
    {
        Certain,
        Doubt,
        Contradicted,
    }
}
