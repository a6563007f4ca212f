using ILGPU;
using ILGPU.Runtime;
using Sophia.Gpu.Kernels;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>Lists that kernels append to: only what is above the least of the best so far, so that little is written and selected.</summary>
internal sealed partial class IlgpuSelection
{
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<int>, int, ArrayView<float>, ArrayView<int>> _floor;
    private readonly Action<AcceleratorStream, KernelConfig, ArrayView<int>, ArrayView<float>, int, int> _trim;
    private readonly Scratch<float> _floors;
    private readonly Scratch<int> _counts;
    private readonly PageLocked<int> _foundCounts;

    /// <summary>The lists, each with its best alone and room behind them; <see cref="Close"/> comes next.</summary>
    public OpenLists Open(AcceleratorStream stream)
    {
        Merge(stream, _stride);
        var (floors, counts) = (_floors.Of(_lists), _counts.Of(_lists));
        _floor(stream, ThreadsFor(_lists), _state.Of((long)_lists * BestOfMany.StateSize), _wanted, floors, counts);
        return new OpenLists(floors, counts, _names[_side].Of(Total), _numbers[_side].Of(Total), _stride);
    }

    /// <summary>Waits for what was appended. False where it was more than a list takes: nothing of it is kept then.</summary>
    public bool Close(AcceleratorStream stream)
    {
        var counts = _foundCounts.Of(_lists);
        _counts.Of(_lists).CopyTo(stream, counts.ArrayView.SubView(0, _lists));
        stream.Synchronize();
        var most = 0;
        foreach (var count in counts.Span[.._lists])
        {
            most = Math.Max(most, count);
        }

        if (most > _stride)
        {
            _trim(stream, ThreadsFor(Total), _names[_side].Of(Total), _numbers[_side].Of(Total), _stride, _wanted);
            return false;
        }

        _used = most;
        return true;
    }
}

/// <summary>Where a kernel appends, by list.</summary>
/// <param name="Floors">Above which a number belongs into the list.</param>
/// <param name="Counts">What the list has; grows beyond its room where it has not enough.</param>
/// <param name="Stride">From one list to the next, which is the room of each.</param>
internal readonly record struct OpenLists(ArrayView<float> Floors, ArrayView<int> Counts, ArrayView<int> Names, ArrayView<float> Numbers, int Stride)
{
    /// <summary>One of them alone.</summary>
    public OpenLists Of(int list) =>
        new(Floors.SubView(list, 1), Counts.SubView(list, 1), Names.SubView((long)list * Stride, Stride), Numbers.SubView((long)list * Stride, Stride), Stride);
}
