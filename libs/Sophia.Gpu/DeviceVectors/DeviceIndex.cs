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
/// What changed since the last scan is written to the device before the next one begins, in one go. An error of the device
/// closes it for all shards until it is well again (<see cref="Health.DeviceGate"/>); the host answers meanwhile.
/// </summary>
internal sealed class DeviceIndex(DeviceScans device, VectorPages vectors, RowKind kind) : IDisposable
{
    private const int CandidatesPerRow = 4;
    private const int LeastCandidates = 64;
    private const int Widening = 8;

    private readonly Lock _turn = new();
    private readonly Lock _marking = new();
    private readonly DeviceUnits _units = new(device, vectors, kind);
    private HashSet<int> _changed = [];
    private bool _isDisposed;

    /// <summary>A slot's vector was written or taken away.</summary>
    public void Changed(int slot)
    {
        lock (_marking)
        {
            _changed.Add(slot / vectors.RowsPerPage);
        }
    }

    /// <summary>Offers the best rows with their exact scores; false, and nothing offered, where the host must answer.</summary>
    /// <param name="slots">Those that pass the filter; null for all.</param>
    public bool TryScan(VectorPages.Lease pages, PreparedQuery query, ReadOnlyMemory<int>? slots, TopRows top, int capacity, CancellationToken cancellationToken)
    {
        var rows = slots?.Length ?? pages.Used;
        if (rows == 0 || (long)rows * _units.Shape.RowBytes < device.FromBytes || !device.Gate.TryEnter())
        {
            return false;
        }

        var filter = slots is { } chosen ? FilterOf(chosen.Span, pages.Used) : null;
        var asked = ScanQuery.Of(kind, query.Floats[..vectors.Dimensions], _units.Shape.RowBytes);
        try
        {
            for (var candidates = Math.Max(capacity * CandidatesPerRow, capacity + LeastCandidates); ; candidates *= Widening)
            {
                cancellationToken.ThrowIfCancellationRequested();
                candidates = Math.Min(candidates, rows);
                if (Scan(pages, asked, filter, candidates) is not { } found)
                {
                    return HandBack("no room");
                }

                if (IsCertain(pages, query, found, candidates < rows && found.Rows.Length == candidates, capacity, top))
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

    public void Dispose()
    {
        lock (_turn)
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                _units.Clear();
            }
        }
    }

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

    /// <summary>Null where there is no room to stream what is not there.</summary>
    private BestRows? Scan(VectorPages.Lease pages, ScanQuery asked, ulong[]? filter, int candidates)
    {
        lock (_turn)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var shape = _units.Shape with { Rows = pages.Used };
            var isWanted = WantedUnits(filter, shape);
            try
            {
                using var scan = device.Scanner.Begin([asked], filter, candidates);
                HashSet<int> changed;
                lock (_marking)
                {
                    // From here on changes are of rows that the search looks at once more when it is done.
                    (changed, _changed) = (_changed, []);
                }

                var offsets = _units.Pin(pages, isWanted, changed);
                if (offsets.AsSpan().ContainsAnyInRange(0, long.MaxValue))
                {
                    scan.Scan(device.Vectors.Memory, shape with { Units = offsets });
                }

                var absent = Enumerable.Range(0, offsets.Length).Where(unit => offsets[unit] < 0 && isWanted[unit]).ToArray();
                return absent.Length > 0 && !TryStream(scan, pages, shape, absent) ? null : scan.Finish()[0];
            }
            catch
            {
                // What the device has, and whether all changes got there, is not known any more.
                _units.Forget();
                throw;
            }
            finally
            {
                _units.Unpin();
            }
        }
    }

    private bool TryStream(IRowScan scan, VectorPages.Lease pages, RowPages shape, int[] units)
    {
        var perUnit = (int)((shape.UnitBytes + device.Buffer.PageBytes - 1) / device.Buffer.PageBytes);

        // As much as makes copies fast, or what there is.
        Pools.PageRun? run = null;
        for (var count = Math.Clamp(units.Length + 1, 2, 64); run is null && count >= 2; count /= 2)
        {
            run = device.Buffer.TryAllocate(count * perUnit);
        }

        if (run is null)
        {
            return false;
        }

        try
        {
            scan.Stream(device.Buffer.Memory, run.Offset, run.Bytes, shape, units, (unit, target) => _units.Fill(pages, unit, target));
            VectorMeters.Streamed.Add(units.Length * shape.UnitBytes);
            return true;
        }
        finally
        {
            device.Buffer.Free(run);
        }
    }

    /// <summary>By unit: some row of it passes the filter.</summary>
    private static bool[] WantedUnits(ulong[]? filter, RowPages shape)
    {
        var isWanted = new bool[(shape.Rows + shape.RowsPerUnit - 1) / shape.RowsPerUnit];
        for (var unit = 0; unit < isWanted.Length; unit++)
        {
            var (from, to) = (unit * shape.RowsPerUnit / 64, Math.Min((shape.Rows + 63) / 64, (unit + 1) * shape.RowsPerUnit / 64));
            isWanted[unit] = filter is null || filter.AsSpan(from..to).ContainsAnyExcept(0UL);
        }

        return isWanted;
    }

    /// <param name="wereCut">There are rows that are not among those found.</param>
    private static unsafe bool IsCertain(VectorPages.Lease pages, PreparedQuery query, BestRows found, bool wereCut, int capacity, TopRows top)
    {
        var (scores, owners) = (new double[found.Rows.Length], new int[found.Rows.Length]);
        var count = 0;
        foreach (var slot in found.Rows)
        {
            if (Volatile.Read(ref *pages.OwnerOf(slot)) is >= 0 and var owner)
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
