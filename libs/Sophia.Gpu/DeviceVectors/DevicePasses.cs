using Sophia.Gpu.Devices;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Search;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>
/// The passes of a device over a shard's rows, on the device's thread. Searches that arrive while another one is at work run together when
/// it is done, in one pass. What changed since the last pass is written to the device before the next one begins, in one go, or within a second
/// when none begins: what was taken away must not stay there until somebody searches.
/// </summary>
/// <param name="units">Its own from now on.</param>
/// <param name="place">Of the device among those that share the rows.</param>
internal sealed partial class DevicePasses(DeviceScans device, DeviceUnits units, VectorPages vectors, int place) : IDisposable
{
    private readonly Lock _marking = new();
    private HashSet<int> _changed = [];
    private long _openings = device.Gate.Openings;
    private bool _isDisposed;
    private string? _evictedFor;

    /// <summary>Units that stand on the device, about.</summary>
    public int Units => units.Count;

    /// <summary>Something has changed since the last pass, or what stands there is not trusted, or the shard has gone.</summary>
    public bool HasToWrite
    {
        get
        {
            lock (_marking)
            {
                return _isDisposed || _changed.Count > 0 || units.MustWriteAll || device.Gate.Openings != Volatile.Read(ref _openings);
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

    /// <summary>The slot's page was changed since the last pass, or while it ran.</summary>
    public bool IsChanged(int slot)
    {
        lock (_marking)
        {
            return _changed.Contains(slot / vectors.RowsPerPage);
        }
    }

    public void Dispose() => Evict(null);

    /// <summary>What stands on the device is given back in its turn, as evicted where a reason is given. Nobody waits for a device that may hang.</summary>
    public void Evict(string? reason)
    {
        lock (_marking)
        {
            if (_isDisposed)
            {
                return;
            }

            (_isDisposed, _evictedFor) = (true, reason);
        }

        // Where the device's thread was ended it goes with the device. Before nobody watches it: who wants to know whether it is gone finds either.
        _ = device.Thread.TryPost(() => units.Clear(reason));
        device.Watch.Remove(this);
    }

    /// <summary>By request; null where there is no room to stream what is not there.</summary>
    private IReadOnlyList<BestRows>? Scan(List<ScanRequest> batch)
    {
        // Taken later than the views of the searches, it has all of their rows; who waits may leave, and take its own along.
        using var pages = Take();
        var shape = units.Shape with { Rows = pages.Used };
        var isOwn = new bool[(shape.Rows + shape.RowsPerUnit - 1) / shape.RowsPerUnit];
        for (var unit = 0; unit < isOwn.Length; unit++)
        {
            isOwn[unit] = batch[0].Shares.OwnerOf(unit) == place;
        }

        var isWanted = WantedUnits(batch, isOwn, shape);
        var isWriting = false;
        try
        {
            var candidates = batch.Max(r => r.Candidates);
            using var scan = device.Scanner.Begin([.. batch.Select(r => new FilteredQuery(r.Asked, FilterOf(r, pages)))], candidates);
            ForgetIfReopened();

            // From here on changes are of rows that the search looks at once more when it is done.
            isWriting = true;
            var (changed, blank) = (TakeChanged(pages), new List<int>());
            var offsets = units.Pin(pages, isWanted, isOwn, changed, blank);
            Mark(blank);
            isWriting = false;
            device.Thread.Progressed();
            if (offsets.AsSpan().ContainsAnyInRange(0, long.MaxValue))
            {
                scan.Scan(device.Vectors.Memory, shape with { Units = offsets });
                device.Thread.Progressed();
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
        catch (Exception error) when (isWriting || error is not DeviceMemoryException)
        {
            // What the device has, and whether all changes got there, is not known any more; where the kernels alone had no memory, it is.
            units.Forget();
            throw;
        }
        finally
        {
            units.Unpin();
        }
    }

    /// <summary>The rows as they are now, which stay as long as somebody reads them.</summary>
    /// <exception cref="ObjectDisposedException">The shard is gone.</exception>
    private VectorPages.Lease Take()
    {
        lock (_marking)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return vectors.Take();
        }
    }

    /// <summary>What has changed of the view's pages; others, which it cannot read, wait for a later one.</summary>
    private HashSet<int> TakeChanged(VectorPages.Lease pages)
    {
        lock (_marking)
        {
            var changed = _changed;
            _changed = [.. changed.Where(page => page >= pages.Pages)];
            changed.ExceptWith(_changed);
            return changed;
        }
    }

    private void Mark(IReadOnlyCollection<int> pages)
    {
        lock (_marking)
        {
            _changed.UnionWith(pages);
        }
    }

    // It may have been closed by a check or by another shard, and the device may have been reset meanwhile.
    private void ForgetIfReopened()
    {
        if (device.Gate.Openings is var openings && openings != _openings)
        {
            Volatile.Write(ref _openings, openings);
            units.Forget();
        }
    }

    private bool TryStream(IRowScan scan, VectorPages.Lease pages, RowPages shape, int[] absent)
    {
        var perUnit = (int)((shape.UnitBytes + device.Buffer.PageBytes - 1) / device.Buffer.PageBytes);

        // As much as makes copies fast, or what there is.
        Pools.PageRun? run = null;
        for (var count = Math.Clamp(absent.Length + 1, 2, 64); run is null && count > 0; count = count > 2 ? Math.Max(2, count / 2) : 0)
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
            device.Watch.GiveBack(run);
        }
    }

    // Rows that came after the search's view do not pass its filter.
    private static ulong[]? FilterOf(ScanRequest request, VectorPages.Lease pages)
    {
        var filter = request.Filter;
        if (filter is not null && filter.Length < (pages.Used + 63) / 64)
        {
            Array.Resize(ref filter, (pages.Used + 63) / 64);
        }

        return filter;
    }

    /// <summary>By unit: it is this device's, and some row of it passes the filter of a search.</summary>
    private static bool[] WantedUnits(List<ScanRequest> batch, bool[] isOwn, RowPages shape)
    {
        var isWanted = new bool[isOwn.Length];
        foreach (var request in batch)
        {
            for (var unit = 0; unit < isWanted.Length; unit++)
            {
                isWanted[unit] |= isOwn[unit] && (request.Filter is not { } filter || HasAny(filter, unit, shape));
            }
        }

        return isWanted;
    }

    // A filter that is older than the latest view has no bits for the rows that came since.
    private static bool HasAny(ulong[] filter, int unit, RowPages shape)
    {
        var to = Math.Min(filter.Length, Math.Min((shape.Rows + 63) / 64, (unit + 1) * shape.RowsPerUnit / 64));
        var from = Math.Min(unit * shape.RowsPerUnit / 64, to);
        return filter.AsSpan(from..to).ContainsAnyExcept(0UL);
    }
}
