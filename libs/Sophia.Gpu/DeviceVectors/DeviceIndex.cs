using Sophia.Gpu.Devices;
using Sophia.Gpu.Health;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>
/// The vectors of a shard on the devices of the process, beside their originals in host memory; each device has a share of the
/// units of pages (<see cref="DeviceShares"/>). Its answer is that of the exact scan:
/// <list type="number">
/// <item>The kernels give every row the most that its cosine can be (<see cref="ScanQuery"/> derives the bound), and
/// return more of the best of these than rows are wanted: candidates. Rows whose unit is not in the pool go through the
/// buffer pool; none is passed over.</item>
/// <item>Of the devices' candidates as many as one would return are kept, the greatest bounds: a device that left rows out has that many
/// candidates above them, so what is left out has at most the least bound among those kept.</item>
/// <item>The candidates are scored from the float32 originals in double precision. If the last row wanted scores more than that
/// least bound, no other row can be among the best, not even by a tie: the answer is certain.</item>
/// <item>A row that scores more than its bound is not on the device as it is here, or its page there was damaged: the page is written
/// anew, and the host answers.</item>
/// <item>A row that scores less is seen by nobody: so pages are compared with what was written there, all of them in ten minutes (<see cref="PageWatch"/>).</item>
/// <item>Otherwise the scan is repeated with eight times as many candidates, and then left to the host.</item>
/// </list>
/// An error of a device closes it for all shards until it is well again (<see cref="DeviceGate"/>); the host answers the searches
/// that saw it, and the other devices take its units over. While a device stands still (<see cref="DeviceThread"/>) the host answers, too.
/// </summary>
internal sealed partial class DeviceIndex : IDisposable
{
    private const int CandidatesPerRow = 4;
    private const int LeastCandidates = 64;
    private const int Widening = 8;

    private readonly IReadOnlyList<DeviceScans> _devices;
    private readonly DeviceThread[] _threads;
    private readonly DevicePasses[] _passes;
    private readonly VectorPages _vectors;
    private readonly RowKind _kind;
    private readonly int _rowBytes;
    private readonly int _rowsPerUnit;

    /// <param name="devices">At least one, of one kind of rows.</param>
    public DeviceIndex(IReadOnlyList<DeviceScans> devices, VectorPages vectors)
    {
        (_devices, _vectors, _kind) = (devices, vectors, devices[0].KindFor(vectors));
        _threads = [.. devices.Select(static device => device.Thread)];
        _rowBytes = RowPages.RowBytesOf(_kind, vectors.Dimensions);
        var units = devices.Select(device => new DeviceUnits(device, vectors, _kind)).ToArray();

        // A unit is a unit to all of them: that of the device with the largest pages.
        var pagesPerUnit = units.Max(static u => u.Shape.PagesPerUnit);
        _rowsPerUnit = pagesPerUnit * vectors.RowsPerPage;
        _passes = [.. units.Select((u, i) => new DevicePasses(devices[i], u.With(pagesPerUnit), vectors, i))];
        for (var i = 0; i < _passes.Length; i++)
        {
            devices[i].Watch.Add(_passes[i]);
        }
    }

    /// <summary>Searches that wait for their turn.</summary>
    public int Waiting => _passes.Max(static p => p.Waiting);

    /// <inheritdoc cref="DevicePasses.Changed"/>
    public void Changed(int slot)
    {
        foreach (var passes in _passes)
        {
            passes.Changed(slot);
        }
    }

    /// <summary>Offers the best rows with their exact scores; false, and nothing offered, where the host must answer.</summary>
    /// <param name="slots">Those that pass the filter; null for all.</param>
    public bool TryScan(VectorPages.Lease pages, PreparedQuery query, ReadOnlyMemory<int>? slots, TopRows top, int capacity, CancellationToken cancellationToken) =>
        TryScan(pages, [new DeviceQuery(query, slots, top, capacity)], cancellationToken)[0];

    /// <summary>The same for several searches, in as few passes as they fit in. By search: whether it was answered.</summary>
    public bool[] TryScan(VectorPages.Lease pages, IReadOnlyList<DeviceQuery> queries, CancellationToken cancellationToken)
    {
        var answered = new bool[queries.Count];
        var left = new List<Search>(queries.Count);
        for (var i = 0; i < queries.Count; i++)
        {
            var query = queries[i];
            var rows = query.Slots?.Length ?? pages.Used;
            var candidates = Math.Min(rows, Math.Max((long)query.Capacity * CandidatesPerRow, (long)query.Capacity + LeastCandidates));
            if (rows > 0 && (long)rows * _rowBytes >= _devices[0].FromBytes && candidates <= _devices[0].MostCandidates)
            {
                left.Add(new Search(
                    i, query, DeviceQuery.BitsOf(query.Slots, pages.Used), ScanQuery.Of(_kind, query.Query.Floats[.._vectors.Dimensions], _rowBytes), rows,
                    (int)candidates));
            }
        }

        while (left.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!TryShare(out var shares))
            {
                break;
            }

            left = Scan(pages, shares, left, answered, cancellationToken);
        }

