using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// One processor's part of a batch: tiles of 8 rows by all queries, and what it keeps of them. By codes, pages are looked
/// through by <see cref="CoarseQuery"/> as long as that leaves few rows to be scored by 16 bits.
/// </summary>
internal sealed unsafe class TileScan<TKernels> : IDisposable
    where TKernels : struct, IKernels
{
    private const int Rows = IKernels.TileRows;
    private const int WideLanes = 64;

    /// <summary>A score by 16 bits costs as much as these by a coarse tile save: with more than one in eight there is nothing to gain.</summary>
    private const int CoarseWorthOneIn = 8;

    /// <summary>Pages after which it is tried again.</summary>
    private const int PagesUntilCoarse = 32;

    private readonly VectorPages.Lease _pages;
    private readonly PackedQueries _packed;
    private readonly PreparedQuery[] _queries;
    private readonly bool _byCodes;
    private readonly ulong[]?[] _filters;
    private readonly float[] _units;
    private readonly float[] _slopes;
    private readonly float[] _offsets;
    private readonly float[] _thresholds;
    private readonly float[] _coarseUnits;
    private readonly float[] _coarseSlopes;
    private readonly float[] _coarseOffsets;
    private readonly int[] _coarseSums;
    private readonly byte* _scratch;

    // Thresholds come from the first page: until there are some, every row would pass.
    private int _pagesUntilCoarse = 1;
    private long _hits;

    public TileScan(in VectorPages.Lease pages, PackedQueries packed, PreparedQuery[] queries, ulong[]?[] filters, CertainRows[] certain, bool byCodes)
    {
        (_pages, _packed, _queries, _filters, Certain, _byCodes) = (pages, packed, queries, filters, certain, byCodes);
        _units = new float[packed.Lanes];
        _slopes = new float[packed.Lanes];
        _offsets = new float[packed.Lanes];
        _thresholds = new float[packed.Lanes];
        Array.Fill(_thresholds, float.PositiveInfinity);
        for (var i = 0; i < queries.Length; i++)
        {
            (_units[i], _slopes[i], _offsets[i]) = byCodes ? (queries[i].Scale, queries[i].Slope, queries[i].Offset) : (1, 0, queries[i].FloatBound);
            _thresholds[i] = float.NegativeInfinity;
        }

        // −128·Σd, which codes plus 128 add too much.
        _coarseUnits = new float[packed.Lanes];
        _coarseSlopes = new float[packed.Lanes];
        _coarseOffsets = new float[packed.Lanes];
        _coarseSums = new int[packed.Lanes];
        for (var i = 0; i < packed.CoarseQueries.Length; i++)
        {
            var coarse = packed.CoarseQueries[i];
            (_coarseUnits[i], _coarseSlopes[i], _coarseOffsets[i], _coarseSums[i]) = (coarse.Scale, coarse.Slope, coarse.Offset, -128 * coarse.Sum);
        }

        _scratch = (byte*)NativeMemory.AlignedAlloc((nuint)((Rows * WideLanes * sizeof(int)) + (Rows * pages.CodeStride * sizeof(short))), 64);
    }

    /// <summary>By query.</summary>
    public CertainRows[] Certain { get; }

    public void Scan(int page)
    {
        if (!_byCodes)
        {
            ScanFloats(page);
            return;
        }

        _hits = 0;
        if (_packed.Coarse is null || _pagesUntilCoarse > 0)
        {
            ScanCodes(page);
            _pagesUntilCoarse--;
            return;
        }

        ScanCoarsely(page);
        if (_hits * CoarseWorthOneIn > (long)_pages.RowsOf(page) * _queries.Length)
        {
            _pagesUntilCoarse = PagesUntilCoarse;
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_scratch);
        foreach (var certain in Certain)
        {
            certain.Dispose();
        }
    }

    private void ScanFloats(int page)
    {
        const int ScoresOfTile = Rows * IKernels.Lanes;
        var scores = (float*)_scratch;
        var stride = _pages.Stride;
        var count = _pages.RowsOf(page);
        for (var row = 0; row < count; row += Rows)
        {
            var rows = _pages.Originals(page) + ((nint)row * stride);
            for (var lane = 0; lane < _packed.Lanes;)
            {
                var queries = _packed.Floats + ((nint)lane * stride);
                var tiles = lane < _packed.WideLanes ? 2 : 1;
                if (tiles == 2)
                {
                    TKernels.WideTile(rows, stride, queries, stride, scores);
                }
                else
                {
                    TKernels.Tile(rows, stride, queries, IKernels.Lanes, stride, scores);
                }

                for (var tile = 0; tile < tiles; tile++, lane += IKernels.Lanes)
                {
                    for (var i = 0; i < Rows && row + i < count; i++)
                    {
                        Keep(page, row + i, lane, Vector512.Load(scores + (tile * ScoresOfTile) + (i * IKernels.Lanes)), 0);
                    }
                }
            }
        }
    }

    private void ScanCodes(int page)
    {
        var sums = (int*)_scratch;
        var wide = (short*)(_scratch + (Rows * WideLanes * sizeof(int)));
        var stride = _pages.CodeStride;
        var count = _pages.RowsOf(page);
        for (var row = 0; row < count; row += Rows)
        {
            TKernels.Widen(_pages.Codes(page) + ((nint)row * stride), wide, Rows * stride);
            var lane = 0;
            for (; lane < _packed.WideLanes; lane += WideLanes)
            {
                TKernels.WideTile(wide, _packed.Codes + ((nint)lane * stride), 2 * WideLanes, stride, sums);
                KeepSums(page, row, count, lane, WideLanes, sums);
            }

            for (; lane < _packed.Lanes; lane += IKernels.Lanes)
            {
                TKernels.Tile(wide, _packed.Codes + ((nint)lane * stride), 2 * IKernels.Lanes, stride, sums);
                KeepSums(page, row, count, lane, IKernels.Lanes, sums);
            }
        }
    }

    private void KeepSums(int page, int row, int count, int lane, int lanes, int* sums)
    {
        for (var i = 0; i < Rows && row + i < count; i++)
        {
            var scale = _pages.Scales(page)[row + i];
            var error = _pages.Errors(page)[row + i];
            for (var group = 0; group < lanes; group += IKernels.Lanes)
            {
                var units = Vector512.Create<float>(_units.AsSpan(lane + group)) * scale;
                Keep(page, row + i, lane + group, Vector512.ConvertToSingle(Vector512.Load(sums + (i * lanes) + group)) * units, error);
            }
        }
    }

    private void ScanCoarsely(int page)
    {
        var sums = (int*)_scratch;
        var rows = _scratch + (Rows * WideLanes * sizeof(int));
        var stride = _pages.CodeStride;
        var count = _pages.RowsOf(page);
        for (var row = 0; row < count; row += Rows)
        {
            var codes = _pages.Codes(page) + ((nint)row * stride);
            for (nint i = 0; i < Rows * stride; i += Vector512<byte>.Count)
            {
                // In 8 bits, adding 128 and turning the highest bit over are the same.
                (Vector512.Load((byte*)codes + i) ^ Vector512.Create((byte)128)).Store(rows + i);
            }

            for (var lane = 0; lane < _packed.Lanes; lane += IKernels.Lanes)
            {
                TKernels.CoarseTile(rows, _packed.Coarse + ((nint)lane * stride), stride, sums, codes + (Rows * stride));
                for (var i = 0; i < Rows && row + i < count; i++)
                {
                    KeepCoarse(page, row + i, lane, sums + (i * IKernels.Lanes));
                }
            }
        }
    }

    /// <summary>Scores by 16 bits the queries for which a row may be among the best, and keeps what still may.</summary>
    private void KeepCoarse(int page, int place, int lane, int* sums)
    {
        var scale = _pages.Scales(page)[place];
        var error = _pages.Errors(page)[place];
        var scores = Vector512.ConvertToSingle(Vector512.Load(sums) + Vector512.Create<int>(_coarseSums.AsSpan(lane))) *
            (Vector512.Create<float>(_coarseUnits.AsSpan(lane)) * scale);
        var bounds = (Vector512.Create<float>(_coarseSlopes.AsSpan(lane)) * error) + Vector512.Create<float>(_coarseOffsets.AsSpan(lane));
        var hits = Vector512.GreaterThanOrEqual(scores + bounds, Vector512.Create<float>(_thresholds.AsSpan(lane))).ExtractMostSignificantBits();
        if (hits == 0 || Volatile.Read(ref _pages.Owners(page)[place]) < 0)
        {
            return;
        }

        var codes = _pages.Codes(page) + ((nint)place * _pages.CodeStride);
        var slot = (page * _pages.RowsPerPage) + place;
        for (; hits != 0; hits &= hits - 1)
        {
            var query = lane + System.Numerics.BitOperations.TrailingZeroCount(hits);
            if (!Passes(query, slot))
            {
                continue;
            }

            // The rows behind it come next for the tiles.
            _hits++;
            var score = TKernels.DotAhead(codes, _queries[query].Codes, _pages.CodeStride) * (_units[query] * scale);
            var bound = (_slopes[query] * error) + _offsets[query];
            if (score + bound >= _thresholds[query])
            {
                Offer(query, slot, score - bound, score + bound);
            }
        }
    }

    /// <summary>Keeps the scores of a row that may be among the best of their queries.</summary>
    private void Keep(int page, int place, int lane, Vector512<float> scores, float error)
    {
        var bounds = (Vector512.Create<float>(_slopes.AsSpan(lane)) * error) + Vector512.Create<float>(_offsets.AsSpan(lane));
        var uppers = scores + bounds;
        var hits = Vector512.GreaterThanOrEqual(uppers, Vector512.Create<float>(_thresholds.AsSpan(lane))).ExtractMostSignificantBits();
        if (hits == 0 || Volatile.Read(ref _pages.Owners(page)[place]) < 0)
        {
            return;
        }

        var lowers = scores - bounds;
        var slot = (page * _pages.RowsPerPage) + place;
        for (; hits != 0; hits &= hits - 1)
        {
            var bit = System.Numerics.BitOperations.TrailingZeroCount(hits);
            if (Passes(lane + bit, slot))
            {
                Offer(lane + bit, slot, lowers[bit], uppers[bit]);
            }
        }
    }

    /// <summary>Looked at only for a row that may be among the best: of the others it does not matter. Slots beyond the filter came later.</summary>
    private bool Passes(int query, int slot) =>
        _filters[query] is not { } filter || (slot >> 6 < filter.Length && (filter[slot >> 6] >> slot & 1) != 0);

    private void Offer(int query, int slot, float lower, float upper)
    {
        var certain = Certain[query];
        _thresholds[query] = certain.Offer(slot, lower, upper) ? certain.Threshold : float.PositiveInfinity;
    }
}
