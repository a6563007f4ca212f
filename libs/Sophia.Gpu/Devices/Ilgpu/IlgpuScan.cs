using System.Numerics;
using ILGPU;
using ILGPU.Runtime;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>A scan of the queries over the rows, as many at a time as there is room for their scores.</summary>
internal sealed partial class IlgpuScan : IRowScan
{
    /// <summary>Scores kept at once, of all queries: 128 MiB, in each lane.</summary>
    private const long MostScores = 32L << 20;

    /// <summary>Bytes copied to the device at a time: more does not make copies faster.</summary>
    private const long MostStaged = 64L << 20;

    private readonly IlgpuScanner _scanner;
    private readonly IReadOnlyList<ScanQuery> _queries;
    private readonly ScanFilters _filters;
    private readonly QueryBlock _block;
    private readonly int _best;
    private readonly bool _hasTiles;
    private readonly bool[] _hasBegun = new bool[2];
    private bool _isDisposed;

    public IlgpuScan(IlgpuScanner scanner, IReadOnlyList<FilteredQuery> asked, int best)
    {
        var queries = asked.Select(static one => one.Query).ToArray();
        (_scanner, _queries, _best, _filters) = (scanner, queries, best, new ScanFilters(asked));
        _hasTiles = scanner.Tiles.CanTake(queries);
        _block = _hasTiles ? QueryBlock.ForTiles(queries, _filters) : QueryBlock.ForOne(queries);
    }

