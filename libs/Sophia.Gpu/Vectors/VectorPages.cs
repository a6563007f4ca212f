using Sophia.Gpu.Devices;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// The vectors of a shard as single-precision rows in pages, scaled to length 1 (a vector without direction is stored as
/// zeros, so that its cosine with everything is 0). A freed slot is overwritten with zeros at once and used again.
/// One thread at a time changes it. Scans may run meanwhile: they hold a lease on the pages, and check what they found
/// against the rows afterwards.
/// </summary>
internal sealed unsafe class VectorPages : IDisposable
{
    public const int FloatsPerLine = 16;
    private const int PageFloats = 1 << 16;

    private readonly Stack<int> _freeSlots = new();
    private readonly int _rowsPerPageLog2;
    private HostBuffer[] _pages = [];
    private int[] _rowOfSlot = [];
    private int _used;
    private int _leases = 1;

    public VectorPages(int dimensions)
    {
        Dimensions = dimensions;
        Stride = (dimensions + FloatsPerLine - 1) / FloatsPerLine * FloatsPerLine;

        // Pages of at most 256 KiB, so that a small namespace costs little; of at least 16 rows, and at most 1,024.
        _rowsPerPageLog2 = Math.Clamp(int.Log2(Math.Max(PageFloats / Stride, 1)), 4, 10);
    }

    public int Dimensions { get; }

    /// <summary>Floats from one row to the next: the dimensions, rounded up to whole cache lines; the padding is zero.</summary>
    public int Stride { get; }

    public int RowsPerPage => 1 << _rowsPerPageLog2;

    public int Count => _used - _freeSlots.Count;

    public long SizeInMemory => ((long)_used * ((Stride * sizeof(float)) + sizeof(int))) + (_freeSlots.Count * sizeof(int));

    /// <summary>Stores a vector for a row of the shard; returns the slot.</summary>
    public int Add(int row, ReadOnlySpan<float> vector)
    {
        if (!_freeSlots.TryPop(out var slot))
        {
            slot = _used;
            if (slot >> _rowsPerPageLog2 == _pages.Length)
            {
                AddPage();
            }

            _used++;
        }

        Scale(vector, Row(slot));
        Volatile.Write(ref _rowOfSlot[slot], row);
        return slot;
    }

    public void Remove(int slot)
    {
        Volatile.Write(ref _rowOfSlot[slot], -1);
        Row(slot).Clear();
        _freeSlots.Push(slot);
    }

    /// <summary>The stored row with its padding.</summary>
    public Span<float> Row(int slot) =>
        new(_pages[slot >> _rowsPerPageLog2].Pointer + ((long)(slot & (RowsPerPage - 1)) * Stride), Stride);

    /// <summary>The pages as they are now, to be scanned without a lock; dispose of it after the scan.</summary>
    public Lease Take()
    {
        Interlocked.Increment(ref _leases);
        return new Lease(this, _pages, _rowOfSlot, _used);
    }

    public void Dispose() => Release();

    private void Release()
    {
        if (Interlocked.Decrement(ref _leases) == 0)
        {
            foreach (var page in _pages)
            {
                page.Dispose();
            }
        }
    }

    private void AddPage()
    {
        // Copies, so that scans under way keep what they hold.
        _pages = [.. _pages, HostBuffer.Allocate(RowsPerPage * Stride)];
        var needed = _pages.Length << _rowsPerPageLog2;
        if (needed > _rowOfSlot.Length)
        {
            var rows = new int[Math.Max(needed, _rowOfSlot.Length * 5 / 4)];
            _rowOfSlot.CopyTo(rows, 0);
            rows.AsSpan(_rowOfSlot.Length).Fill(-1);
            _rowOfSlot = rows;
        }
    }

    private static void Scale(ReadOnlySpan<float> vector, Span<float> row)
    {
        var length = Math.Sqrt(SquaredLength(vector));
        var scale = 1 / length;
        row.Clear();
        if (!double.IsFinite(length) || !double.IsFinite(scale))
        {
            return;
        }

        for (var i = 0; i < vector.Length; i++)
        {
            row[i] = (float)(vector[i] * scale);
        }
    }

    private static double SquaredLength(ReadOnlySpan<float> vector)
    {
        double sum = 0;
        foreach (var x in vector)
        {
            sum += (double)x * x;
        }

        return sum;
    }

    /// <summary>The query as rows are stored: scaled to length 1, padded with zeros to the stride.</summary>
    public void Prepare(ReadOnlySpan<float> query, Span<float> padded) => Scale(query, padded[..Stride]);

    internal readonly struct Lease(VectorPages owner, HostBuffer[] pages, int[] rowOfSlot, int used) : IDisposable
    {
        public int Stride => owner.Stride;

        public int RowsPerPage => owner.RowsPerPage;

        public int Used => used;

        public int Pages => (used + owner.RowsPerPage - 1) / owner.RowsPerPage;

        public float* Page(int page) => pages[page].Pointer;

        /// <summary>The row of the shard that a slot belongs to, or −1.</summary>
        public int RowOf(int slot) => Volatile.Read(ref rowOfSlot[slot]);

        public void Dispose() => owner.Release();
    }
}
