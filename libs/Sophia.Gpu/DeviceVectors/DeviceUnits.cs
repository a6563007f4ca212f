using Sophia.Gpu.Devices;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>
/// Which pages of a shard stand in a device's vector cache, a run of the pool for each unit of pages. A unit comes in when
/// there is room, or when the shard is worth more than what it would replace; so a shard larger than the pool does not push
/// itself out, and the pages of shards that are asked often and lately stay. On the device's thread alone.
/// </summary>
internal sealed partial class DeviceUnits
{
    private static readonly TimeSpan HalfLife = TimeSpan.FromMinutes(10);

    /// <summary>A replacement costs a copy: what comes in must be worth so many times what goes.</summary>
    private const double WorthReplacing = 0.5;

    private readonly DeviceScans _device;
    private readonly int _dimensions;
    private RowPages _shape;
    private int _poolPages;
    private PageRun?[] _runs = [];
    private PageRun?[] _pinned = [];
    private ulong[] _sums = [];
    private int _nextLooked;
    private bool _mustWriteAll;
    private double _uses;
    private DateTimeOffset _lastUse;

    public DeviceUnits(DeviceScans device, VectorPages pages, RowKind kind)
    {
        _device = device;
        _dimensions = pages.Dimensions;
        var rowBytes = RowPages.RowBytesOf(kind, pages.Dimensions);
        var pageBytes = RowPages.PageBytesOf(rowBytes, pages.RowsPerPage);

        // Whole words of a filter's bits, and no less than the pool's pages take.
        var least = Math.Max(1, 64 / pages.RowsPerPage);
        var pagesPerUnit = (int)Math.Max(device.Vectors.PageBytes / pageBytes / least * least, least);
        _shape = new RowPages(kind, rowBytes, pages.RowsPerPage, pagesPerUnit, default, 0, 0);
        With(pagesPerUnit);
    }

    /// <summary>In units of so many pages, before the first use.</summary>
    public DeviceUnits With(int pagesPerUnit)
    {
        _shape = _shape with { PagesPerUnit = pagesPerUnit };
        _poolPages = checked((int)((_shape.UnitBytes + _device.Vectors.PageBytes - 1) / _device.Vectors.PageBytes));
        return this;
    }

    public RowPages Shape => _shape;

    /// <summary>What stands on the device is not trusted.</summary>
    public bool MustWriteAll => Volatile.Read(ref _mustWriteAll);

    /// <summary>Units that stand there, or did when they were last asked for.</summary>
    public int Count => _runs.Count(static run => run is not null);

    /// <summary>Pins what is there, brings in what may come and writes what has changed.</summary>
    /// <param name="isWanted">By unit: a scan needs it.</param>
    /// <param name="isOwn">By unit: this device scans it; what another one scans now is given back.</param>
    /// <param name="changed">Pages of the view.</param>
    /// <param name="blank">Gets the pages that are not the view's, of units that came in: they may have rows by now, and stand there as zeros.</param>
    /// <returns>Where each unit begins; negative where it is not there.</returns>
    public long[] Pin(VectorPages.Lease pages, ReadOnlySpan<bool> isWanted, ReadOnlySpan<bool> isOwn, IReadOnlySet<int> changed, ICollection<int> blank)
    {
        if (_runs.Length < isWanted.Length)
        {
            Array.Resize(ref _runs, isWanted.Length);
            Array.Resize(ref _sums, isWanted.Length * _shape.PagesPerUnit);
        }

        GiveBackOthers(isOwn);
        var now = _device.Clock.GetUtcNow();
        (_uses, _lastUse) = ((_uses * Math.Pow(0.5, (now - _lastUse) / HalfLife)) + 1, now);
        _device.Vectors.PinUsed(_runs);
        _pinned = [.. _runs];
        var offsets = new long[isWanted.Length];
        var fresh = new HashSet<int>();
        BringIn(isWanted, fresh);
        for (var unit = 0; unit < offsets.Length; unit++)
        {
            offsets[unit] = _runs[unit]?.Offset ?? -1;
            if (_mustWriteAll && offsets[unit] >= 0)
            {
                fresh.Add(unit);
            }
        }

        Upload(pages, offsets, fresh, changed);
        _mustWriteAll = false;
        foreach (var unit in fresh)
        {
            for (var page = Math.Max(unit * _shape.PagesPerUnit, pages.Pages); page < (unit + 1) * _shape.PagesPerUnit; page++)
            {
                blank.Add(page);
            }
        }

        return offsets;
    }

