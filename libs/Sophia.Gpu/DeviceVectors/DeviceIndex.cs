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
/// Searches that arrive while another one is at work run together when it is done, in one pass over the rows.
/// What changed since the last scan is written to the device before the next one begins, in one go. An error of the device
/// closes it for all shards until it is well again (<see cref="Health.DeviceGate"/>); the host answers meanwhile.
/// </summary>
internal sealed class DeviceIndex(DeviceScans device, VectorPages vectors, RowKind kind) : IDisposable
{
    private const int CandidatesPerRow = 4;
    private const int LeastCandidates = 64;
    private const int Widening = 8;

    /// <summary>Searches in one pass: two tiles of the kernels for many queries.</summary>
    private const int MostTogether = 64;

    private readonly Lock _turn = new();
    private readonly Lock _marking = new();
    private readonly DeviceUnits _units = new(device, vectors, kind);
    private readonly List<Request> _waiting = [];
    private HashSet<int> _changed = [];
    private bool _isDisposed;

    /// <summary>Searches that wait for the one at work.</summary>
    public int Waiting
    {
        get
        {
            lock (_waiting)
            {
                return _waiting.Count;
            }
        }
    }

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
                var request = new Request(pages, asked, filter, rows, candidates);
                if (Answer(request) is not { } found)
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
    private BestRows? Answer(Request request)
    {
        lock (_waiting)
        {
            _waiting.Add(request);
        }

        lock (_turn)
        {
            if (!request.IsDone)
            {
                var batch = NextBatch(request);
                IReadOnlyList<BestRows>? found = null;
                Exception? error = null;
                try
                {
                    found = Scan(batch);
                }
                catch (Exception e) when (e is DeviceFailedException or DeviceMemoryException or ObjectDisposedException)
                {
                    error = e;
                }

                for (var i = 0; i < batch.Count; i++)
                {
                    batch[i].Set(found?[i], error);
                }
            }
        }

        return request.Result;
    }

    /// <summary>The request, and of those that wait for the same rows as many as go with it. A filtered one goes alone.</summary>
    private List<Request> NextBatch(Request request)
    {
        lock (_waiting)
        {
            _waiting.Remove(request);
            var batch = new List<Request> { request };
            for (var i = 0; request.Filter is null && i < _waiting.Count && batch.Count < MostTogether;)
            {
                if (_waiting[i].Filter is null)
                {
                    batch.Add(_waiting[i]);
                    _waiting.RemoveAt(i);
                }
                else
                {
                    i++;
                }
            }

            return batch;
        }
    }

    /// <summary>By request; null where there is no room to stream what is not there.</summary>
    private IReadOnlyList<BestRows>? Scan(List<Request> batch)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);

        // The latest of their views has all rows of the others; who waits keeps its own.
        var pages = batch.MaxBy(r => r.Pages.Used)!.Pages;
        var shape = _units.Shape with { Rows = pages.Used };
        var isWanted = WantedUnits(batch[0].Filter, shape);
        try
        {
            var candidates = batch.Max(r => r.Candidates);
            using var scan = device.Scanner.Begin([.. batch.Select(r => r.Asked)], batch[0].Filter, candidates);
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

            VectorMeters.Together.Record(batch.Count);
            var absent = Enumerable.Range(0, offsets.Length).Where(unit => offsets[unit] < 0 && isWanted[unit]).ToArray();
            if (absent.Length > 0 && !TryStream(scan, pages, shape, absent))
            {
                return null;
            }

            var found = scan.Finish();
            for (var i = 0; i < batch.Count; i++)
            {
                batch[i].WasCut = found[i].Rows.Length >= candidates && candidates < (batch[i].Filter is null ? pages.Used : batch[i].Rows);
            }

            return found;
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

    /// <summary>A search that waits for its turn; its thread holds the view until then.</summary>
    private sealed class Request(VectorPages.Lease pages, ScanQuery asked, ulong[]? filter, int rows, int candidates)
    {
        private BestRows? _found;
        private Exception? _error;

        public VectorPages.Lease Pages => pages;

        public ScanQuery Asked => asked;

        public ulong[]? Filter => filter;

        /// <summary>That pass the filter.</summary>
        public int Rows => rows;

        public int Candidates => candidates;

        /// <summary>There are rows that are not among those found.</summary>
        public bool WasCut { get; set; }

        public bool IsDone { get; private set; }

        public BestRows? Result => _error switch
        {
            null => _found,
            DeviceMemoryException e => throw new DeviceMemoryException(e.Message, e),
            ObjectDisposedException => throw new ObjectDisposedException(nameof(DeviceIndex)),
            var e => throw new DeviceFailedException(e.Message, e),
        };

        public void Set(BestRows? found, Exception? error) => (_found, _error, IsDone) = (found, error, true);
    }
}
