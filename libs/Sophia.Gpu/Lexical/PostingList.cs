using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Sophia.Gpu.Lexical;

/// <summary>
/// The documents that a term stands in, ascending, as bytes: the distance to the document before, shifted left by one,
/// with the low bit set when the term stands there once; otherwise the count follows. Numbers are seven bits a byte,
/// low first. Lists of up to eight bytes, which most are, need no array. From 128 documents on a list has blocks, which
/// say what they can score at most. Removed documents stay until the index is compacted.
/// </summary>
internal struct PostingList
{
    private byte[]? _bytes;
    private ulong _few;
    private int _length;
    private int _last;

    /// <summary>Documents in the list, removed ones too.</summary>
    public int Count { get; private set; }

    /// <summary>Null for a short list.</summary>
    public PostingBlocks? Blocks { get; private set; }

    public readonly long SizeInMemory => (_bytes is null ? 0 : _bytes.Length + 24) + (Blocks?.SizeInMemory ?? 0);

    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Bytes =>
        _bytes is null ? MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in _few))[.._length] : _bytes.AsSpan(0, _length);

    /// <param name="document">Above all before.</param>
    /// <param name="lengths">By document, in words.</param>
    public void Append(int document, int count, ReadOnlySpan<int> lengths)
    {
        Span<byte> posting = stackalloc byte[10];
        var bytes = 0;
        VarInt.Write(posting, ref bytes, ((ulong)(document - _last) << 1) | (count == 1 ? 1UL : 0));
        if (count > 1)
        {
            VarInt.Write(posting, ref bytes, (ulong)count);
        }

        posting[..bytes].CopyTo(Room(bytes));
        _length += bytes;
        _last = document;
        Count++;
        if (Blocks is not null)
        {
            Blocks.Add(document, count, lengths[document], _length);
        }
        else if (Count == PostingBlocks.Size)
        {
            Blocks = new PostingBlocks();
            var reader = new Reader(Bytes);
            while (reader.Next())
            {
                Blocks.Add(reader.Document, reader.Count, lengths[reader.Document], reader.At);
            }
        }
    }

    [UnscopedRef]
    private Span<byte> Room(int bytes)
    {
        if (_bytes is null)
        {
            if (_length + bytes <= sizeof(ulong))
            {
                return MemoryMarshal.AsBytes(new Span<ulong>(ref _few))[_length..];
            }

            var array = new byte[Math.Max(24, _length + bytes)];
            Bytes.CopyTo(array);
            _bytes = array;
        }
        else if (_length + bytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_length + bytes, _bytes.Length + (_bytes.Length / (_bytes.Length < 1024 ? 2 : 4))));
        }

        return _bytes.AsSpan(_length);
    }

    /// <summary>Keeps the living documents, under their new numbers.</summary>
    /// <param name="newNumbers">By old number; −1 for the removed.</param>
    /// <param name="lengths">By new number.</param>
    public void Renumber(ReadOnlySpan<int> newNumbers, ReadOnlySpan<int> lengths)
    {
        var kept = new PostingList();
        var reader = new Reader(Bytes);
        while (reader.Next())
        {
            if (newNumbers[reader.Document] >= 0)
            {
                kept.Append(newNumbers[reader.Document], reader.Count, lengths);
            }
        }

        this = kept;
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
