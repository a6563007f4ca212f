namespace Sophia.Gpu.Devices;

/// <summary>
/// Where rows of a device's memory lie. A page is so many rows, then their scales and errors (float32) and their owners (int32;
/// negative where the row is nobody's). Pages lie one after the other in units, and units anywhere.
/// </summary>
/// <param name="RowBytes">From one row to the next, a multiple of 16; the padding is zero.</param>
/// <param name="RowsPerPage">A power of two, at least 16.</param>
/// <param name="Units">The byte of the memory at which each unit begins, a multiple of 16; negative: it is not there, and its rows are not scanned.</param>
/// <param name="FirstRow">What the first unit's first row is called in results and filters; a multiple of 64.</param>
/// <param name="Rows">That are or were in use, from the first unit's first row on.</param>
public sealed record RowPages(RowKind Kind, int RowBytes, int RowsPerPage, int PagesPerUnit, ReadOnlyMemory<long> Units, int FirstRow, int Rows)
{
    /// <summary>Bytes that stand with each row: scale, error, owner.</summary>
    public const int HeadBytes = 12;

    public long PageBytes => PageBytesOf(RowBytes, RowsPerPage);

    public int RowsPerUnit => checked(RowsPerPage * PagesPerUnit);

    public long UnitBytes => PageBytes * PagesPerUnit;

    public static long PageBytesOf(int rowBytes, int rowsPerPage) => (long)(rowBytes + HeadBytes) * rowsPerPage;

    /// <summary>Bytes of a row of so many components, whole cache lines of 64 bytes.</summary>
    public static int RowBytesOf(RowKind kind, int dimensions) => ((dimensions * SizeOf(kind)) + 63) / 64 * 64;

    /// <exception cref="ArgumentException">Such rows cannot be, or lie outside of the memory.</exception>
    internal void Require(long memoryBytes)
    {
        var units = (Rows + (long)RowsPerUnit - 1) / RowsPerUnit;
        if (RowBytes <= 0 || RowBytes % 16 != 0 || RowsPerPage < 16 || !int.IsPow2(RowsPerPage) || PagesPerUnit < 1 || Rows < 0 || FirstRow < 0 || FirstRow % 64 != 0 ||
            Units.Length < units || PageBytes / 16 > int.MaxValue)
        {
            throw new ArgumentException($"Rows cannot lie like this: {this}.");
        }

        foreach (var unit in Units.Span[..(int)units])
        {
            if (unit >= 0 && (unit % 16 != 0 || unit > memoryBytes - UnitBytes))
            {
                throw new ArgumentException($"A unit at {unit} does not lie in {memoryBytes:N0} bytes of memory.");
            }
        }
    }

    private static int SizeOf(RowKind kind) => kind switch { RowKind.Floats => 4, RowKind.Halves => 2, _ => 1 };
}
