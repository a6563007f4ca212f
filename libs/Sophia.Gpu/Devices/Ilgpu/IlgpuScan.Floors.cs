using ILGPU;
using Sophia.Gpu.Devices;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>
/// Scans over rows that are on the device. To write a score for each row and query and to select from them costs a large part of
/// what reading the rows costs, and with many queries more. So the first rows alone are scanned like that; from then on each
/// query has a floor, the least of its best so far, and a row is named only above it. Of rows in no order, a span gives as many times the
/// number wanted as it is longer than all before it. Where it gives more than the lists take (rows lie in an order that a query knows,
/// or its filter lets none of the first through), a part of it is scanned again like the first, which raises the floors for the rest.
/// </summary>
internal sealed partial class IlgpuScan
{
    /// <summary>The first rows, at most: with them a floor is good, and their scores take little time.</summary>
    private const int MostFirst = 1 << 18;

    /// <summary>A list has so many times the room that a span in no order takes.</summary>
    private const int Spare = 4;

    /// <summary>One part of so many of a span that gave too much is scanned again.</summary>
    private const int Repeated = 8;

    private long _seen;

    /// <summary>Of a query's list.</summary>
    private int Room => (int)Math.Min(_scanner.Room / _queries.Count, 1 << 17);

    private bool Appends => Room >= 2L * Spare * _best;

    private void RunByFloors(ScanLane lane, ArrayView<byte> memory, RowPages pages, ArrayView<long> units)
    {
        var few = Whole(Math.Min(Math.Max(_scanner.FirstScores / _queries.Count, 4L * _best), MostFirst));
        for (var first = 0; first < pages.Rows;)
        {
            var end = (int)Math.Min(pages.Rows, first + (_seen == 0 ? few : Whole(_seen * (Room / (Spare * _best)))));
            if (_seen == 0)
            {
                Run(lane, memory, pages, units, first, end);
            }
            else if (!Append(lane, memory, pages, units, first, end))
            {
                end = (int)Math.Min(end, first + Whole((end - first) / Repeated));
                Run(lane, memory, pages, units, first, end);
            }

            _seen += end - first;
            first = end;
        }
    }

    private static long Whole(long rows) => Math.Max(rows / 64 * 64, 64);

    /// <returns>False where it was more than the lists take.</returns>
    private bool Append(ScanLane lane, ArrayView<byte> memory, RowPages pages, ArrayView<long> units, int first, int end)
    {
        var shape = ShapeOf(pages, _filters.HasUnion);
        (shape.First, shape.Count) = (first, end - first);
        Append(lane, memory, units, lane.Best.Open(lane.Stream), shape, pages.Kind);
        return lane.Best.Close(lane.Stream);
    }
}
