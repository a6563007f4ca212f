using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Devices.Ilgpu;

using TileKernel = Action<AcceleratorStream, KernelConfig, ArrayView<Chunk>, ArrayView<float>, ArrayView<long>, ArrayView<uint>, ArrayView<Chunk>, ArrayView<Chunk>, ArrayView<float>, ArrayView<int>, ArrayView<int>, ArrayView<float>, RowShape, ScoreTarget>;

/// <summary>
/// Scans of several queries at once on tensor cores. Whether they can be trusted here is found out when they are first wanted
/// (of a GPU: with its first check): on random rows they must agree with the processor; where they do not, or where there are none, the kernel for one query serves.
/// </summary>
internal sealed class ScanTiles
{
    private readonly Accelerator _accelerator;
    private readonly int _threads;
    private readonly int _groups;
    private readonly Lock _lock = new();
    private readonly bool _areWanted;
    private volatile Outcome? _outcome;
    private TileKernel? _halves;
    private TileKernel? _codes;

    public ScanTiles(Accelerator accelerator, int threads, int groups, bool areWanted)
    {
        (_accelerator, _threads, _groups) = (accelerator, Math.Max(threads / 32 * 32, 32), groups);
        _areWanted = areWanted;
    }

    /// <summary>Why they are not used; null when they are.</summary>
    public string? Failure => Prepared().Failure;

    /// <summary>Prepares them, also once more where it was hindered by something that may be over: they were refused, as where the device had no memory.</summary>
    public void TryAgain()
    {
        lock (_lock)
        {
            _outcome = _outcome is { MayPass: true } ? null : _outcome;
        }

        _ = Prepared();
    }

    /// <summary>False where the kernel for one query must do.</summary>
    public bool CanTake(IReadOnlyList<ScanQuery> queries) => queries.Count > 1 && queries[0].Kind != RowKind.Floats && Failure is null;

    /// <summary>Queries that a warp takes together.</summary>
    public static int WidthOf(RowKind kind) => kind == RowKind.Halves ? TileScores.HalvesWidth : TileScores.CodesWidth;

    public void Run(
        AcceleratorStream stream, RowKind kind, ArrayView<byte> memory, ArrayView<long> units, LaneQueries asked, OpenLists lists, RowShape shape, ScoreTarget target)
    {
        var width = WidthOf(kind);
        var across = (target.Asked + width - 1) / width;
        var tiles = ((shape.Count + TileRows.Height - 1L) / TileRows.Height) * across;
        var config = new KernelConfig((int)Math.Clamp((tiles + (_threads / 8) - 1) / (_threads / 8), 1, _groups), _threads);
        (kind == RowKind.Halves ? _halves! : _codes!)(
            stream, config, memory.Cast<Chunk>(), memory.Cast<float>(), units, asked.Filter, asked.Chunks, asked.Bounds.Cast<Chunk>(),
            lists.Floors, lists.Counts, lists.Names, lists.Numbers, shape, target);
    }

    private Outcome Prepared()
    {
        if (_outcome is { } outcome)
        {
            return outcome;
        }

        lock (_lock)
        {
            return _outcome ??= _areWanted ? Prepare() : new Outcome("Sophia:Gpu:TensorCores is false");
        }
    }

    private Outcome Prepare()
    {
        if (_accelerator.WarpSize != 32)
        {
            return new Outcome("its warps are not of 32 lanes");
        }

        if (_accelerator is CudaAccelerator { Architecture: { } found } && found.Major < 8)
        {
            return new Outcome($"compute capability {found.Major}.{found.Minor} has no such tensor cores");
        }

        try
        {
            _halves = _accelerator.LoadKernel<ArrayView<Chunk>, ArrayView<float>, ArrayView<long>, ArrayView<uint>, ArrayView<Chunk>, ArrayView<Chunk>, ArrayView<float>, ArrayView<int>, ArrayView<int>, ArrayView<float>, RowShape, ScoreTarget>(TileScores.Float16);
            _codes = _accelerator.LoadKernel<ArrayView<Chunk>, ArrayView<float>, ArrayView<long>, ArrayView<uint>, ArrayView<Chunk>, ArrayView<Chunk>, ArrayView<float>, ArrayView<int>, ArrayView<int>, ArrayView<float>, RowShape, ScoreTarget>(TileScores.Int8);
            return new Outcome(Check(RowKind.Halves) ?? Check(RowKind.Codes));
        }
        catch (AcceleratorException e) when (!Failures.IsLasting(e))
        {
            return new Outcome($"they were refused: {e.Message}") { MayPass = true };
        }
        catch (Exception e) when (Failures.IsOfKernel(e))
        {
            return new Outcome($"they could not be compiled: {e.Message}");
        }
    }

