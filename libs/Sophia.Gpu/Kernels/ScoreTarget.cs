using ILGPU;

namespace Sophia.Gpu.Kernels;

/// <summary>
/// Where upper bounds go: each row's is written, or only a row that may be among the best is named, one whose bound is above the
/// floor of its query, which is the least of the best so far. Of ten million rows that is a few thousand.
/// </summary>
internal struct ScoreTarget
{
    /// <summary>Queries of a kernel for many, without those that fill up.</summary>
    public int Asked;

    /// <summary>0: each row's bound is written, by query and row. Otherwise those above the query's floor are appended to its list.</summary>
    public int HasFloors;

    /// <summary>From one list to the next, which is the room of each.</summary>
    public int Stride;

    /// <summary>Behind those that the list has; where it is full, only counted.</summary>
    /// <param name="row">As results name it.</param>
    public readonly void Append(float upper, int row, int list, ArrayView<int> counts, ArrayView<int> names, ArrayView<float> uppers)
    {
        // Always 1, and not the same in all lanes to ILGPU (BestOfMany.Gather).
        var place = Atomic.Add(ref counts[list], row >= 0 ? 1 : 0);
        if (place < Stride)
        {
            names[((long)list * Stride) + place] = row;
            uppers[((long)list * Stride) + place] = upper;
        }
    }
}
