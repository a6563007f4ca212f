using System.Runtime.InteropServices;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Search;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>
/// A page of a shard as a device has it: rows, then all scales, all errors and all owners, so that threads beside each other read what
/// lies beside each other. Codes are those of <see cref="VectorPages"/>; other kinds are made from the float32 originals.
/// </summary>
internal static unsafe class PageImage
{
    private const int Looks = 100;

    /// <exception cref="ShardDamagedException">A row in a file is not what was written there.</exception>
    public static void Write(in VectorPages.Lease pages, int page, RowPages shape, int dimensions, Span<byte> target)
    {
        var rows = shape.RowsPerPage;
        var heads = target[(shape.RowBytes * rows)..];
        var scales = MemoryMarshal.Cast<byte, float>(heads)[..rows];
        var errors = MemoryMarshal.Cast<byte, float>(heads).Slice(rows, rows);
        new ReadOnlySpan<int>(pages.Owners(page), rows).CopyTo(MemoryMarshal.Cast<byte, int>(heads).Slice(2 * rows, rows));
        if (shape.Kind == RowKind.Codes)
        {
            new ReadOnlySpan<byte>(pages.Codes(page), shape.RowBytes * rows).CopyTo(target);
            for (var place = 0; place < rows; place++)
            {
                (scales[place], errors[place]) = pages.Bounds(page)[place];
            }

            return;
        }

        for (var place = 0; place < rows; place++)
        {
            RequireIntact(pages, (page * rows) + place);
            var original = new ReadOnlySpan<float>(pages.Originals(page) + ((long)place * pages.Stride), dimensions);
            var row = target.Slice(place * shape.RowBytes, shape.RowBytes);
            row.Clear();
            (scales[place], errors[place]) = RowPage.Encode(shape.Kind, original, row);
        }
    }

    // A row that is just being written differs for less than a microsecond.
    private static void RequireIntact(in VectorPages.Lease pages, int slot)
    {
        for (var look = 0; !pages.IsIntact(slot); look++)
        {
            if (look == Looks)
            {
                throw VectorPages.Damage(slot);
            }

            Thread.Sleep(look / 10);
        }
    }
}
