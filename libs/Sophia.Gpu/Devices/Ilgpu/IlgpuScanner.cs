using ILGPU;
using ILGPU.Runtime;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Devices.Ilgpu;

using ScoreKernel = Action<AcceleratorStream, KernelConfig, ArrayView<Chunk>, ArrayView<float>, ArrayView<long>, ArrayView<uint>, ArrayView<Chunk>, ArrayView<float>, ArrayView<int>, ArrayView<int>, ArrayView<float>, RowShape, RowScores.Bounds, ScoreTarget>;

/// <summary>The scans of a device that ILGPU reaches: its kernels, made once, and the memory that they work in.</summary>
internal sealed class IlgpuScanner : IRowScanner, IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    /// <summary>Threads of a group that scores rows: small ones, of which more fit into the registers.</summary>
    private readonly int _scoring;
    private readonly int _scoringGroups;
    private readonly int _threads;
    private readonly int _groups;

    public IlgpuScanner(Accelerator accelerator, bool tensorCores)
    {
        Accelerator = accelerator;
        _threads = Math.Min(256, accelerator.MaxNumThreadsPerGroup);
        _scoring = Math.Min(128, _threads);
        _groups = accelerator.NumMultiprocessors * (accelerator.AcceleratorType == AcceleratorType.CPU ? 2 : 16);
        _scoringGroups = accelerator.AcceleratorType == AcceleratorType.CPU ? _groups : int.MaxValue;
        Room = accelerator.AcceleratorType == AcceleratorType.CPU ? 1 << 12 : 4L << 20;
        Scores = [accelerator.LoadKernel<ArrayView<Chunk>, ArrayView<float>, ArrayView<long>, ArrayView<uint>, ArrayView<Chunk>, ArrayView<float>, ArrayView<int>, ArrayView<int>, ArrayView<float>, RowShape, RowScores.Bounds, ScoreTarget>(RowScores.Float32),
            accelerator.LoadKernel<ArrayView<Chunk>, ArrayView<float>, ArrayView<long>, ArrayView<uint>, ArrayView<Chunk>, ArrayView<float>, ArrayView<int>, ArrayView<int>, ArrayView<float>, RowShape, RowScores.Bounds, ScoreTarget>(RowScores.Float16),
            accelerator.LoadKernel<ArrayView<Chunk>, ArrayView<float>, ArrayView<long>, ArrayView<uint>, ArrayView<Chunk>, ArrayView<float>, ArrayView<int>, ArrayView<int>, ArrayView<float>, RowShape, RowScores.Bounds, ScoreTarget>(RowScores.Int8)];
        var first = new ScanLane(accelerator, _threads, _groups);
        try
        {
            Lanes = [first, new ScanLane(accelerator, _threads, _groups)];
        }
        catch
        {
            Failures.Dispose(first);
            throw;
        }

        Tiles = new ScanTiles(accelerator, _scoring, _scoringGroups, tensorCores);
    }

    public Accelerator Accelerator { get; }

    /// <summary>Scores of all queries that are written before there are floors (<see cref="IlgpuScan"/>): 32 MiB at most, which the second cache of a GPU holds; fewer in tests.</summary>
    public long FirstScores { get; set; } = 8L << 20;

    /// <summary>Rows above a floor that the lists of all queries take; few on the CPU accelerator, which would take long to clear them, and in tests.</summary>
    public long Room { get; set; }

    /// <summary>By <see cref="RowKind"/>.</summary>
    public ScoreKernel[] Scores { get; }

    /// <summary>For several queries at once.</summary>
    public ScanTiles Tiles { get; }

    /// <summary>Two.</summary>
    public ScanLane[] Lanes { get; }

    /// <summary>
    /// Groups of threads for so many rows, of which a warp takes 16 at a time, and on a GPU four times: groups end one by one, and
    /// others begin, so that none is left alone with the last of a large share.
    /// </summary>
    public KernelConfig GridOf(int rows) => new(Math.Clamp((int)((rows + 255L) / 256), 1, _scoringGroups), _scoring);

    public IRowScan Begin(IReadOnlyList<FilteredQuery> queries, int best)
    {
        ArgumentNullException.ThrowIfNull(queries);
        ArgumentOutOfRangeException.ThrowIfZero(queries.Count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(best);
        if (queries.Any(q => q.Query.Kind != queries[0].Query.Kind || q.Query.Bytes.Length != queries[0].Query.Bytes.Length))
        {
            throw new ArgumentException("The queries of one scan are of one kind and length.", nameof(queries));
        }

        _turn.Wait();
        try
        {
            return Failures.Guard(() => new IlgpuScan(this, queries, best));
        }
        catch
        {
            _turn.Release();
            throw;
        }
    }

    public void End() => _turn.Release();

    public void Dispose()
    {
        Failures.Dispose(Lanes);
        _turn.Dispose();
    }
}
