using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sophia.Gpu.Vectors;

/// <summary>One processor's part of a batch: tiles of 8 rows by all queries, and what it keeps of them.</summary>
internal sealed unsafe class TileScan<TKernels> : IDisposable
    where TKernels : struct, IKernels
{
    private const int Rows = IKernels.TileRows;
    private const int WideLanes = 64;
    private readonly VectorPages.Lease _pages;
    private readonly PackedQueries _packed;
    private readonly bool _byCodes;
    private readonly float[] _units;
    private readonly float[] _slopes;
    private readonly float[] _offsets;
    private readonly float[] _thresholds;
    private readonly byte* _scratch;

    public TileScan(in VectorPages.Lease pages, PackedQueries packed, PreparedQuery[] queries, CertainRows[] certain, bool byCodes)
    {
        (_pages, _packed, Certain, _byCodes) = (pages, packed, certain, byCodes);
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

        _scratch = (byte*)NativeMemory.AlignedAlloc((nuint)((Rows * WideLanes * sizeof(int)) + (Rows * pages.CodeStride * sizeof(short))), 64);
    }

    /// <summary>By query.</summary>
    public CertainRows[] Certain { get; }

    public void Scan(int page)
    {
        if (_byCodes)
        {
            ScanCodes(page);
        }
        else
        {
            ScanFloats(page);
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
        var scores = (float*)_scratch;
        var stride = _pages.Stride;
        var count = _pages.RowsOf(page);
        for (var row = 0; row < count; row += Rows)
        {
            for (var lane = 0; lane < _packed.Lanes; lane += IKernels.Lanes)
            {
                TKernels.Tile(_pages.Originals(page) + ((nint)row * stride), stride, _packed.Floats + ((nint)lane * stride), IKernels.Lanes, stride, scores);
                for (var i = 0; i < Rows && row + i < count; i++)
                {
                    Keep(page, row + i, lane, Vector512.Load(scores + (i * IKernels.Lanes)), 0);
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
            for (var group = 0; group < lanes; group += IKernels.Lanes)
            {
                var units = Vector512.Create<float>(_units.AsSpan(lane + group)) * scale;
                Keep(page, row + i, lane + group, Vector512.ConvertToSingle(Vector512.Load(sums + (i * lanes) + group)) * units, _pages.CodeStride == 0 ? 0 : _pages.Errors(page)[row + i]);
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
        for (; hits != 0; hits &= hits - 1)
        {
            var bit = System.Numerics.BitOperations.TrailingZeroCount(hits);
            var certain = Certain[lane + bit];
            _thresholds[lane + bit] = certain.Offer((page * _pages.RowsPerPage) + place, lowers[bit], uppers[bit])
                ? certain.Threshold : float.PositiveInfinity;
        }
    }
}