    public void Scan(IDeviceMemory memory, RowPages pages)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(pages);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        pages.Require(memory.Bytes);
        RequireFits(pages);
        // Rows that are not wanted are read as the memory's beginning, which has a page where any unit is there.
        if (pages.Rows > 0 && pages.Units.Span.ContainsAnyInRange(0, long.MaxValue))
        {
            Failures.Guard(() =>
            {
                var lane = Lane(0);
                var (view, units) = (((IlgpuMemory)memory).Buffer.View.BaseView, UnitsOn(lane, pages));
                if (Appends)
                {
                    RunByFloors(lane, view, pages, units);
                }
                else
                {
                    Run(lane, view, pages, units, 0, pages.Rows);
                }
            });
        }
    }

    public void Stream(IDeviceMemory memory, long offset, long bytes, RowPages pages, IReadOnlyList<int> units, FillUnit fill)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(pages);
        ArgumentNullException.ThrowIfNull(units);
        ArgumentNullException.ThrowIfNull(fill);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        RequireFits(pages);
        var half = Math.Min(bytes / 2, MostStaged) / pages.UnitBytes * pages.UnitBytes;
        if (offset % Chunk.Bytes != 0 || offset < 0 || bytes > memory.Bytes - offset || bytes / 2 < pages.UnitBytes)
        {
            throw new ArgumentException($"{bytes:N0} bytes at {offset:N0} of {memory.Bytes:N0} do not take two units of {pages.UnitBytes:N0}.", nameof(bytes));
        }

        Failures.Guard(() =>
        {
            try
            {
                Run(((IlgpuMemory)memory).Buffer.View.BaseView, offset, Math.Max(half, pages.UnitBytes), pages, units, fill);
            }
            finally
            {
                Release();
            }
        });
    }

    public IReadOnlyList<BestRows> Finish()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return Failures.Guard(() =>
        {
            // The second lane has rows only where some were streamed; the best of both are among the two lists.
            var best = Lane(0).Best.Read(_scanner.Lanes[0].Stream);
            return _hasBegun[1] ? best.Zip(_scanner.Lanes[1].Best.Read(_scanner.Lanes[1].Stream), (one, other) => BestRows.Of(one, other, _best)).ToList() : best;
        });
    }

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _scanner.End();
        }
    }

    private void RequireFits(RowPages pages)
    {
        if (pages.Kind != _queries[0].Kind || _queries[0].Bytes.Length != QueryBytesOf(pages))
        {
            throw new ArgumentException("The rows are of another kind or length than the queries.", nameof(pages));
        }

        if (_filters.Rows < (long)pages.FirstRow + pages.Rows)
        {
            throw new ArgumentException($"A filter has {_filters.Rows} bits; the last row is {(long)pages.FirstRow + pages.Rows - 1}.", nameof(pages));
        }
    }

    internal static RowShape ShapeOf(RowPages pages, bool hasFilter) => new()
    {
        Chunks = pages.RowBytes / Chunk.Bytes, RowsPerPageLog2 = BitOperations.Log2((uint)pages.RowsPerPage), PageChunks = (int)(pages.PageBytes / Chunk.Bytes),
        RowsPerUnit = pages.RowsPerUnit, Base = pages.FirstRow, HasFilter = hasFilter ? 1 : 0,
    };

    private static int QueryBytesOf(RowPages pages) => pages.Kind == RowKind.Floats ? pages.RowBytes : pages.RowBytes * 2;

    /// <summary>One of the two, which has been sent the queries.</summary>
    private ScanLane Lane(int number)
    {
        var lane = _scanner.Lanes[number];
        if (!_hasBegun[number])
        {
            // What a scan that was given up has left.
            lane.Wait();
            lane.Asked.Send(lane.Stream, _block, _filters);
            lane.Best.Begin(lane.Stream, _queries.Count, _best, Appends && number == 0 ? Room : 0);
            _hasBegun[number] = true;
        }

        return lane;
    }

    /// <summary>Units in turn by the two lanes: while the kernels of one run, the other is filled and copied.</summary>
    private void Run(ArrayView<byte> memory, long offset, long half, RowPages pages, IReadOnlyList<int> units, FillUnit fill)
    {
        var most = (int)(half / pages.UnitBytes);
        for (var (at, turn) = (0, 0); at < units.Count; turn++)
        {
            // Units beside each other are scanned at once.
            var count = 1;
            while (count < most && at + count < units.Count && units[at + count] == units[at] + count)
            {
                count++;
            }

            var lane = Lane(turn % 2);
            var begin = offset + (turn % 2 * half);
            var bytes = count * pages.UnitBytes;
            lane.Wait();
            var staging = lane.Staging(half);
            var (first, array) = (units[at], staging.GetArray());
            SideBySide.For(count, new ParallelOptions(), i => fill(first + i, array.AsSpan((int)(i * pages.UnitBytes), (int)pages.UnitBytes)));
            var part = pages with
            {
                Units = Enumerable.Range(0, count).Select(i => begin + (i * pages.UnitBytes)).ToArray(), FirstRow = checked(pages.FirstRow + (first * pages.RowsPerUnit)),
                Rows = Math.Min(count * pages.RowsPerUnit, pages.Rows - (first * pages.RowsPerUnit)),
            };

            var deviceUnits = UnitsOn(lane, part);
            memory.SubView(begin, bytes).CopyFrom(lane.Stream, staging.ArrayView.SubView(0, bytes));
            Run(lane, memory, part, deviceUnits, 0, part.Rows);
            at += count;
        }
    }

    // The range is the caller's again, also when a unit could not be filled while another one was being copied.
    private void Release()
    {
        try
        {
            Release(_scanner.Lanes[0]);
        }
        finally
        {
            Release(_scanner.Lanes[1]);
        }
    }

    private static void Release(ScanLane lane)
    {
        try
        {
            lane.Stream.Synchronize();
        }
        finally
        {
            lane.Unstage();
        }
    }

    private static ArrayView<long> UnitsOn(ScanLane lane, RowPages pages)
    {
        var units = new long[pages.Units.Length];
        for (var i = 0; i < units.Length; i++)
        {
            units[i] = pages.Units.Span[i] < 0 ? -1 : pages.Units.Span[i] / Chunk.Bytes;
        }

        return lane.Units.Of(lane.Stream, units);
    }

    /// <summary>Rows of which each has a score written; the best are selected from these.</summary>
    private void Run(ScanLane lane, ArrayView<byte> memory, RowPages pages, ArrayView<long> deviceUnits, int begin, int end)
    {
        var shape = ShapeOf(pages, _filters.HasUnion);
        var atOnce = (int)Math.Clamp(MostScores / _queries.Count / 64 * 64, 64, int.MaxValue / 2);
        for (var first = begin; first < end; first += atOnce)
        {
            (shape.First, shape.Count) = (first, Math.Min(atOnce, end - first));
            var uppers = lane.Uppers.Of((long)shape.Count * _queries.Count);
            Score(lane, memory, deviceUnits, uppers, shape, pages.Kind);
            lane.Best.Add(lane.Stream, uppers, shape.Count, pages.FirstRow + first);
        }
    }

    /// <summary>Each row's bound, by query and row.</summary>
    private void Score(ScanLane lane, ArrayView<byte> memory, ArrayView<long> units, ArrayView<float> uppers, RowShape shape, RowKind kind)
    {
        // There are no lists then: any memory does.
        var none = memory.Cast<int>();
        if (_hasTiles)
        {
            Tiles(lane, memory, units, new OpenLists(uppers, none, none, uppers, 0), shape, kind, new ScoreTarget { Asked = _queries.Count });
            return;
        }

        for (var i = 0; i < _queries.Count; i++)
        {
            ScoreOne(lane, memory, units, i, new OpenLists(uppers, none, none, uppers.SubView((long)i * shape.Count, shape.Count), 0), shape, kind, default);
        }
    }

    /// <summary>The bounds above a query's floor, into its list.</summary>
    private void Append(ScanLane lane, ArrayView<byte> memory, ArrayView<long> units, OpenLists lists, RowShape shape, RowKind kind)
    {
        var target = new ScoreTarget { Asked = _queries.Count, HasFloors = 1, Stride = lists.Stride };
        if (_hasTiles)
        {
            Tiles(lane, memory, units, lists, shape, kind, target);
            return;
        }

        for (var i = 0; i < _queries.Count; i++)
        {
            ScoreOne(lane, memory, units, i, lists.Of(i), shape, kind, target);
        }
    }

    private void Tiles(ScanLane lane, ArrayView<byte> memory, ArrayView<long> units, OpenLists lists, RowShape shape, RowKind kind, ScoreTarget target) =>
        _scanner.Tiles.Run(lane.Stream, kind, memory, units, lane.Asked, lists, shape, target);

    private void ScoreOne(ScanLane lane, ArrayView<byte> memory, ArrayView<long> units, int number, OpenLists list, RowShape shape, RowKind kind, ScoreTarget target)
    {
        var query = _queries[number];
        var chunks = QueryBlock.BytesOfOne(query) / Chunk.Bytes;
        shape.HasFilter = _filters.Has(number) ? 1 : 0;
        _scanner.Scores[(int)kind](
            lane.Stream, _scanner.GridOf(shape.Count), memory.Cast<Chunk>(), memory.Cast<float>(), units, _filters.Of(lane.Asked.Filter, number),
            lane.Asked.Chunks.SubView((long)number * chunks, chunks), list.Floors, list.Counts, list.Names, list.Numbers, shape,
            new RowScores.Bounds { Unit = query.Unit, Slope = query.Slope, Offset = query.Offset }, target);
    }
}
