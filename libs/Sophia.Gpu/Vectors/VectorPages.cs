using System.Runtime.CompilerServices;
using Sophia.Gpu.Devices;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// The vectors of a shard in pages of at most 256 KiB of originals, scaled to length 1 (a vector without direction is
/// stored as zeros, so that its cosine with everything is 0). Beside the float32 original, a slot has an 8-bit code
/// (<see cref="RowCode"/>) and its owner; codes stay in memory, originals may live in files (<see cref="VectorStorage"/>).
/// A freed slot is overwritten with zeros at once, in memory and file, and used again. One thread at a time changes it.
/// Scans may run meanwhile: they hold a lease on the pages, and check what they found against the rows afterwards.
/// </summary>
internal sealed unsafe partial class VectorPages : IDisposable
{
    public const int FloatsPerLine = 16;
    public const int CodesPerLine = 64;
    private const int PageFloats = 1 << 16;

    /// <summary>Shorter vectors take as many cache lines as codes as they do as floats, or half: nothing to gain.</summary>
    private const int LeastDimensionsCoded = 48;

    private readonly Stack<int> _freeSlots = new();
    private readonly int _rowsPerPageLog2;
    private readonly PageArena _heads;
    private readonly PageArena _originals;
    private int _used;
    private int _leases = 1;
    private bool _isFreed;

    public VectorPages(int dimensions, VectorStorage? storage = null)
    {
        storage ??= new VectorStorage();
        Dimensions = dimensions;
        Path = storage.Path;
        Stride = (dimensions + FloatsPerLine - 1) / FloatsPerLine * FloatsPerLine;
        CodeStride = storage.IsCertified && dimensions >= LeastDimensionsCoded
            ? (dimensions + CodesPerLine - 1) / CodesPerLine * CodesPerLine : 0;

        _sumOfZeros = RowSum.Of(new float[Stride]);

        // Of at least 16 rows, and at most 1,024: whole tiles.
        _rowsPerPageLog2 = Math.Clamp(int.Log2(Math.Max(PageFloats / Stride, 1)), 4, 10);
        _heads = new PageArena(RowsPerPage * HeadBytes, (_, bytes) => storage.AllocateMemory(bytes));
        _originals = CodeStride > 0
            ? new PageArena(RowsPerPage * Stride * sizeof(float), storage.AllocateOriginals)
            : new PageArena(RowsPerPage * Stride * sizeof(float), (_, bytes) => storage.AllocateMemory(bytes));
    }

    public int Dimensions { get; }

    public VectorPath Path { get; }

    /// <summary>Floats from one row to the next: the dimensions, rounded up to whole cache lines; the padding is zero.</summary>
    public int Stride { get; }

    /// <summary>Codes from one row to the next, likewise; 0 when there are none.</summary>
    public int CodeStride { get; }

    public int RowsPerPage => 1 << _rowsPerPageLog2;

    public int Count => _used - _freeSlots.Count;

    /// <summary>What the system has given, without what lies in files: of the first page what is used, of others all.</summary>
    public long SizeInMemory => (_freeSlots.Count * sizeof(int)) + _originals.Count switch
    {
        0 => 0,
        1 => Given(_used * CodeStride) + Given(RowsPerPage * (HeadBytes - CodeStride)) + Given(_used * Stride * sizeof(float)),
        var pages => ((long)pages * RowsPerPage * HeadBytes) + ((long)Math.Min(pages, _originals.Resident) * RowsPerPage * Stride * sizeof(float)),
    };

    /// <summary>Codes, then scale and error of each row, then owners.</summary>
    private int HeadBytes => CodeStride + (CodeStride > 0 ? sizeof(RowBound) : 0) + sizeof(int);

    private static long Given(int bytes) => (bytes + Environment.SystemPageSize - 1L) / Environment.SystemPageSize * Environment.SystemPageSize;

    /// <summary>Stores a vector for a row of the shard; returns the slot.</summary>
    public int Add(int row, ReadOnlySpan<float> vector)
    {
        if (!_freeSlots.TryPop(out var slot))
        {
            if (IsFull)
            {
                AddPage();
            }

            slot = _used;
            Volatile.Write(ref _used, slot + 1);
        }

        var original = Row(slot);
        UnitVector.Scale(vector, original);
        SumUp(slot);
        var now = Snapshot();
        if (CodeStride > 0)
        {
            var codes = new Span<sbyte>(now.CodesOf(slot), CodeStride);
            var (scale, error) = RowCode.Encode(original[..Dimensions], codes[..Dimensions]);
            *now.BoundOf(slot) = new RowBound(scale, error);
            codes[Dimensions..].Clear();
        }

        Volatile.Write(ref *now.OwnerOf(slot), row);
        return slot;
    }

    /// <summary>The next vector needs a page that is not there.</summary>
    public bool IsFull => _freeSlots.Count == 0 && _used >> _rowsPerPageLog2 == _originals.Count;

