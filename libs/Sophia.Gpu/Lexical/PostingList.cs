using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Sophia.Gpu.Text;

namespace Sophia.Gpu.Lexical;

/// <summary>
/// The documents that a term stands in, ascending, as bytes: the distance to the document before, shifted left by one,
/// with the low bit set when the term stands there once; otherwise the count follows. Numbers are seven bits a byte,
/// low first. Lists of up to eight bytes, which most are, have them in themselves, others in the slabs of the index; from
/// 128 documents on a list has an array of its own, and blocks, which say what they can score at most. Removed documents
/// stay until the index is compacted.
/// </summary>
internal struct PostingList
{
    private const byte Inside = 0;
    private const int MostBytesOfPosting = 2 * VarInt.MostBytesOfInt;

    /// <summary>The bytes themselves, or their place in the slabs.</summary>
    private ulong _few;
    private int _length;
    private int _last;

    /// <summary><see cref="Inside"/>, or the size of its block in the slabs, plus one.</summary>
    private byte _block;

    /// <summary>Documents in the list, removed ones too.</summary>
    public int Count { get; private set; }

    /// <summary>Null for a short list.</summary>
    public PostingBlocks? Blocks { get; private set; }

    /// <summary>Without what the slabs have.</summary>
    public readonly long SizeInMemory => Blocks?.SizeInMemory ?? 0;

    /// <param name="slabs">Of the index: the same in every call.</param>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Bytes(PostingSlabs slabs) =>
        Blocks is not null ? Blocks.Bytes.AsSpan(0, _length)
        : _block == Inside ? MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in _few))[.._length]
        : slabs.At((int)_few, _block - 1)[.._length];

    /// <param name="document">Above all before.</param>
    /// <param name="lengths">By document, in words.</param>
    /// <param name="slabs">Of the index: the same in every call.</param>
    public void Append(int document, int count, ReadOnlySpan<int> lengths, PostingSlabs slabs)
    {
        Span<byte> posting = stackalloc byte[MostBytesOfPosting];
        var bytes = 0;
        VarInt.Write(posting, ref bytes, ((ulong)(document - _last) << 1) | (count == 1 ? 1UL : 0));
        if (count > 1)
        {
            VarInt.Write(posting, ref bytes, (ulong)count);
        }

        posting[..bytes].CopyTo(Room(bytes, slabs));
        _length += bytes;
        _last = document;
        Count++;
        if (Blocks is not null)
        {
            Blocks.Add(document, count, lengths[document], _length);
        }
        else if (Count == PostingBlocks.Size)
        {
            var blocks = new PostingBlocks { Bytes = Bytes(slabs).ToArray() };
            var reader = new Reader(blocks.Bytes);
            while (reader.Next())
            {
                blocks.Add(reader.Document, reader.Count, lengths[reader.Document], reader.At);
            }

            Free(slabs);
            Blocks = blocks;
        }
    }

    /// <summary>Gives its block back; the list is not to be used any more.</summary>
    public void Free(PostingSlabs slabs)
    {
        if (_block != Inside)
        {
            slabs.Return((int)_few, _block - 1);
            _block = Inside;
        }
    }

    /// <summary>Asks for the cache line that the next posting is written to.</summary>
    public readonly void FetchEnd(PostingSlabs slabs)
    {
        if (Blocks is null && _block != Inside)
        {
            Ahead.Fetch(ref MemoryMarshal.GetReference(slabs.At((int)_few, _block - 1)[(_length - 1)..]));
        }
    }

    [UnscopedRef]
    private Span<byte> Room(int bytes, PostingSlabs slabs)
    {
        if (Blocks is not null)
        {
            return Blocks.Room(_length, bytes);
        }

        if (_block == Inside && _length + bytes <= sizeof(ulong))
        {
            return MemoryMarshal.AsBytes(new Span<ulong>(ref _few))[_length..];
        }

        if (_block == Inside || _length + bytes > PostingSlabs.BytesOf(_block - 1))
        {
            var size = PostingSlabs.SizeFor(_length + bytes);
            var place = slabs.Take(size);
            Bytes(slabs).CopyTo(slabs.At(place, size));
            Free(slabs);
            (_few, _block) = ((ulong)place, (byte)(size + 1));
        }

        return slabs.At((int)_few, _block - 1)[_length..];
    }

    /// <summary>The list of the living documents, under their new numbers.</summary>
    /// <param name="newNumbers">By old number; −1 for the removed.</param>
    /// <param name="lengths">By new number.</param>
    /// <param name="before">The slabs that it is in.</param>
    /// <param name="slabs">Those that it goes to.</param>
    public readonly PostingList Renumbered(ReadOnlySpan<int> newNumbers, ReadOnlySpan<int> lengths, PostingSlabs before, PostingSlabs slabs)
    {
        var kept = new PostingList();
        var reader = new Reader(Bytes(before));
        while (reader.Next())
        {
            if (newNumbers[reader.Document] >= 0)
            {
                kept.Append(newNumbers[reader.Document], reader.Count, lengths, slabs);
            }
        }

        return kept;
    }

    internal ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private int _at;

        public readonly int At => _at;

        public int Document { get; private set; }

        public int Count { get; private set; }

        public bool Next()
        {
            if (_at >= _bytes.Length)
            {
                return false;
            }

            var head = VarInt.Read(_bytes, ref _at);
            Document += (int)(head >> 1);
            Count = (head & 1) != 0 ? 1 : (int)VarInt.Read(_bytes, ref _at);
            return true;
        }
    }
}