    /// <summary>Random rows with random queries, against the processor in double precision.</summary>
    private string? Check(RowKind kind)
    {
        const int Rows = 40;
        // More than one tile of them; on the processor that would take seconds.
        var queryCount = _accelerator is CudaAccelerator ? 67 : 5;
        const int Dimensions = 72;
        var random = new Random(Rows);
        float[] Unit()
        {
            var vector = Enumerable.Range(0, Dimensions).Select(_ => (random.NextDouble() * 2) - 1).ToArray();
            var length = Math.Sqrt(vector.Sum(x => x * x));
            return [.. vector.Select(x => (float)(x / length))];
        }

        var shape = new RowPages(kind, RowPages.RowBytesOf(kind, Dimensions), 64, 1, new long[] { 0 }, 0, Rows);
        var page = new byte[shape.PageBytes];
        var rows = Enumerable.Range(0, Rows).Select(_ => Unit()).ToArray();
        for (var row = 0; row < Rows; row++)
        {
            RowPage.Set(shape, page, row, rows[row], row);
        }

        var vectors = Enumerable.Range(0, queryCount).Select(_ => Unit()).ToArray();
        var queries = vectors.Select(v => ScanQuery.Of(kind, v, shape.RowBytes)).ToArray();
        using var memory = _accelerator.Allocate1D(page);
        using var units = _accelerator.Allocate1D(new long[] { 0 });
        using var uppers = _accelerator.Allocate1D<float>(Rows * queryCount);
        using var stream = _accelerator.CreateStream();
        using var asked = new LaneQueries(_accelerator);
        var filters = new ScanFilters([.. queries.Select(static q => new FilteredQuery(q, null))]);
        asked.Send(stream, QueryBlock.ForTiles(queries, filters), filters);
        var rowShape = IlgpuScan.ShapeOf(shape, hasFilter: false) with { Count = Rows };
        var none = memory.View.BaseView.Cast<int>();
        Run(
            stream, kind, memory.View.BaseView, units.View.BaseView, asked, new OpenLists(uppers.View.BaseView, none, none, uppers.View.BaseView, 0), rowShape,
            new ScoreTarget { Asked = queryCount });
        stream.Synchronize();
        var found = uppers.GetAsArray1D();
        for (var i = 0; i < found.Length; i++)
        {
            var exact = vectors[i / Rows].Zip(rows[i % Rows], (x, y) => (double)x * y).Sum();
            if (!(found[i] >= exact && found[i] <= exact + 0.05))
            {
                return $"of a row whose cosine is {exact} they say that it is at most {found[i]}";
            }
        }

        // Above the floor are so many of them as there should be, and each is what it was before.
        var floors = Enumerable.Range(0, queryCount).Select(q => found[(q * Rows) + (q % Rows)]).ToArray();
        using var lists = new OpenBuffers(_accelerator, floors, Rows);
        Run(stream, kind, memory.View.BaseView, units.View.BaseView, asked, lists.Lists, rowShape, new ScoreTarget { Asked = queryCount, HasFloors = 1, Stride = Rows });
        stream.Synchronize();
        for (var query = 0; query < queryCount; query++)
        {
            var above = Enumerable.Range(0, Rows).Where(row => found[(query * Rows) + row] > floors[query]).Select(row => (row, found[(query * Rows) + row]));
            if (!lists.Of(query).SequenceEqual(above))
            {
                return $"above {floors[query]} they find {lists.Of(query).Count()} rows, which are not the {above.Count()} whose scores are";
            }
        }

        return null;
    }

    /// <summary>Null where they can be used.</summary>
    private sealed record Outcome(string? Failure)
    {
        /// <summary>It says nothing of the next time.</summary>
        public bool MayPass { get; init; }
    }

    /// <summary>Lists for the check alone.</summary>
    private sealed class OpenBuffers(Accelerator accelerator, float[] floors, int room) : IDisposable
    {
        private readonly MemoryBuffer1D<float, Stride1D.Dense> _floors = accelerator.Allocate1D(floors);
        private readonly MemoryBuffer1D<int, Stride1D.Dense> _counts = accelerator.Allocate1D(new int[floors.Length]);
        private readonly MemoryBuffer1D<int, Stride1D.Dense> _names = accelerator.Allocate1D<int>(floors.Length * room);
        private readonly MemoryBuffer1D<float, Stride1D.Dense> _numbers = accelerator.Allocate1D<float>(floors.Length * room);

        public OpenLists Lists => new(_floors.View.BaseView, _counts.View.BaseView, _names.View.BaseView, _numbers.View.BaseView, room);

        /// <summary>By row.</summary>
        public IEnumerable<(int Row, float Upper)> Of(int query)
        {
            var (names, numbers) = (_names.GetAsArray1D(), _numbers.GetAsArray1D());
            return Enumerable.Range(query * room, Math.Min(room, _counts.GetAsArray1D()[query])).Select(i => (names[i], numbers[i])).Order();
        }

        public void Dispose()
        {
            _floors.Dispose();
            _counts.Dispose();
            _names.Dispose();
            _numbers.Dispose();
        }
    }
}
