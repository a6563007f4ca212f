using ILGPU;
using ILGPU.Runtime;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>
/// The best rows of several queries, gathered on the device part by part: each part's best are appended to a list of the query,
/// and when that is full, the best of the list take its place. Nothing leaves the device but what is left at the end.
/// </summary>
internal sealed class IlgpuSelection : IDisposable
{
    private const int Parts = 8;

    private readonly int _threads;
    private readonly int _groups;
    private readonly Action<AcceleratorStream, Index1D, ArrayView<int>, ArrayView<int>, int> _begin;
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<float>, int, int, ArrayView<int>, ArrayView<int>> _count;
    private readonly Action<AcceleratorStream, KernelConfig, int, ArrayView<int>, ArrayView<int>> _narrow;
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<int>, int, int, int, ArrayView<int>, ArrayView<int>, ArrayView<float>, int, int, int> _gather;
    private readonly Action<AcceleratorStream, Index1D, ArrayView<int>, ArrayView<float>> _clear;
    private readonly Scratch<int> _state;
    private readonly Scratch<int> _bins;
    private readonly Scratch<int>[] _names;
    private readonly Scratch<float>[] _numbers;
    private int _lists;
    private int _wanted;
    private int _parts;
    private int _side;

    public IlgpuSelection(Accelerator accelerator, int threads, int groups)
    {
        (_threads, _groups) = (threads, groups);
        _begin = accelerator.LoadAutoGroupedKernel<Index1D, ArrayView<int>, ArrayView<int>, int>(BestOfMany.Begin);
        _count = accelerator.LoadKernel<ArrayView<float>, int, int, ArrayView<int>, ArrayView<int>>(BestOfMany.Count);
        _narrow = accelerator.LoadKernel<int, ArrayView<int>, ArrayView<int>>(BestOfMany.Narrow);
        _gather = accelerator.LoadKernel<ArrayView<float>, ArrayView<int>, int, int, int, ArrayView<int>, ArrayView<int>, ArrayView<float>, int, int, int>(BestOfMany.Gather);
        _clear = accelerator.LoadAutoGroupedKernel<Index1D, ArrayView<int>, ArrayView<float>>(BestOfMany.Clear);
        (_state, _bins) = (new(accelerator), new(accelerator));
        (_names, _numbers) = ([new(accelerator), new(accelerator)], [new(accelerator), new(accelerator)]);
    }

    private int Stride => checked(_wanted * Parts);

    private int Total => checked(_lists * Stride);

    public void Begin(AcceleratorStream stream, int lists, int wanted)
    {
        (_lists, _wanted, _parts, _side) = (lists, wanted, 0, 0);
        Clear(stream);
    }

    /// <summary>Takes in the best of numbers that stand by list, so many each, and are called by their places.</summary>
    /// <param name="first">What the first of each list is called.</param>
    public void Add(AcceleratorStream stream, ArrayView<float> numbers, int length, int first)
    {
        if (_parts == Parts)
        {
            Merge(stream);
        }

        Select(stream, numbers, default, length, first, _parts * _wanted);
        _parts++;
    }

    /// <summary>Those that are left, by list; waits for them.</summary>
    public IReadOnlyList<BestRows> Read(AcceleratorStream stream)
    {
        if (_parts > 1)
        {
            Merge(stream);
        }

        var (names, numbers) = (_names[_side].Of(Total), _numbers[_side].Of(Total));
        var best = new BestRows[_lists];
        for (var list = 0; list < _lists; list++)
        {
            best[list] = new BestRows(new int[_wanted], new float[_wanted]);
            names.SubView((long)list * Stride, _wanted).CopyToCPU(stream, best[list].Rows.AsSpan());
            numbers.SubView((long)list * Stride, _wanted).CopyToCPU(stream, best[list].Uppers.AsSpan());
        }

        stream.Synchronize();
        for (var list = 0; list < _lists; list++)
        {
            // Places that nothing was gathered into are −∞; they come last or between, as the threads came.
            var there = 0;
            var (rows, uppers) = (best[list].Rows, best[list].Uppers);
            for (var i = 0; i < _wanted; i++)
            {
                if (uppers[i] > float.NegativeInfinity)
                {
                    (rows[there], uppers[there++]) = (rows[i], uppers[i]);
                }
            }

            best[list] = there == _wanted ? best[list] : new BestRows(rows[..there], uppers[..there]);
        }

        return best;
    }

    public void Dispose()
    {
        _state.Dispose();
        _bins.Dispose();
        foreach (var scratch in _names)
        {
            scratch.Dispose();
        }

        foreach (var scratch in _numbers)
        {
            scratch.Dispose();
        }
    }

    private void Merge(AcceleratorStream stream)
    {
        var (names, numbers) = (_names[_side].Of(Total), _numbers[_side].Of(Total));
        _side = 1 - _side;
        Clear(stream);
        Select(stream, numbers, names, Stride, 0, 0);
        _parts = 1;
    }

    private void Clear(AcceleratorStream stream) => _clear(stream, Total, _names[_side].Of(Total), _numbers[_side].Of(Total));

    private void Select(AcceleratorStream stream, ArrayView<float> numbers, ArrayView<int> names, int length, int first, int at)
    {
        var state = _state.Of((long)_lists * BestOfMany.StateSize);
        var bins = _bins.Of((long)_lists * BestOfMany.Bins);
        var grid = new KernelConfig(new Index3D(Math.Clamp((length + (_threads * 4) - 1) / (_threads * 4), 1, _groups), _lists, 1), new Index3D(_threads, 1, 1));
        _begin(stream, (int)bins.Length, state, bins, _wanted);
        for (var round = 0; round < BestOfMany.Rounds; round++)
        {
            _count(stream, grid, numbers, length, round, state, bins);
            _narrow(stream, new KernelConfig(_lists, _threads), round, state, bins);
        }

        var hasNames = names.IsValid ? 1 : 0;
        _gather(
            stream, grid, numbers, names.IsValid ? names : state, hasNames, first, length, state, _names[_side].Of(Total), _numbers[_side].Of(Total), _wanted, at, Stride);
    }
}
