using System.Numerics;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>A scan of the queries over the rows, as many at a time as there is room for their scores.</summary>
internal sealed class IlgpuScan : IRowScan
{
    /// <summary>Scores kept at once, of all queries: 256 MiB.</summary>
    private const long MostScores = 64L << 20;

    private readonly IlgpuScanner _scanner;
    private readonly IReadOnlyList<ScanQuery> _queries;
    private readonly ArrayView<Chunk> _query;
    private readonly ArrayView<uint> _filter;
    private readonly long _filtered;
    private bool _isDisposed;

    public IlgpuScan(IlgpuScanner scanner, IReadOnlyList<ScanQuery> queries, ulong[]? filter, int best)
    {
        (_scanner, _queries) = (scanner, queries);
        var bytes = new byte[queries.Count * queries[0].Bytes.Length];
        for (var i = 0; i < queries.Count; i++)
        {
            queries[i].Bytes.CopyTo(bytes, i * queries[i].Bytes.Length);
        }

        _query = scanner.Query.Of(scanner.Stream, MemoryMarshal.Cast<byte, Chunk>(bytes));
        _filter = scanner.Filter.Of(scanner.Stream, filter is null ? [0u] : MemoryMarshal.Cast<ulong, uint>(filter));
        _filtered = filter is null ? -1 : filter.Length * 64L;
        scanner.Best.Begin(scanner.Stream, queries.Count, best);
    }

    public void Scan(IDeviceMemory memory, RowPages pages)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(pages);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        pages.Require(memory.Bytes);
        if (pages.Kind != _queries[0].Kind || _queries[0].Bytes.Length != QueryBytesOf(pages))
        {
            throw new ArgumentException("The rows are of another kind or length than the queries.", nameof(pages));
        }

        if (_filtered >= 0 && _filtered < (long)pages.FirstRow + pages.Rows)
        {
            throw new ArgumentException($"The filter has {_filtered} bits; the last row is {(long)pages.FirstRow + pages.Rows - 1}.", nameof(pages));
        }

        if (pages.Rows > 0)
        {
            Failures.Guard(() => Run(((IlgpuMemory)memory).Buffer.View.BaseView, pages));
        }
    }

    public IReadOnlyList<BestRows> Finish()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return Failures.Guard(() => _scanner.Best.Read(_scanner.Stream));
    }

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _scanner.End();
        }
    }

    private static int QueryBytesOf(RowPages pages) => pages.Kind == RowKind.Floats ? pages.RowBytes : pages.RowBytes * 2;

    private void Run(ArrayView<byte> memory, RowPages pages)
    {
        var stream = _scanner.Stream;
        var units = new long[pages.Units.Length];
        for (var i = 0; i < units.Length; i++)
        {
            units[i] = pages.Units.Span[i] < 0 ? -1 : pages.Units.Span[i] / Chunk.Bytes;
        }

        var shape = new RowShape
        {
            Chunks = pages.RowBytes / Chunk.Bytes, RowsPerPageLog2 = BitOperations.Log2((uint)pages.RowsPerPage), PageChunks = (int)(pages.PageBytes / Chunk.Bytes),
            RowsPerUnit = pages.RowsPerUnit, Base = pages.FirstRow, HasFilter = _filtered >= 0 ? 1 : 0,
        };
        var deviceUnits = _scanner.Units.Of(stream, units);
        var atOnce = (int)Math.Clamp(MostScores / _queries.Count / 64 * 64, 64, int.MaxValue / 2);
        for (var first = 0; first < pages.Rows; first += atOnce)
        {
            (shape.First, shape.Count) = (first, Math.Min(atOnce, pages.Rows - first));
            var uppers = _scanner.Uppers.Of((long)shape.Count * _queries.Count);
            Score(memory, deviceUnits, uppers, shape, pages.Kind);
            _scanner.Best.Add(stream, uppers, shape.Count, pages.FirstRow + first);
        }
    }

    private void Score(ArrayView<byte> memory, ArrayView<long> units, ArrayView<float> uppers, RowShape shape, RowKind kind)
    {
        var chunks = _queries[0].Bytes.Length / Chunk.Bytes;
        for (var i = 0; i < _queries.Count; i++)
        {
            var query = _queries[i];
            _scanner.Scores[(int)kind](
                _scanner.Stream, _scanner.GridOf(shape.Count), memory.Cast<Chunk>(), memory.Cast<float>(), memory.Cast<int>(), units, _filter,
                _query.SubView((long)i * chunks, chunks), uppers.SubView((long)i * shape.Count, shape.Count), shape,
                new RowScores.Bounds { Unit = query.Unit, Slope = query.Slope, Offset = query.Offset });
        }
    }
}
