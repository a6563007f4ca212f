using System.Runtime.ExceptionServices;
using Sophia.Gpu.Devices;
using Sophia.Memory.Search;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// Pages of one size, cut from blocks that grow with what is there (the first is one page, later ones at most 32 MiB), so
/// that a small shard takes little and the pages of a large one lie one after the other. A new page is all zeros: it goes
/// to devices whole, and shall take nothing there that stood in its memory before.
/// </summary>
/// <param name="allocate">Memory for a block: the bytes there are before it, and those wanted.</param>
internal sealed unsafe class PageArena(int pageBytes, Func<long, long, IPageMemory> allocate) : IDisposable
{
    private const long MostBlockBytes = 32L << 20;

    private readonly List<IPageMemory> _blocks = [];
    private nint[] _pages = new nint[4];
    private bool[] _inFile = [];
    private int _inBlocks;

    public int Count { get; private set; }

    /// <summary>Pages in memory that the system cannot write out.</summary>
    public int Resident { get; private set; }

    /// <summary>The page can be read back from a file, which may be damaged.</summary>
    public bool IsInFile(int page) => _inFile[page];

    /// <summary>Addresses by page. Those of pages that are there never change in an array once taken.</summary>
    public nint[] Pages => _pages;

    /// <exception cref="OutOfMemoryException">There is not so much memory.</exception>
    public void Add()
    {
        if (Count == _pages.Length)
        {
            // A copy, so that scans under way keep what they hold.
            Array.Resize(ref _pages, Count * 2);
        }

        if (Count == _inBlocks)
        {
            AddBlock();
        }

        // Later pages are written when they are added, beside searches, so that a row need not wait for memory. The first is all that most
        // namespaces ever have, and they have a few rows: of zeros that are there already it takes what is used.
        if (_blocks[^1].IsResident && (Count > 0 || !_blocks[^1].IsZeroed))
        {
            new Span<byte>((void*)_pages[Count], pageBytes).Clear();
        }

        Count++;
    }

    /// <summary>Why its pages go when it is disposed of, though they will be wanted again; null: nobody wants them.</summary>
    public ShardEviction? Eviction { get; set; }

    public void Dispose()
    {
        ExceptionDispatchInfo? failure = null;
        foreach (var block in _blocks)
        {
            try
            {
                if (Eviction is not null)
                {
                    block.Evict(Eviction);
                }
                else
                {
                    block.Dispose();
                }
            }
            catch (Exception error)
            {
                // The memory of the others goes all the same.
                failure ??= ExceptionDispatchInfo.Capture(error);
            }
        }

        _blocks.Clear();
        failure?.Throw();
    }

    private void AddBlock()
    {
        if (_blocks.Count > 0)
        {
            _blocks[^1].Settle();
        }

        var pages = (int)Math.Clamp(Count, 1, Math.Max(MostBlockBytes / pageBytes, 1));
        var block = allocate((long)Count * pageBytes, (long)pages * pageBytes);
        _blocks.Add(block);
        _inBlocks += pages;
        Resident += block.IsResident ? pages : 0;
        if (_pages.Length < _inBlocks)
        {
            Array.Resize(ref _pages, Math.Max(_inBlocks, _pages.Length * 2));
        }

        Array.Resize(ref _inFile, _pages.Length);
        Array.Fill(_inFile, !block.IsResident, Count, pages);
        for (var i = 0; i < pages; i++)
        {
            _pages[Count + i] = (nint)(block.Pointer + ((long)i * pageBytes));
        }
    }
}
