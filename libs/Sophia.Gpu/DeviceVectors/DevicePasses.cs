using Sophia.Gpu.Devices;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>
/// The passes of a device over a shard's rows. Searches that arrive while another one is at work run together when it is done,
/// in one pass. What changed since the last pass is written to the device before the next one begins, in one go.
/// </summary>
/// <param name="units">Its own from now on.</param>
internal sealed class DevicePasses(DeviceScans device, DeviceUnits units, int rowsPerPage) : IDisposable
{
    /// <summary>Searches in one pass: two tiles of the kernels for many queries.</summary>
    private const int MostTogether = 64;

    private readonly Lock _turn = new();
    private readonly Lock _marking = new();
    private readonly List<ScanRequest> _waiting = [];
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
            _changed.Add(slot / rowsPerPage);
        }
    }

    /// <summary>Null where there is no room to stream what is not there.</summary>
    public BestRows? Answer(ScanRequest request)
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

    public void Dispose()
    {
        lock (_turn)
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                units.Clear();
            }
        }
    }

    /// <summary>The request, and of those that wait for the same rows as many as go with it. A filtered one goes alone.</summary>
    private List<ScanRequest> NextBatch(ScanRequest request)
    {
        lock (_waiting)
        {
            _waiting.Remove(request);
            var batch = new List<ScanRequest> { request };
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
    private IReadOnlyList<BestRows>? Scan(List<ScanRequest> batch)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);

        // The latest of their views has all rows of the others; who waits keeps its own.
        var pages = batch.MaxBy(r => r.Pages.Used)!.Pages;
        var shape = units.Shape with { Rows = pages.Used };
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

            var offsets = units.Pin(pages, isWanted, changed);
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
            units.Forget();
            throw;
        }
        finally
        {
            units.Unpin();
        }
    }

    private bool TryStream(IRowScan scan, VectorPages.Lease pages, RowPages shape, int[] absent)
    {
        var perUnit = (int)((shape.UnitBytes + device.Buffer.PageBytes - 1) / device.Buffer.PageBytes);

        // As much as makes copies fast, or what there is.
        Pools.PageRun? run = null;
        for (var count = Math.Clamp(absent.Length + 1, 2, 64); run is null && count >= 2; count /= 2)
        {
            run = device.Buffer.TryAllocate(count * perUnit);
        }

        if (run is null)
        {
            return false;
        }

        try
        {
            scan.Stream(device.Buffer.Memory, run.Offset, run.Bytes, shape, absent, (unit, target) => units.Fill(pages, unit, target));
            VectorMeters.Streamed.Add(absent.Length * shape.UnitBytes);
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
}
