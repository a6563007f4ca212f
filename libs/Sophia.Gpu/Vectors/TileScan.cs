using System.Runtime.CompilerServices;
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
    private readonly float[] _reached;
    private readonly LaneLimits _limits;
    private readonly LaneLimits _coarse;
    private readonly byte* _scratch;

    /// <summary>By lane: what a row must be able to reach. Lanes without a query want more than there is.</summary>
    private readonly float* _thresholds;

    // Thresholds come from the first page: until there are some, every row would pass. Another part may have some, of few pages.
    private int _pagesUntilCoarse = 1;
    private long _hits;

    /// <param name="reached">By query, the threshold that any part of the scan has reached; it holds for all.</param>
    public TileScan(in VectorPages.Lease pages, PackedQueries packed, PreparedQuery[] queries, ulong[]?[] filters, CertainRows[] certain, float[] reached, bool byCodes)
    {
        (_pages, _packed, _queries, _filters, Certain, _reached, _byCodes) = (pages, packed, queries, filters, certain, reached, byCodes);
        _limits = new LaneLimits(packed.Lanes);
        _coarse = new LaneLimits(packed.Lanes);
        var tile = (Rows * WideLanes * sizeof(int)) + (Rows * pages.CodeStride * sizeof(short));
        _scratch = (byte*)NativeMemory.AlignedAlloc((nuint)(tile + (packed.Lanes * sizeof(float))), 64);
        _thresholds = (float*)(_scratch + tile);
        new Span<float>(_thresholds, packed.Lanes).Fill(float.PositiveInfinity);
        for (var i = 0; i < queries.Length; i++)
        {
            (_limits.Units[i], _limits.Slopes[i], _limits.Offsets[i]) = byCodes ? (queries[i].Scale, queries[i].Slope, queries[i].Offset) : (1, 0, queries[i].FloatBound);
            _thresholds[i] = float.NegativeInfinity;
        }

        for (var i = 0; i < packed.CoarseQueries.Length; i++)
        {
            var coarse = packed.CoarseQueries[i];
            (_coarse.Corrections[i], _coarse.Units[i], _coarse.Slopes[i], _coarse.Offsets[i]) = (-128 * coarse.Sum, coarse.Scale, coarse.Slope, coarse.Offset);
        }
    }

    /// <summary>By query.</summary>
    public CertainRows[] Certain { get; }

    public void Scan(int page)
    {
        TakeReached();
        _hits = 0;
        if (!_byCodes)
        {
            ScanFloats(page);
        }
        else if (_packed.Coarse is null || _pagesUntilCoarse > 0)
        {
            ScanCodes(page);
            _pagesUntilCoarse--;
        }
        else
        {
            ScanCoarsely(page);
            _pagesUntilCoarse = _hits * CoarseWorthOneIn > (long)_pages.RowsOf(page) * _queries.Length ? PagesUntilCoarse : 0;
        }

        GiveReached();
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_scratch);
        _limits.Dispose();
        _coarse.Dispose();
        foreach (var certain in Certain)
        {
            certain.Dispose();
        }
    }

    private void TakeReached()
    {
        for (var i = 0; i < _queries.Length; i++)
        {
            if (Volatile.Read(ref _reached[i]) is var reached && reached > _thresholds[i])
            {
                Certain[i].Raise(reached);
                _thresholds[i] = reached;
            }
        }
    }

    private void GiveReached()
    {
        for (var i = 0; i < _queries.Length; i++)
        {
            // Of two that write at once the lower may stay: then the other passes over fewer rows for a page.
            if (Certain[i].Threshold > Volatile.Read(ref _reached[i]))
            {
                Volatile.Write(ref _reached[i], Certain[i].Threshold);
            }
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
            var (scale, error) = _pages.Bounds(page)[row + i];
            for (var group = 0; group < lanes; group += IKernels.Lanes)
            {
                var units = Vector512.Load(_limits.Units + lane + group) * scale;
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
                    var (scale, error) = _pages.Bounds(page)[row + i];
                    var passing = TKernels.Passing(sums + (i * IKernels.Lanes), _coarse, lane, _thresholds, scale, error);
                    if (passing != 0)
                    {
                        KeepCoarse(page, row + i, lane, passing, scale, error);
                    }
                }
            }
        }
    }

    /// <summary>Scores by 16 bits the queries for which a row may be among the best, and keeps what still may.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void KeepCoarse(int page, int place, int lane, uint hits, float scale, float error)
    {
        if (Volatile.Read(ref _pages.Owners(page)[place]) < 0)
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
            var score = TKernels.DotAhead(codes, _queries[query].Codes, _pages.CodeStride) * (_limits.Units[query] * scale);
            var bound = (_limits.Slopes[query] * error) + _limits.Offsets[query];
            if (score + bound >= _thresholds[query])
            {
                Offer(query, slot, score - bound, score + bound);
            }
        }
    }

    /// <summary>Keeps the scores of a row that may be among the best of their queries.</summary>
    private void Keep(int page, int place, int lane, Vector512<float> scores, float error)
    {
        var bounds = (Vector512.Load(_limits.Slopes + lane) * error) + Vector512.Load(_limits.Offsets + lane);
        var uppers = scores + bounds;
        var hits = Vector512.GreaterThanOrEqual(uppers, Vector512.Load(_thresholds + lane)).ExtractMostSignificantBits();
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