    /// <summary>
    /// Adds a page. The system gives memory where it is touched first, which takes a while (a huge page of 2 MiB is cleared
    /// whole, and a virtual machine may have to be given it): the one thread that changes the pages may do this while others search.
    /// </summary>
    public void AddPage()
    {
        // In this order, so that a failed allocation of the second leaves nothing that is counted.
        if (_heads.Count == _originals.Count)
        {
            _heads.Add();
        }

        _originals.Add();
        AddSums(_originals.Count - 1);
    }

    public void Remove(int slot)
    {
        var now = Snapshot();
        Volatile.Write(ref *now.OwnerOf(slot), -1);
        Row(slot).Clear();
        SumUp(slot);
        if (CodeStride > 0)
        {
            new Span<sbyte>(now.CodesOf(slot), CodeStride).Clear();
            *now.BoundOf(slot) = default;
        }

        _freeSlots.Push(slot);
    }

    /// <summary>The stored row with its padding.</summary>
    /// <exception cref="ObjectDisposedException">The pages were given back.</exception>
    public Span<float> Row(int slot)
    {
        ObjectDisposedException.ThrowIf(_isFreed, this);
        return new(Snapshot().OriginalOf(slot), Stride);
    }

    /// <summary>The query as rows are stored; dispose of it after the search.</summary>
    public PreparedQuery Prepare(ReadOnlySpan<float> query) => new(query, Stride, CodeStride);

    /// <summary>The pages as they are now, to be scanned without a lock; dispose of it after the scan.</summary>
    public Lease Take()
    {
        Interlocked.Increment(ref _leases);
        return Snapshot();
    }

    /// <summary>Disposes of it; what it gives back to a pool, now or after the last scan, counts as evicted.</summary>
    public void Evict(ShardEviction eviction)
    {
        (_heads.Eviction, _originals.Eviction) = (eviction, eviction);
        Release();
    }

    public void Dispose() => Release();

    // Rows are counted after their page is there, so that with this order no lock is needed.
    private Lease Snapshot()
    {
        var used = Volatile.Read(ref _used);
        return new(this, _heads.Pages, _originals.Pages, _sums, used);
    }

    private void Release()
    {
        if (Interlocked.Decrement(ref _leases) == 0)
        {
            _isFreed = true;
            _heads.Dispose();
            _originals.Dispose();
        }
    }

    internal readonly struct Lease(VectorPages owner, nint[] heads, nint[] originals, uint[]?[] sums, int used) : IDisposable
    {
        public VectorPath Path => owner.Path;

        public int Stride => owner.Stride;

        public int CodeStride => owner.CodeStride;

        public int RowsPerPage => owner.RowsPerPage;

        public int Used => used;

        public int Pages => (used + owner.RowsPerPage - 1) / owner.RowsPerPage;

        /// <summary>The rows of a page that are in use, or were.</summary>
        public int RowsOf(int page) => Math.Min(owner.RowsPerPage, used - (page * owner.RowsPerPage));

        public float* Originals(int page) => (float*)originals[page];

        public sbyte* Codes(int page) => (sbyte*)heads[page];

        public RowBound* Bounds(int page) => (RowBound*)(heads[page] + (owner.RowsPerPage * owner.CodeStride));

        /// <summary>The rows of the shard that the slots belong to, or −1.</summary>
        public int* Owners(int page) => owner.CodeStride == 0 ? (int*)heads[page] : (int*)(Bounds(page) + owner.RowsPerPage);

        public float* OriginalOf(int slot) => Originals(PageOf(slot)) + ((long)PlaceOf(slot) * owner.Stride);

        public sbyte* CodesOf(int slot) => Codes(PageOf(slot)) + ((long)PlaceOf(slot) * owner.CodeStride);

        /// <summary>All that a scan by codes reads of a row, found at once.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Find(int slot, out sbyte* codes, out RowBound* bound, out int* rowOwner)
        {
            var (rows, stride) = (owner.RowsPerPage, owner.CodeStride);
            var place = PlaceOf(slot);
            var head = heads[PageOf(slot)];
            codes = (sbyte*)head + ((nint)place * stride);
            var bounds = (RowBound*)(head + ((nint)rows * stride));
            bound = bounds + place;
            rowOwner = (int*)(bounds + rows) + place;
        }

        public RowBound* BoundOf(int slot) => Bounds(PageOf(slot)) + PlaceOf(slot);

        public int* OwnerOf(int slot) => Owners(PageOf(slot)) + PlaceOf(slot);

        /// <summary>False when the original, in a file, is not what was written; or when it is just being written.</summary>
        public bool IsIntact(int slot) =>
            PageOf(slot) >= sums.Length || sums[PageOf(slot)] is not { } page || page[PlaceOf(slot)] == RowSum.Of(new ReadOnlySpan<float>(OriginalOf(slot), owner.Stride));

        public void Dispose() => owner.Release();

        private int PageOf(int slot) => slot >> owner._rowsPerPageLog2;

        private int PlaceOf(int slot) => slot & (owner.RowsPerPage - 1);
    }
}