        return answered;
    }

    public void Dispose() => Evict(null);

    /// <summary>Disposes of it; what it gives back counts as evicted where a reason is given.</summary>
    public void Evict(string? reason)
    {
        foreach (var passes in _passes)
        {
            passes.Evict(reason);
        }
    }

    private bool TryShare(out DeviceShares shares)
    {
        var live = 0UL;
        for (var i = 0; i < _devices.Count; i++)
        {
            live |= _devices[i].Gate.IsOpen ? 1UL << i : 0;
        }

        shares = new DeviceShares(_devices.Count, live);
        return live != 0;
    }

    /// <summary>Returns those that must be asked again with more candidates.</summary>
    private List<Search> Scan(VectorPages.Lease pages, DeviceShares shares, List<Search> searches, bool[] answered, CancellationToken cancellationToken)
    {
        var requests = new ScanRequest[]?[_devices.Count];
        if (!TryAsk(requests, shares, searches, cancellationToken))
        {
            searches.ForEach(static _ => HandBack("late"));
            return [];
        }

        var again = new List<Search>();
        for (var i = 0; i < searches.Count; i++)
        {
            var (search, candidates) = (searches[i], searches[i].Candidates);
            if (!TryMerge(requests, i, candidates, out var found, out var wasCut))
            {
                continue;
            }

            var verdict = Judge(pages, shares, search.Query.Query, found, wasCut, search.Query.Capacity, search.Query.Top);
            if (verdict == Verdict.Certain)
            {
                VectorMeters.Count(ScanKind.Device);
                answered[search.Number] = true;
            }
            else if (verdict == Verdict.Contradicted)
            {
                HandBack("contradicted");
            }
            else if (candidates == search.Rows || (long)candidates * Widening > Math.Min(search.Rows / 2, _devices[0].MostCandidates))
            {
                HandBack("doubt");
            }
            else
            {
                again.Add(search with { Candidates = candidates * Widening });
            }
        }

        return again;
    }

    /// <summary>Each device at its own pace. False when one of them stands still.</summary>
    private bool TryAsk(ScanRequest[]?[] requests, DeviceShares shares, List<Search> searches, CancellationToken cancellationToken)
    {
        var threads = _threads.Where((_, device) => shares.Has(device)).ToArray();
        if (threads.Any(static thread => thread.IsLate))
        {
            return false;
        }

        var left = new CountdownEvent(threads.Length * searches.Count);
        var isIn = false;
        try
        {
            for (var device = 0; device < requests.Length; device++)
            {
                if (shares.Has(device))
                {
                    requests[device] = [.. searches.Select(s => new ScanRequest(s.Asked, s.Filter, s.Rows, s.Candidates, shares, left))];
                    _passes[device].Ask(requests[device]!);
                }
            }

            return isIn = DeviceThread.TryWait(left, threads, cancellationToken);
        }
        finally
        {
            for (var device = 0; !isIn && device < requests.Length; device++)
            {
                _passes[device].Leave(requests[device] ?? []);
            }
        }
    }

    /// <summary>What the devices found for a search, as one would have; false, and counted, where one of them failed.</summary>
    private static bool TryMerge(ScanRequest[]?[] requests, int number, int candidates, out BestRows found, out bool wasCut)
    {
        (found, wasCut) = (new BestRows([], []), false);
        var reason = (string?)null;
        for (var device = 0; device < requests.Length; device++)
        {
            if (requests[device]?[number] is not { } request)
            {
                continue;
            }

            try
            {
                if (request.Result is not { } part)
                {
                    reason ??= "no room";
                    continue;
                }

                wasCut |= request.WasCut || (found.Rows.Length > 0 && found.Rows.Length + part.Rows.Length > candidates);
                found = found.Rows.Length == 0 ? part : BestRows.Of(found, part, candidates);
            }
            catch (DeviceFailedException)
            {
                reason = "failure";
            }
            catch (DeviceMemoryException)
            {
                reason ??= "no room";
            }
        }

        if (reason is not null)
        {
            HandBack(reason);
        }

        return reason is null;
    }

    private static void HandBack(string reason) => VectorMeters.HandedBack.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <param name="Candidates">At most the rows.</param>
    private sealed record Search(int Number, DeviceQuery Query, ulong[]? Filter, ScanQuery Asked, int Rows, int Candidates);
}
