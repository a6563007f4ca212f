using ILGPU;
using Sophia.Gpu.Devices;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>
/// Scans of many queries over rows that are on the device. To write a score for each row and query and to select from them moves more
/// bytes than the rows have. So the first rows alone are scanned like that; from then on each query has a floor, the least of its best so
/// far, and a row is named only above it. Rows in no order give each span so often the number wanted as it is longer than all before it.
/// Where a span gives more than the lists take (its rows lie in an order that the query knows), it is scanned again like the first.
/// </summary>
internal sealed partial class IlgpuScan
{
    /// <summary>A span has so many times the rows before it.</summary>
    private const int Growth = 8;

    /// <summary>How often the number wanted a list has room: for the best so far, for what a span gives, and as much again.</summary>
    private const int Rooms = 4 * Growth;

    /// <summary>Numbers that the lists of all queries may have.</summary>
    private const long MostRoom = 8L << 20;

    private long _seen;

    private int Room => Math.Max(Rooms * _best, _scanner.LeastRoom);

    private bool Appends => _hasTiles && (long)Room * _queries.Count <= MostRoom;

    private void RunByFloors(ScanLane lane, ArrayView<byte> memory, RowPages pages, ArrayView<long> units)
    {
        var few = Math.Max(Math.Max(_scanner.FirstScores / _queries.Count, 4L * _best) / 64 * 64, 64);
        for (var first = 0; first < pages.Rows;)
        {
            var end = (int)Math.Min(pages.Rows, first + (_seen == 0 ? few : _seen * Growth / 64 * 64));
            if (_seen == 0 || !Append(lane, memory, pages, units, first, end))
            {
                Run(lane, memory, pages, units, first, end);
            }

            _seen += end - first;
            first = end;
        }
    }

    /// <returns>False where it was more than the lists take.</returns>
    private bool Append(ScanLane lane, ArrayView<byte> memory, RowPages pages, ArrayView<long> units, int first, int end)
    {
        var shape = ShapeOf(pages, _filters.HasUnion);
        (shape.First, shape.Count) = (first, end - first);
        _scanner.Tiles.Append(lane.Stream, pages.Kind, memory, units, lane.Asked, lane.Best.Open(lane.Stream), shape, _queries.Count);
        return lane.Best.Close(lane.Stream);
    }
}
