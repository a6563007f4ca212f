namespace Sophia.Gpu.Kernels;

/// <summary>
/// Where rows lie, as a kernel takes it. A page is RowsPerPage rows, then their scales, their errors (float32) and their
/// owners (int32, negative: nobody's). Pages lie one after the other in units, which lie anywhere.
/// </summary>
internal struct RowShape
{
    /// <summary>16-byte chunks of a row.</summary>
    public int Chunks;

    /// <summary>Rows of a page: two to the power of it, at least 16.</summary>
    public int RowsPerPageLog2;

    /// <summary>16-byte chunks of a page.</summary>
    public int PageChunks;

    /// <summary>Rows of a unit: whole pages.</summary>
    public int RowsPerUnit;

    /// <summary>The first row to scan, counted from the first unit; a multiple of 16.</summary>
    public int First;

    /// <summary>Rows to scan.</summary>
    public int Count;

    /// <summary>What the first unit's first row is called in results and filters; a multiple of 64.</summary>
    public int Base;

    /// <summary>Not 0: rows whose bit is 0 are passed over.</summary>
    public int HasFilter;
}