    public void Unpin()
    {
        foreach (var run in _pinned)
        {
            if (run is not null)
            {
                _device.Vectors.Unpin(run);
            }
        }

        _pinned = [];
    }

    private void BringIn(ReadOnlySpan<bool> isWanted, HashSet<int> fresh)
    {
        var absent = new List<int>();
        for (var unit = 0; unit < isWanted.Length; unit++)
        {
            if (_runs[unit] is null && isWanted[unit])
            {
                absent.Add(unit);
            }
        }

        if (absent.Count == 0)
        {
            return;
        }

        var came = new List<PageRun>();
        try
        {
            _device.Vectors.AllocateEvicting(absent.Count, _poolPages, "a shard of more use", _uses * WorthReplacing, came, _ => _device.Thread.Progressed());
        }
        finally
        {
            for (var i = 0; i < came.Count; i++)
            {
                (_runs[absent[i]], _pinned[absent[i]]) = (came[i], came[i]);
                fresh.Add(absent[i]);
            }
        }
    }

    private void GiveBackOthers(ReadOnlySpan<bool> isOwn)
    {
        for (var unit = 0; unit < isOwn.Length; unit++)
        {
            if (!isOwn[unit] && _runs[unit] is { } run)
            {
                _device.Vectors.Free(run);
                _device.Thread.Progressed();
                _runs[unit] = null;
            }
        }
    }

    /// <summary>What stands on the device is not trusted any more: the next time all of it is written again.</summary>
    public void Forget() => _mustWriteAll = true;

    /// <summary>Gives all of it back; what the device does not take back now it does when it is well (<see cref="PageWatch"/>).</summary>
    /// <param name="evictedFor">As of <see cref="PagePool.Free"/>.</param>
    public void Clear(string? evictedFor = null)
    {
        foreach (var run in _runs)
        {
            if (run is not null)
            {
                _device.Watch.GiveBack(run, evictedFor);
                _device.Thread.Progressed();
            }
        }

        _runs = [];
        _mustWriteAll = false;
    }

    /// <summary>A unit's bytes.</summary>
    public void Fill(VectorPages.Lease pages, int unit, Span<byte> target)
    {
        // Originals may have to be read from their files.
        using var reading = _device.Thread.Aside();
        for (var i = 0; i < _shape.PagesPerUnit; i++)
        {
            var page = (unit * _shape.PagesPerUnit) + i;
            var bytes = target.Slice((int)(i * _shape.PageBytes), (int)_shape.PageBytes);
            if (page < pages.Pages)
            {
                PageImage.Write(pages, page, _shape, _dimensions, bytes);
            }
            else
            {
                bytes.Clear();
            }
        }
    }

    private void Upload(VectorPages.Lease pages, long[] offsets, HashSet<int> fresh, IReadOnlySet<int> changed)
    {
        var block = fresh.Count > 0 ? new byte[_shape.UnitBytes] : changed.Count > 0 ? new byte[_shape.PageBytes] : [];
        try
        {
            Upload(pages, offsets, fresh, changed, block);
        }
        finally
        {
            // The collector gives it to others as it is, some day.
            Array.Clear(block);
        }
    }

    private void Upload(VectorPages.Lease pages, long[] offsets, HashSet<int> fresh, IReadOnlySet<int> changed, byte[] block)
    {
        foreach (var unit in fresh)
        {
            Fill(pages, unit, block);
            Write(offsets[unit], block);
            for (var i = 0; i < _shape.PagesPerUnit; i++)
            {
                _sums[(unit * _shape.PagesPerUnit) + i] = MemorySum.Of(block.AsSpan((int)(i * _shape.PageBytes), (int)_shape.PageBytes));
            }
        }

        foreach (var page in changed)
        {
            var unit = page / _shape.PagesPerUnit;
            if (unit < offsets.Length && offsets[unit] >= 0 && !fresh.Contains(unit))
            {
                var bytes = block.AsSpan(0, (int)_shape.PageBytes);
                PageImage.Write(pages, page, _shape, _dimensions, bytes);
                Write(offsets[unit] + (page % _shape.PagesPerUnit * _shape.PageBytes), bytes);
                _sums[page] = MemorySum.Of(bytes);
            }
        }
    }

    private void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        _device.Vectors.Memory.Write(offset, bytes);
        _device.Thread.Progressed();
        VectorMeters.Uploaded.Add(bytes.Length);
    }
}
