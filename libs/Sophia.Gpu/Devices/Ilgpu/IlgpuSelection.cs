using ILGPU;
using ILGPU.Runtime;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>
/// The best rows of several queries, gathered on the device part by part: each part's best are appended to a list of the query,
/// and when that is full, the best of the list take its place. Nothing leaves the device but what is left at the end.
/// Kernels may append to the lists by themselves (<see cref="Open"/>).
/// </summary>
internal sealed partial class IlgpuSelection : IDisposable
{
    private const int Parts = 8;

    private readonly Accelerator _accelerator;
    private readonly int _threads;
    private readonly int _groups;
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<int>, int> _begin;
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<float>, int, int, int, ArrayView<int>, ArrayView<int>> _count;
    private readonly Action<AcceleratorStream, KernelConfig, int, ArrayView<int>, ArrayView<int>> _narrow;
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<int>, int, int, int, int, ArrayView<int>, ArrayView<int>, ArrayView<float>, int, int, int> _gather;
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<float>> _clear;
    private readonly Scratch<int> _state;
    private readonly Scratch<int> _bins;
    private readonly Scratch<int>[] _names;
    private readonly Scratch<float>[] _numbers;
    private readonly PageLocked<int> _foundNames;
    private readonly PageLocked<float> _foundNumbers;
    private int _lists;
    private int _wanted;
    private int _stride;

    /// <summary>Places of each list, from its first on, in which something may stand; the others are −∞.</summary>
    private int _used;
    private int _side;

    public IlgpuSelection(Accelerator accelerator, int threads, int groups)
    {
        (_accelerator, _threads, _groups) = (accelerator, threads, groups);
        _begin = accelerator.LoadKernel<ArrayView<int>, ArrayView<int>, int>(BestOfMany.Begin);
        _count = accelerator.LoadKernel<ArrayView<float>, int, int, int, ArrayView<int>, ArrayView<int>>(BestOfMany.Count);
        _narrow = accelerator.LoadKernel<int, ArrayView<int>, ArrayView<int>>(BestOfMany.Narrow);
        _gather = accelerator.LoadKernel<ArrayView<float>, ArrayView<int>, int, int, int, int, ArrayView<int>, ArrayView<int>, ArrayView<float>, int, int, int>(BestOfMany.Gather);
        _floor = accelerator.LoadKernel<ArrayView<int>, int, ArrayView<float>, ArrayView<int>>(BestOfMany.Floor);
        _trim = accelerator.LoadKernel<ArrayView<int>, ArrayView<float>, int, int>(BestOfMany.Trim);
        _clear = accelerator.LoadKernel<ArrayView<int>, ArrayView<float>>(BestOfMany.Clear);
        (_state, _bins) = (new(accelerator), new(accelerator));
        (_names, _numbers) = ([new(accelerator), new(accelerator)], [new(accelerator), new(accelerator)]);
        (_foundNames, _foundNumbers) = (new(accelerator), new(accelerator));
        (_floors, _counts, _foundCounts) = (new(accelerator), new(accelerator), new(accelerator));
    }

    private int Total => checked(_lists * _stride);

    /// <param name="room">Numbers that a list must take, at least <paramref name="wanted"/>; of several parts without.</param>
    public void Begin(AcceleratorStream stream, int lists, int wanted, int room = 0)
    {
        (_lists, _wanted, _stride, _used, _side) = (lists, wanted, Math.Max(room, checked(wanted * Parts)), 0, 0);
        Clear(stream);
    }

    /// <summary>Takes in the best of numbers that stand by list, so many each, and are called by their places.</summary>
    /// <param name="first">What the first of each list is called.</param>
    public void Add(AcceleratorStream stream, ArrayView<float> numbers, int length, int first)
    {
        if (_used + _wanted > _stride)
        {
            Merge(stream, _stride);
        }

        Select(stream, numbers, default, length, length, first, _used);
        _used += _wanted;
    }

    /// <summary>Those that are left, by list; waits for them.</summary>
    public IReadOnlyList<BestRows> Read(AcceleratorStream stream)
    {
        // Those of one list, and lists without room between them, are copied at once.
        if (_used > _wanted || _lists > 1)
        {
            Merge(stream, _wanted);
        }

        var count = checked(_lists * _wanted);
        var (names, numbers) = (_foundNames.Of(count), _foundNumbers.Of(count));
        _names[_side].Of(Total).SubView(0, count).CopyTo(stream, names.ArrayView.SubView(0, count));
        _numbers[_side].Of(Total).SubView(0, count).CopyTo(stream, numbers.ArrayView.SubView(0, count));
        stream.Synchronize();
        var best = new BestRows[_lists];
        for (var list = 0; list < _lists; list++)
        {
            best[list] = Gathered(names.Span.Slice(list * _wanted, _wanted), numbers.Span.Slice(list * _wanted, _wanted));
        }

        return best;
    }

    public void Dispose()
    {
        Failures.Dispose(_names);
        Failures.Dispose(_numbers);
        Failures.Dispose(_state, _bins, _foundNames, _foundNumbers, _floors, _counts, _foundCounts);
    }

    /// <summary>Without places that nothing was gathered into: they are −∞, and come last or between, as the threads came.</summary>
    private static BestRows Gathered(ReadOnlySpan<int> names, ReadOnlySpan<float> numbers)
    {
        var (rows, uppers, there) = (new int[names.Length], new float[names.Length], 0);
        for (var i = 0; i < names.Length; i++)
        {
            if (numbers[i] != float.NegativeInfinity)
            {
                // What is no number comes of a scale or an error that was damaged: the row may be anything.
                (rows[there], uppers[there++]) = (names[i], float.IsNaN(numbers[i]) ? float.PositiveInfinity : numbers[i]);
            }
        }

        return there == rows.Length ? new BestRows(rows, uppers) : new BestRows(rows[..there], uppers[..there]);
    }

    private KernelConfig ThreadsFor(int length) => Threads.For(_accelerator, length);

    /// <param name="stride">From one list to the next from now on.</param>
    private void Merge(AcceleratorStream stream, int stride)
    {
        var (names, numbers, from) = (_names[_side].Of(Total), _numbers[_side].Of(Total), _stride);
        (_side, _stride) = (1 - _side, stride);
        Clear(stream);
        Select(stream, numbers, names, _used, from, 0, 0);
        _used = _wanted;
    }

    private void Clear(AcceleratorStream stream) => _clear(stream, ThreadsFor(Total), _names[_side].Of(Total), _numbers[_side].Of(Total));

    private void Select(AcceleratorStream stream, ArrayView<float> numbers, ArrayView<int> names, int length, int stride, int first, int at)
    {
        var state = _state.Of((long)_lists * BestOfMany.StateSize);
        var bins = _bins.Of((long)_lists * BestOfMany.Bins);
        var grid = new KernelConfig(new Index3D(Math.Clamp((length + (_threads * 4) - 1) / (_threads * 4), 1, _groups), _lists, 1), new Index3D(_threads, 1, 1));
        _begin(stream, ThreadsFor((int)bins.Length), state, bins, _wanted);
        for (var round = 0; round < BestOfMany.Rounds; round++)
        {
            _count(stream, grid, numbers, length, stride, round, state, bins);
            _narrow(stream, new KernelConfig(_lists, _threads), round, state, bins);
        }

        var hasNames = names.IsValid ? 1 : 0;
        _gather(
            stream, grid, numbers, names.IsValid ? names : state, hasNames, first, length, stride, state, _names[_side].Of(Total), _numbers[_side].Of(Total), _wanted, at, _stride);
    }
}
