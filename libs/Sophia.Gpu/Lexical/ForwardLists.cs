using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Sophia.Gpu.Lexical;

/// <summary>
/// Byte lists in pages, appended and never changed; the room of those that are overwritten stays until everything is written anew. A shard
/// of a million records thus has some thousand arrays for the collector to know, not a million.
/// </summary>
internal sealed class ForwardLists
{
    private const int SmallestPage = 1 << 10;

    /// <summary>A collection does not move arrays so large.</summary>
    private const int LargestPage = 1 << 18;

    private const int CacheLine = 64;
    private const int MostPrefetched = 512;
    private readonly List<byte[]> _pages = [];
    private int _used;

    public long SizeInMemory { get; private set; }

    /// <returns>Its place, for <see cref="From"/>.</returns>
    public long Add(ReadOnlySpan<byte> list)
    {
        if (_pages.Count == 0 || _pages[^1].Length - _used < list.Length)
        {
            var page = new byte[Math.Max((int)Math.Clamp(SizeInMemory / 4, SmallestPage, LargestPage), list.Length)];
            SizeInMemory += page.Length + 32;
            _pages.Add(page);
            _used = 0;
        }

        list.CopyTo(_pages[^1].AsSpan(_used));
        var place = ((long)(_pages.Count - 1) << 32) | (uint)_used;
        _used += list.Length;
        return place;
    }

    /// <summary>The list that begins there, and what follows it in the page.</summary>
    public ReadOnlySpan<byte> From(long place) => _pages[(int)(place >> 32)].AsSpan((int)place);

    /// <summary>Overwrites a list of so many bytes with as many zeros.</summary>
    public void Overwrite(long place, int bytes) => _pages[(int)(place >> 32)].AsSpan((int)place, bytes).Clear();

    /// <summary>Asks for the bytes of a list that will be read soon; of a long one for the first.</summary>
    public unsafe void Prefetch(long place, int bytes)
    {
        // An empty list may begin where its page ends.
        if (bytes > 0 && Sse.IsSupported)
        {
            // A hint: where the page has moved meanwhile, another line comes, and nothing else happens.
            var first = (byte*)Unsafe.AsPointer(ref _pages[(int)(place >> 32)][(int)place]);
            for (var i = 0; i < Math.Min(bytes, MostPrefetched); i += CacheLine)
            {
                Sse.Prefetch0(first + i);
            }
        }
    }
}
