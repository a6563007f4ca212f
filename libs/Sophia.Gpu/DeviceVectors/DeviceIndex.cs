using Sophia.Gpu.Devices;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>
/// The vectors of a shard on a device, beside their originals in host memory. Its answer is that of the exact scan:
/// <list type="number">
/// <item>The device's kernels give every row the most that its cosine can be (<see cref="ScanQuery"/> derives the bound), and
/// return more of the best of these than rows are wanted: candidates. Rows whose unit is not in the vector cache go through the
/// buffer pool; none is passed over.</item>
/// <item>The candidates are scored from the float32 originals in double precision.</item>
/// <item>A row that is not among the candidates has at most the least bound among them. If the last row wanted scores more than
/// that, no other row can be among the best, not even by a tie: the answer is certain.</item>
/// <item>Otherwise the scan is repeated with eight times as many candidates, and then left to the host.</item>
/// </list>
/// An error of the device closes it for all shards until it is well again (<see cref="Health.DeviceGate"/>); the host answers
/// meanwhile.
/// </summary>
internal sealed class DeviceIndex(DeviceScans device, VectorPages vectors, RowKind kind) : IDisposable
{
    private const int CandidatesPerRow = 4;
    private const int LeastCandidates = 64;
    private const int Widening = 8;

    private readonly DevicePasses _passes = new(device, new DeviceUnits(device, vectors, kind), vectors.RowsPerPage);
    private readonly int _rowBytes = RowPages.RowBytesOf(kind, vectors.Dimensions);

    /// <inheritdoc cref="DevicePasses.Waiting"/>
    public int Waiting => _passes.Waiting;

    /// <inheritdoc cref="DevicePasses.Changed"/>
    public void Changed(int slot) => _passes.Changed(slot);

    /// <summary>Offers the best rows with their exact scores; false, and nothing offered, where the host must answer.</summary>
    /// <param name="slots">Those that pass the filter; null for all.</param>
    public bool TryScan(VectorPages.Lease pages, PreparedQuery query, ReadOnlyMemory<int>? slots, TopRows top, int capacity, CancellationToken cancellationToken)
    {
        var rows = slots?.Length ?? pages.Used;
        if (rows == 0 || (long)rows * _rowBytes < device.FromBytes || !device.Gate.TryEnter())
        {
            return false;
        }

        var filter = slots is { } chosen ? FilterOf(chosen.Span, pages.Used) : null;
        var asked = ScanQuery.Of(kind, query.Floats[..vectors.Dimensions], _rowBytes);
        try
        {
            for (var candidates = Math.Max(capacity * CandidatesPerRow, capacity + LeastCandidates); ; candidates *= Widening)
            {
                cancellationToken.ThrowIfCancellationRequested();
                candidates = Math.Min(candidates, rows);
                var request = new ScanRequest(pages, asked, filter, rows, candidates);
                if (_passes.Answer(request) is not { } found)
                {
                    return HandBack("no room");
                }

                if (IsCertain(pages, query, found, request.WasCut, capacity, top))
                {
                    VectorMeters.Count(ScanKind.Device);
                    return true;
                }

                if (candidates == rows || (long)candidates * Widening > rows / 2)
                {
                    return HandBack("doubt");
                }
            }
        }
        catch (DeviceFailedException e)
        {
            device.Gate.Close(e.Message);
            return HandBack("failure");
        }
        catch (DeviceMemoryException)
        {
            return HandBack("no room");
        }
    }

    public void Dispose() => _passes.Dispose();

    private static bool HandBack(string reason)
    {
        VectorMeters.HandedBack.Add(1, new KeyValuePair<string, object?>("reason", reason));
        return false;
    }

    private static ulong[] FilterOf(ReadOnlySpan<int> slots, int used)
    {
        var bits = new ulong[(used + 63) / 64];
        foreach (var slot in slots)
        {
            bits[slot >> 6] |= 1UL << slot;
        }

        return bits;
    }

    /// <param name="wereCut">There are rows that are not among those found.</param>
    private static unsafe bool IsCertain(VectorPages.Lease pages, PreparedQuery query, BestRows found, bool wereCut, int capacity, TopRows top)
    {
        var (scores, owners) = (new double[found.Rows.Length], new int[found.Rows.Length]);
        var count = 0;
        foreach (var slot in found.Rows)
        {
            // Rows that came after this search's view are looked at when it is done, like all that changed.
            if (slot < pages.Used && Volatile.Read(ref *pages.OwnerOf(slot)) is >= 0 and var owner)
            {
                (scores[count], owners[count++]) = (DotProduct.Exact(query.Floats, new ReadOnlySpan<float>(pages.OriginalOf(slot), pages.Stride)), owner);
            }
        }

        VectorMeters.Rescored.Add(count);
        if (wereCut && !IsLastOneCertain(scores.AsSpan(0, count), found.Uppers, capacity))
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            top.Offer(owners[i], scores[i]);
        }

        return true;
    }

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
}
